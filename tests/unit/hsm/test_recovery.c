#include "rig.h"

#include <signal.h>
#include <time.h>

#include "base/encode.h"
#include "base/file.h"
#include "json/json.h"

/* mohar-hsmd behind tests/modules/p11fault.c, which fails as the rules file says. */
static int
set_up(void **state)
{
	const char *build = getenv("MOHAR_BUILD");
	char path[512], rules[128];
	struct rig *r = rig_new();

	*state = r;
	if (r == NULL)
		return 0;
	(void)snprintf(path, sizeof(path), "%s/tests/modules/p11fault.so", build == NULL ? "build" : build);
	rig_path(r, "token/rules", rules);
	assert_int_equal(setenv("P11FAULT_RULES", rules, 1), 0);
	assert_int_equal(setenv("P11FAULT_MODULE", "/usr/lib/softhsm/libsofthsm2.so", 1), 0);
	rig_set(r, "module", path);
	rig_set(r, "workers", "2");
	rig_up(r, NULL);
	rig_generate(r, NULL);
	return 0;
}

static int
tear_down(void **state)
{
	rig_free((struct rig **)state);
	return 0;
}

static void
rules(struct rig *r, const char *text)
{
	char path[128];

	rig_path(r, "token/rules", path);
	assert_ok(file_write(path, span_of(text), 0644));
}

static enum err
act_token(struct rig *r, struct keyring *k, void *context)
{
	AUTO(writer) spki = writer_new(1024);
	AUTO(writer) text = writer_new(2048);
	AUTO(writer) payload = writer_new(512);
	AUTO(writer) header = writer_new(512);
	AUTO(writer) signature = writer_new(MAX_SIGNATURE);
	const time_t now = time(NULL);
	struct jwk *jwk = NULL;

	(void)r;
	(void)context;
	TRY(keyring_pubkey(k, "idp-token", &spki));
	TRY(jwk_from_spki(writer_span(&spki), NULL, &jwk));
	writer_format(&header, "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"%s\"}", jwk_kid(jwk));
	jwk_free(&jwk);
	writer_format(&payload, "{\"iat\":%lld,\"exp\":%lld}", (long long)now, (long long)now + 60);
	base64url_write(&text, writer_span(&header));
	writer_u8(&text, '.');
	base64url_write(&text, writer_span(&payload));
	return keyring_sign(k, "idp-token", writer_span(&text), SPAN(""), &signature);
}

static enum err
token(struct rig *r)
{
	return rig_as(r, r->separate ? UID_IDP : getuid(), act_token, NULL);
}

static void
recovers_from(void **state, const char *text)
{
	struct rig *r = rig_of(state);

	rules(r, "");
	assert_ok(token(r));
	rules(r, text);
	assert_ok(token(r));
	rules(r, "");
}

CASE(a_lost_session_handle_is_mended)
{
	recovers_from(state, "C_SignInit b3 1\n");
}

CASE(a_device_error_is_mended)
{
	recovers_from(state, "C_Sign 30 1\n");
}

CASE(an_operation_that_stays_active_is_mended)
{
	recovers_from(state, "C_SignInit 90 1\n");
}

CASE(a_stale_key_handle_is_found_again)
{
	recovers_from(state, "C_SignInit 60 1\n");
}

/* C_CloseAllSessions takes the login with it: everything has to be had again, for every thread. */
CASE(an_hsm_that_drops_every_session_is_logged_into_again)
{
	struct rig *r = rig_of(state);

	rules(r, "");
	assert_ok(token(r));
	rules(r, "lose 1 1\nC_Sign b3 1\n");
	for (int i = 0; i < 8; i++)
		assert_ok(token(r));
	rules(r, "");
	assert_true(rig_said(r, "logging in again"));
}

/* A faulty ECDSA signature can give the key away. */
CASE(a_token_that_signs_wrongly_is_not_believed)
{
	struct rig *r = rig_of(state);

	rules(r, "lie 1 1\n");
	assert_err(token(r), ERR_CRYPTO);
	rules(r, "");
	assert_ok(token(r));
}

CASE(repeated_failure_opens_the_breaker_and_it_closes_again)
{
	struct rig *r = rig_of(state);
	const struct timespec pause = {0, 50000000};
	enum err e = ERR_UNAVAILABLE;

	rules(r, "C_Sign 30 100000\n");
	for (int i = 0; i < 6; i++)
		assert_err(token(r), ERR_UNAVAILABLE);
	assert_true(rig_said(r, "breaker: open"));
	rules(r, "");
	for (int i = 0; i < 100 && e != ERR_OK; i++) {
		e = token(r);
		if (e != ERR_OK)
			(void)nanosleep(&pause, NULL);
	}
	assert_ok(e);
}

/* Last: after it this mohar-hsmd never logs in again. */
CASE(a_pin_refused_in_recovery_is_not_tried_again)
{
	struct rig *r = rig_of(state);
	AUTO(writer) log = writer_new(1 << 20);
	const char *at;
	int tries = 0;

	rules(r, "lose 1 1\nC_Sign b3 1\nC_Login a0 100\n");
	for (int i = 0; i < 4; i++)
		assert_err(token(r), ERR_UNAVAILABLE);
	rules(r, "");
	assert_err(token(r), ERR_UNAVAILABLE);
	assert_ok(file_read(r->log, 1 << 20, &log));
	for (at = (const char *)log.ptr; (at = strstr(at, "it was tried once")) != NULL; at++)
		tries++;
	assert_int_equal(tries, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lost_session_handle_is_mended),
		cmocka_unit_test(a_device_error_is_mended),
		cmocka_unit_test(an_operation_that_stays_active_is_mended),
		cmocka_unit_test(a_stale_key_handle_is_found_again),
		cmocka_unit_test(an_hsm_that_drops_every_session_is_logged_into_again),
		cmocka_unit_test(a_token_that_signs_wrongly_is_not_believed),
		cmocka_unit_test(repeated_failure_opens_the_breaker_and_it_closes_again),
		cmocka_unit_test(a_pin_refused_in_recovery_is_not_tried_again),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
