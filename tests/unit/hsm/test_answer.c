/* What the journal knows a key by: a key that somebody put under the label and CKA_ID of another is not served, secret or not. And whose fault it is that a blob does not open. */
#include "swap.h"

#include <signal.h>
#include <time.h>

#include "base/file.h"

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
rules(const struct rig *r, const char *text)
{
	char path[128];

	rig_path(r, "token/rules", path);
	assert_ok(file_write(path, span_of(text), 0644));
}

static void
shell(const struct rig *r, const char *command)
{
	char text[1024];

	(void)snprintf(text, sizeof(text), "cd '%s' && %s", r->dir, command);
	assert_int_equal(system(text), 0);
}

static void
is_refused(struct rig *r, const char *label, const char *why)
{
	char text[256];

	rig_stop(r, SIGTERM);
	shell(r, "rm -rf kept && cp -a token kept && cp journal journal.kept");
	swap_key(r, "main", label);
	assert_int_not_equal(rig_run(r, "check"), 0);
	assert_int_not_equal(rig_run(r, "serve"), 0);
	(void)snprintf(text, sizeof(text), "key '%s' on the token is another than the journal knows: %s", label, why);
	assert_true(rig_said(r, text));
	shell(r, "rm -rf token && mv kept token && mv journal.kept journal");
	assert_int_equal(rig_run(r, "check"), 0);
	rig_start(r);
}

CASE(another_mac_key_under_the_same_label_and_id_is_refused_at_the_start)
{
	is_refused(rig_of(state), "number-index", "SHA-256 ");
}

CASE(another_seal_key_is_refused_at_the_start)
{
	is_refused(rig_of(state), "citizen-seal", "SHA-256 ");
}

CASE(another_wrapping_key_is_refused_at_the_start)
{
	is_refused(rig_of(state), "number-wrap", "it does not open what that one wrapped");
}

CASE(another_master_of_citizens_keys_is_refused_at_the_start)
{
	is_refused(rig_of(state), "citizen-keys", "it does not open what that one wrapped");
}

CASE(another_pair_is_refused_at_the_start_by_both_hashes)
{
	is_refused(rig_of(state), "idp-token", "SHA-256 ");
}

CASE(a_key_that_the_token_lost_is_told)
{
	struct rig *r = rig_of(state);

	rig_stop(r, SIGTERM);
	shell(r, "rm -rf kept && cp -a token kept && cp journal journal.kept");
	shell(r,
		"pkcs11-tool --module /usr/lib/softhsm/libsofthsm2.so --token-label main --login --pin 12345678 --delete-object --type secrkey --label number-index >/dev/null 2>&1");
	rig_start(r);
	assert_true(rig_said(r, "key 'number-index' was made (mac "));
	rig_stop(r, SIGTERM);
	shell(r, "rm -rf token && mv kept token && mv journal.kept journal");
	rig_start(r);
}

/* ---- whose fault is it? ---- */

static struct keyring *
idp(struct rig *r)
{
	return rig_keyring(r, UID_IDP);
}

static enum err
opens(struct keyring *k, struct span blob)
{
	struct secret *key = NULL;
	const enum err e = keyring_unwrap(k, "number-wrap", blob, &key);

	secret_free(&key);
	return e;
}

static void
blob_make(struct keyring *k, struct writer *blob)
{
	struct secret *key = NULL;

	assert_ok(keyring_wrap(k, "number-wrap", blob, &key));
	secret_free(&key);
}

CASE(a_blob_that_was_changed_is_corrupt_and_the_hsm_is_not_blamed)
{
	struct rig *r = rig_of(state);
	struct keyring *k = idp(r);
	AUTO(writer) blob = writer_new(256);

	rules(r, "");
	blob_make(k, &blob);
	blob.ptr[3] ^= 1;
	for (int i = 0; i < 8; i++) /* more than open the breaker */
		assert_err(opens(k, writer_span(&blob)), ERR_CORRUPT);
	blob.ptr[3] ^= 1;
	assert_ok(opens(k, writer_span(&blob)));
	keyring_free(&k);
}

CASE(a_sick_hsm_makes_no_blob_corrupt)
{
	static const char *const codes[] = {"5", "6", "30", "31", "70", "a0"};
	struct rig *r = rig_of(state);
	struct keyring *k = idp(r);
	AUTO(writer) blob = writer_new(256);

	rules(r, "");
	blob_make(k, &blob);
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		const struct timespec pause = {0, 500000000}; /* the breaker's */
		char text[64];
		enum err e;

		(void)snprintf(text, sizeof(text), "C_UnwrapKey %s *\n", codes[i]);
		rules(r, text);
		e = opens(k, writer_span(&blob));
		assert_true(e == ERR_UNAVAILABLE || (strcmp(codes[i], "70") == 0 && e == ERR_UNSUPPORTED));
		rules(r, "");
		(void)nanosleep(&pause, NULL);
		assert_ok(opens(k, writer_span(&blob)));
		(void)snprintf(text, sizeof(text), "C_UnwrapKey %s 1\n",
			codes[i]); /* once only: mended where it may be */
		rules(r, text);
		e = opens(k, writer_span(&blob));
		assert_true(e != ERR_CORRUPT);
		if (i < 4)
			assert_ok(e);
		rules(r, "");
	}
	keyring_free(&k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_mac_key_under_the_same_label_and_id_is_refused_at_the_start),
		cmocka_unit_test(another_seal_key_is_refused_at_the_start),
		cmocka_unit_test(another_wrapping_key_is_refused_at_the_start),
		cmocka_unit_test(another_master_of_citizens_keys_is_refused_at_the_start),
		cmocka_unit_test(another_pair_is_refused_at_the_start_by_both_hashes),
		cmocka_unit_test(a_key_that_the_token_lost_is_told),
		cmocka_unit_test(a_blob_that_was_changed_is_corrupt_and_the_hsm_is_not_blamed),
		cmocka_unit_test(a_sick_hsm_makes_no_blob_corrupt),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
