#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "forge.h"

struct trial {
	struct forgery forgery;
	struct webauthn_expect expect;
	struct webauthn_key *key;
};

static int
trial_open(void **state)
{
	static struct trial t;
	AUTO(writer) cose_key = writer_new(256);

	t.forgery = forgery_new(false);
	t.expect = forge_expect();
	forge_cose_key(&cose_key, &t.forgery);
	*state = &t;
	return webauthn_key_parse(writer_span(&cose_key), &t.key) == ERR_OK ? 0 : -1;
}

static int
trial_close(void **state)
{
	struct trial *t = *state;

	forgery_free(&t->forgery);
	webauthn_key_free(&t->key);
	return 0;
}

static enum err
authenticates(const struct trial *t, struct webauthn_assertion *out)
{
	AUTO(writer) json = writer_new(MAX_WEBAUTHN_JSON);

	forge_assertion(&json, &t->forgery);
	return webauthn_authenticate(writer_span(&json), &t->expect, t->key, out);
}

static void
refuses(const struct trial *t, enum err expected, const char *why)
{
	struct webauthn_assertion a;
	const enum err e = authenticates(t, &a);

	if (e != expected || strstr(err_why(), why) == NULL)
		fail_msg("%s (%s) where %s (…%s…) belongs", err_name(e), err_why(), err_name(expected), why);
	assert_int_equal(a.credential_id_len, 0);
}

static void
a_good_one_is_accepted(void **state)
{
	struct trial *t = *state;
	struct webauthn_assertion a;

	t->forgery.counter = 8;
	t->forgery.flags |= FLAG_BE | FLAG_BS;
	if (authenticates(t, &a) != ERR_OK)
		fail_msg("%s", err_why());
	assert_true(span_equal(span_at(a.credential_id, a.credential_id_len),
		span_at(forge_credential_id, sizeof(forge_credential_id))));
	assert_true(span_is(span_at(a.user_handle, a.user_handle_len), "user-handle-1"));
	assert_int_equal(a.counter, 8);
	assert_true(a.user_verified && a.backup_eligible && a.backed_up);
}

static void
peeking_names_the_credential_and_checks_nothing_else(void **state)
{
	struct trial *t = *state;
	AUTO(writer) json = writer_new(MAX_WEBAUTHN_JSON);
	struct webauthn_assertion a;

	t->forgery.challenge = "other";
	forge_assertion(&json, &t->forgery);
	assert_int_equal(webauthn_peek(writer_span(&json), &a), ERR_OK);
	assert_true(span_equal(span_at(a.credential_id, a.credential_id_len),
		span_at(forge_credential_id, sizeof(forge_credential_id))));
	assert_true(span_is(span_at(a.user_handle, a.user_handle_len), "user-handle-1"));
	assert_int_equal(webauthn_peek(SPAN("{}"), &a), ERR_MALFORMED);
}

static void
another_challenge_is_refused(void **state)
{
	struct trial *t = *state;

	t->forgery.challenge = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDI";
	refuses(t, ERR_MISMATCH, "challenge");
}

static void
another_origin_is_refused(void **state)
{
	struct trial *t = *state;

	t->forgery.origin = "https://localhost:8443.evil.example";
	refuses(t, ERR_MISMATCH, "origin");
}

static void
a_registrations_client_data_is_refused(void **state)
{
	struct trial *t = *state;

	t->forgery.type = "webauthn.create";
	refuses(t, ERR_MISMATCH, "type");
}

static void
a_frame_is_refused_unless_it_is_expected(void **state)
{
	static const char *const tops[] = {"https://portal.example", NULL};
	struct trial *t = *state;
	struct webauthn_assertion a;

	t->forgery.more = ",\"crossOrigin\":true,\"topOrigin\":\"https://portal.example\"";
	refuses(t, ERR_MISMATCH, "crossOrigin");
	t->expect.top_origins = tops;
	assert_int_equal(authenticates(t, &a), ERR_OK);
	t->forgery.more = ",\"crossOrigin\":true,\"topOrigin\":\"https://evil.example\"";
	refuses(t, ERR_MISMATCH, "topOrigin");
}

static void
another_relying_party_is_refused(void **state)
{
	struct trial *t = *state;

	t->forgery.rp_id = "evil.example";
	refuses(t, ERR_MISMATCH, "rpIdHash");
}

static void
absent_and_unverified_users_are_refused(void **state)
{
	struct trial *t = *state;

	t->forgery.flags = FLAG_UV;
	refuses(t, ERR_MISMATCH, "(UP)");
	t->forgery.flags = FLAG_UP;
	refuses(t, ERR_MISMATCH, "(UV)");
}

static void
backed_up_without_eligible_is_refused(void **state)
{
	struct trial *t = *state;

	t->forgery.flags |= FLAG_BS;
	refuses(t, ERR_MALFORMED, "6.1.3");
}

static void
a_credential_in_an_assertion_is_refused(void **state)
{
	struct trial *t = *state;

	t->forgery.flags |= FLAG_AT;
	refuses(t, ERR_MALFORMED, "attested credential data");
}

static void
another_key_is_refused(void **state)
{
	struct trial *t = *state;
	struct forgery other = forgery_new(false);
	EVP_PKEY *own = t->forgery.key;

	t->forgery.key = other.key;
	refuses(t, ERR_BAD_SIGNATURE, "signature");
	t->forgery.key = own;
	forgery_free(&other);
}

static void
an_algorithm_no_longer_accepted_is_refused(void **state)
{
	static const int64_t others[] = {-8, 0};
	struct trial *t = *state;

	t->expect.algorithms = others;
	refuses(t, ERR_MISMATCH, "no longer accepted");
}

static void
extensions_are_passed_over_but_must_be_canonical(void **state)
{
	struct trial *t = *state;
	struct webauthn_assertion a;

	t->forgery.flags |= FLAG_ED;
	t->forgery.extensions = SPAN("\xa1\x68"
				     "appidxyz\xf5");
	assert_int_equal(authenticates(t, &a), ERR_OK);
	t->forgery.extensions = SPAN("\xbf\x61z\xf5\xff");
	refuses(t, ERR_MALFORMED, "6.1");
	t->forgery.extensions = SPAN("\xa2\x61z\xf5\x61z\xf5");
	refuses(t, ERR_MALFORMED, "6.1");
}

static void *
authenticates_often(void *context)
{
	const struct trial *t = context;
	AUTO(writer) json = writer_new(MAX_WEBAUTHN_JSON);
	intptr_t failures = 0;

	forge_assertion(&json, &t->forgery);
	for (int i = 0; i < 100; i++) {
		struct webauthn_assertion a;

		failures += webauthn_authenticate(writer_span(&json), &t->expect, t->key, &a) != ERR_OK;
	}
	return (void *)failures;
}

/* For the thread sanitizer: a cached key is used by every worker at once. */
static void
one_key_serves_many_threads(void **state)
{
	struct trial *t = *state;
	pthread_t threads[4];

	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, authenticates_often, t), 0);
	for (size_t i = 0; i < 4; i++) {
		void *failures;

		assert_int_equal(pthread_join(threads[i], &failures), 0);
		assert_null(failures);
	}
}

static void
a_counter_that_does_not_rise_is_not_accepted(void **state)
{
	(void)state;
	assert_true(webauthn_counter_accepts(0, 0));
	assert_true(webauthn_counter_accepts(0, 1));
	assert_true(webauthn_counter_accepts(7, 8));
	assert_true(webauthn_counter_accepts(1, UINT32_MAX));
	assert_false(webauthn_counter_accepts(7, 7));
	assert_false(webauthn_counter_accepts(7, 6));
	assert_false(webauthn_counter_accepts(7, 0)); /* a clone that counts no more */
}

static void
eligibility_that_changes_is_not_accepted(void **state)
{
	struct webauthn_assertion a = {.backup_eligible = true};

	(void)state;
	assert_true(webauthn_backup_accepts(true, &a));
	assert_false(webauthn_backup_accepts(false, &a));
	a.backed_up = true;
	assert_true(webauthn_backup_accepts(true, &a));
	a.backup_eligible = false;
	assert_false(webauthn_backup_accepts(true, &a));
	assert_false(webauthn_backup_accepts(false, &a));
	a.backed_up = false;
	assert_true(webauthn_backup_accepts(false, &a));
}

#define TRIAL(name) cmocka_unit_test_setup_teardown(name, trial_open, trial_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TRIAL(a_good_one_is_accepted),
		TRIAL(peeking_names_the_credential_and_checks_nothing_else),
		TRIAL(another_challenge_is_refused),
		TRIAL(another_origin_is_refused),
		TRIAL(a_registrations_client_data_is_refused),
		TRIAL(a_frame_is_refused_unless_it_is_expected),
		TRIAL(another_relying_party_is_refused),
		TRIAL(absent_and_unverified_users_are_refused),
		TRIAL(backed_up_without_eligible_is_refused),
		TRIAL(a_credential_in_an_assertion_is_refused),
		TRIAL(another_key_is_refused),
		TRIAL(an_algorithm_no_longer_accepted_is_refused),
		TRIAL(extensions_are_passed_over_but_must_be_canonical),
		TRIAL(one_key_serves_many_threads),
		cmocka_unit_test(a_counter_that_does_not_rise_is_not_accepted),
		cmocka_unit_test(eligibility_that_changes_is_not_accepted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
