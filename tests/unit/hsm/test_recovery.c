#include "rig.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/file.h"
#include "hsm/token/returned.h"
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

/* ---- codes ---- */

/* Skipped, or made and lied about: once is mended within the request, if the row of hsm/token/returned.c says so, and nothing lasts. */
static void
every_code(struct rig *r, const char *form)
{
	for (size_t i = 1; i < returned_count; i++) {
		const struct returned_row *row = &returned_rows[i];
		char text[128];
		enum err e;

		(void)snprintf(text, sizeof(text), form, row->rv);
		rules(r, text);
		e = token(r);
		if (row->consequence == RETURNED_RENEW)
			assert_ok(e);
		else
			assert_err(e,
				row->consequence == RETURNED_REQUEST         ? ERR_MALFORMED
					: row->consequence == RETURNED_UNFIT ? ERR_UNSUPPORTED
									     : ERR_UNAVAILABLE);
		rules(r, "");
		assert_ok(token(r));
	}
}

CASE(every_code_before_a_signature_is_mended_once_or_told)
{
	every_code(rig_of(state), "C_SignInit %lx 1\n");
	every_code(rig_of(state), "C_SignInit %lx 1 call\n");
}

/* The data key is in *context. */
static enum err
act_unwrap(struct rig *r, struct keyring *k, void *context)
{
	struct secret *key = NULL;
	const enum err e = keyring_unwrap(k, "number-wrap", writer_span(context), &key);

	(void)r;
	secret_free(&key);
	return e;
}

static enum err
opens(struct rig *r, struct writer *blob)
{
	return rig_as(r, r->separate ? UID_IDP : getuid(), act_unwrap, blob);
}

static void
every_code_of_unwrapping(struct rig *r, struct writer *blob, const char *form)
{
	for (size_t i = 1; i < returned_count; i++) {
		const struct returned_row *row = &returned_rows[i];
		char text[128];
		enum err e;

		(void)snprintf(text, sizeof(text), form, row->rv);
		rules(r, text);
		e = opens(r, blob);
		assert_err(e,
			row->consequence == RETURNED_RENEW             ? ERR_OK
				: row->consequence == RETURNED_REQUEST ? ERR_CORRUPT
				: row->consequence == RETURNED_UNFIT   ? ERR_UNSUPPORTED
								       : ERR_UNAVAILABLE);
		rules(r, "");
		assert_ok(opens(r, blob));
	}
}

CASE(every_code_of_unwrapping_is_mended_once_or_told)
{
	struct rig *r = rig_of(state);
	struct keyring *k = rig_keyring(r, UID_IDP);
	AUTO(writer) blob = writer_new(256);
	struct secret *key = NULL;

	rules(r, "");
	assert_ok(keyring_wrap(k, "number-wrap", &blob, &key));
	secret_free(&key);
	keyring_free(&k);
	every_code_of_unwrapping(r, &blob, "C_UnwrapKey %lx 1\n");
	every_code_of_unwrapping(r, &blob, "C_UnwrapKey %lx 1 call\n");
}

CASE(every_code_instead_of_a_signature_is_mended_once_or_told)
{
	every_code(rig_of(state), "C_Sign %lx 1\n");
}

CASE(every_code_after_a_signature_is_mended_once_or_told)
{
	every_code(rig_of(state), "C_Sign %lx 1 call\n");
}

CASE(a_signature_of_another_length_or_of_zeros_is_not_believed)
{
	struct rig *r = rig_of(state);

	rules(r, "C_Sign 0 1 lie=short\n");
	assert_err(token(r), ERR_CRYPTO);
	rules(r, "C_Sign 0 1 lie=zero\n");
	assert_err(token(r), ERR_CRYPTO);
	rules(r, "");
	assert_ok(token(r));
}

/* ---- the token ---- */

static void
shell(struct rig *r, const char *command)
{
	char text[1024];

	(void)snprintf(text, sizeof(text), "cd '%s/token' && %s", r->dir, command);
	assert_int_equal(system(text), 0);
}

static void
await_token(struct rig *r)
{
	const struct timespec pause = {0, 50000000};
	enum err e = token(r);

	for (int i = 0; i < 40 && e != ERR_OK; i++) {
		(void)nanosleep(&pause, NULL);
		e = token(r);
	}
	assert_ok(e);
}

CASE(a_module_that_was_reset_is_initialized_again)
{
	struct rig *r = rig_of(state);

	rules(r, "reset 1 1\n");
	for (int i = 0; i < 8; i++)
		assert_ok(token(r));
	rules(r, "");
	assert_ok(token(r));
}

CASE(a_token_taken_out_and_put_back_is_served_again)
{
	struct rig *r = rig_of(state);

	rules(r, "any e0 *\n"); /* CKR_TOKEN_NOT_PRESENT */
	assert_err(token(r), ERR_UNAVAILABLE);
	rules(r, "");
	await_token(r);
	/* SoftHSM's files away, its sessions gone. */
	shell(r, "mkdir ../out && mv */ ../out/");
	rules(r, "reset 1 1\n");
	assert_err(token(r), ERR_UNAVAILABLE);
	shell(r, "mv ../out/* . && rmdir ../out");
	rules(r, "");
	await_token(r);
}

CASE(a_public_half_that_reads_otherwise_is_no_ground_to_sign)
{
	struct rig *r = rig_of(state);

	rules(r, "lose 1 1\nC_Sign b3 1\nC_GetAttributeValue 0 * lie=point\n");
	for (int i = 0; i < 12; i++)
		assert_err(token(r), ERR_UNAVAILABLE);
	rules(r, "");
	await_token(r);
}

/* A token of the same label and PIN, with a key of the same label, in the place of ours. */
CASE(another_key_under_the_same_label_is_never_used)
{
	struct rig *r = rig_of(state), *other = rig_new();
	char command[512];

	assert_non_null(other);
	rig_up(other, NULL);
	rig_generate(other, "idp-token");
	rig_stop(other, SIGTERM);
	(void)snprintf(command, sizeof(command), "mkdir ../out && mv */ ../out/ && cp -a '%s/token/.' .", other->dir);
	shell(r, command);
	rules(r, "reset 1 1\n");
	for (int i = 0; i < 12; i++) {
		const struct timespec pause = {0, 60000000};

		assert_err(token(r), ERR_UNAVAILABLE);
		(void)nanosleep(&pause, NULL);
	}
	assert_true(rig_said(r, "key 'idp-token' is another than before: not used"));
	shell(r, "rm -r */ && mv ../out/* . && rmdir ../out");
	rules(r, "");
	await_token(r);
	rig_free(&other);
}

/* ---- time ---- */

enum { LATE = 12 };

static enum err
act_late(struct rig *r, struct keyring *k, void *context)
{
	const int64_t began = clock_ticks(), *limit = context;
	const enum err e = act_token(r, k, NULL);

	return clock_ticks() - began > *limit ? ERR_EXPIRED : e;
}

static void
late_child(struct rig *r, int64_t limit)
{
	const enum err e = rig_as(r, r->separate ? UID_IDP : getuid(), act_late, &limit);

	_exit(e == ERR_UNAVAILABLE ? 0 : e == ERR_EXPIRED ? 2 : 1);
}

/* Two threads hang in the module for twice the deadline, ten requests wait behind them. */
CASE(a_call_that_hangs_makes_nobody_wait_past_the_deadline)
{
	struct rig *r = rig_of(state);
	pid_t late[LATE];
	int bad = 0;

	rules(r, "C_Sign 0 2 delay=4000\n");
	for (size_t i = 0; i < LATE; i++) {
		late[i] = fork();
		if (late[i] == 0)
			late_child(r, 2200000); /* ticks: deadline_ms, and a little for this machine */
	}
	for (size_t i = 0; i < LATE; i++) {
		int status = 0;

		assert_int_equal(waitpid(late[i], &status, 0), late[i]);
		bad += status != 0;
	}
	assert_int_equal(bad, 0);
	assert_true(rig_said(r, "the HSM has not answered in time"));
	rules(r, "");
	await_token(r);
}

CASE(a_full_queue_is_told_at_once)
{
	struct rig *r = rig_of(state);
	pid_t children[LATE];
	int refused = 0;

	rig_stop(r, SIGTERM);
	rig_set(r, "queue", "4");
	rig_start(r);
	rules(r, "C_Sign 0 2 delay=1000\n");
	for (size_t i = 0; i < LATE; i++) {
		children[i] = fork();
		if (children[i] == 0)
			late_child(r, 500000);
	}
	for (size_t i = 0; i < LATE; i++) {
		int status = 0;

		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		refused += WIFEXITED(status) && WEXITSTATUS(status) == 0;
	}
	assert_in_range(refused, 1, LATE - 2);
	rules(r, "");
	await_token(r);
	rig_stop(r, SIGTERM);
	rig_set(r, "queue", NULL);
	rig_start(r);
}

static int
pin_tries(struct rig *r)
{
	AUTO(writer) log = writer_new(4 << 20);
	int tries = 0;

	assert_ok(file_read(r->log, 4 << 20, &log));
	for (const char *at = (const char *)writer_span(&log).ptr; (at = strstr(at, "it was tried once")) != NULL; at++)
		tries++;
	return tries;
}

/* SoftHSM notices at the next login that another process has changed it. */
CASE(a_pin_that_was_changed_meanwhile_is_tried_once)
{
	struct rig *r = rig_of(state);
	const int before = pin_tries(r);

	shell(r,
		"SOFTHSM2_CONF=../softhsm.conf pkcs11-tool --module /usr/lib/softhsm/libsofthsm2.so --token-label main --login --pin 12345678 "
		"--change-pin --new-pin 11112222 >/dev/null 2>&1");
	rules(r, "reset 1 1\n");
	for (int i = 0; i < 10; i++)
		assert_err(token(r), ERR_UNAVAILABLE);
	assert_int_equal(pin_tries(r), before + 1);
	shell(r,
		"SOFTHSM2_CONF=../softhsm.conf pkcs11-tool --module /usr/lib/softhsm/libsofthsm2.so --token-label main --login --pin 11112222 --change-pin --new-pin 12345678 "
		">/dev/null 2>&1");
	rules(r, "");
	rig_stop(r, SIGTERM);
	rig_start(r);
	assert_ok(token(r));
}

/* Last: after it this mohar-hsmd never logs in again. */
CASE(a_pin_refused_in_recovery_is_not_tried_again)
{
	struct rig *r = rig_of(state);
	const int before = pin_tries(r);

	rules(r, "lose 1 1\nC_Sign b3 1\nC_Login a0 100\n");
	for (int i = 0; i < 4; i++)
		assert_err(token(r), ERR_UNAVAILABLE);
	rules(r, "");
	assert_err(token(r), ERR_UNAVAILABLE);
	assert_int_equal(pin_tries(r), before + 1);
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
		cmocka_unit_test(every_code_before_a_signature_is_mended_once_or_told),
		cmocka_unit_test(every_code_of_unwrapping_is_mended_once_or_told),
		cmocka_unit_test(every_code_instead_of_a_signature_is_mended_once_or_told),
		cmocka_unit_test(every_code_after_a_signature_is_mended_once_or_told),
		cmocka_unit_test(a_signature_of_another_length_or_of_zeros_is_not_believed),
		cmocka_unit_test(a_module_that_was_reset_is_initialized_again),
		cmocka_unit_test(a_token_taken_out_and_put_back_is_served_again),
		cmocka_unit_test(a_public_half_that_reads_otherwise_is_no_ground_to_sign),
		cmocka_unit_test(another_key_under_the_same_label_is_never_used),
		cmocka_unit_test(a_call_that_hangs_makes_nobody_wait_past_the_deadline),
		cmocka_unit_test(a_full_queue_is_told_at_once),
		cmocka_unit_test(a_pin_that_was_changed_meanwhile_is_tried_once),
		cmocka_unit_test(a_pin_refused_in_recovery_is_not_tried_again),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
