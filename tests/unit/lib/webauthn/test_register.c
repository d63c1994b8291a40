#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "forge.h"

/* The verdict on a forgery with fmt none. */
static enum err
registers(const struct forgery *f, const struct webauthn_expect *expect, struct webauthn_credential *out)
{
	AUTO(writer) json = writer_new(MAX_WEBAUTHN_JSON);

	forge_registration_none(&json, f);
	return webauthn_register(writer_span(&json), expect, out);
}

static void
refuses(const struct forgery *f, const struct webauthn_expect *expect, enum err expected, const char *why)
{
	struct webauthn_credential c;
	const enum err e = registers(f, expect, &c);

	if (e != expected || strstr(err_why(), why) == NULL)
		fail_msg("%s (%s) where %s (…%s…) belongs", err_name(e), err_why(), err_name(expected), why);
	assert_int_equal(c.id_len, 0); /* nothing half made */
}

static void
a_good_one_is_accepted(void **state)
{
	struct forgery f = forgery_new(true);
	const struct webauthn_expect expect = forge_expect();
	struct webauthn_credential c;

	(void)state;
	f.counter = 41;
	f.flags |= FLAG_BE;
	if (registers(&f, &expect, &c) != ERR_OK)
		fail_msg("%s", err_why());
	assert_true(span_equal(span_at(c.id, c.id_len), span_at(forge_credential_id, sizeof(forge_credential_id))));
	assert_int_equal(c.algorithm, -7);
	assert_int_equal(c.counter, 41);
	assert_int_equal(c.flags, FLAG_UP | FLAG_UV | FLAG_BE | FLAG_AT);
	assert_true(c.user_verified && c.backup_eligible && !c.backed_up);
	assert_string_equal(c.format, "none");
	assert_int_equal(c.trust, WEBAUTHN_TRUST_NONE);
	forgery_free(&f);
}

static void
another_challenge_is_refused(void **state)
{
	struct forgery f = forgery_new(true);
	const struct webauthn_expect expect = forge_expect();
	static const char *const others[] = {"", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDI",
		"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MD",
		"mDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE"};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		f.challenge = others[i];
		refuses(&f, &expect, ERR_MISMATCH, "challenge");
	}
	forgery_free(&f);
}

static void
no_challenge_at_all_matches_nothing(void **state)
{
	struct forgery f = forgery_new(true);
	struct webauthn_expect expect = forge_expect();

	(void)state;
	f.challenge = "";
	expect.challenge = (struct span){NULL, 0};
	refuses(&f, &expect, ERR_MISMATCH, "");
	forgery_free(&f);
}

static void
another_origin_is_refused(void **state)
{
	struct forgery f = forgery_new(true);
	const struct webauthn_expect expect = forge_expect();
	static const char *const others[] = {"https://localhost", "https://localhost:8443/", "https://LOCALHOST:8443",
		"http://localhost:8443", "https://localhost:84430", "https://localhost:8443.example",
		"https://evil.example", ""};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		f.origin = others[i];
		refuses(&f, &expect, ERR_MISMATCH, "origin");
	}
	forgery_free(&f);
}

static void
another_type_is_refused(void **state)
{
	struct forgery f = forgery_new(true);
	const struct webauthn_expect expect = forge_expect();

	(void)state;
	f.type = "webauthn.get";
	refuses(&f, &expect, ERR_MISMATCH, "type");
	f.type = "webauthn.create ";
	refuses(&f, &expect, ERR_MISMATCH, "type");
	f.type = "webauthn.create";
	f.envelope_type = "password";
	refuses(&f, &expect, ERR_MISMATCH, "public-key");
	forgery_free(&f);
}

static void
a_frame_is_refused_unless_it_is_expected(void **state)
{
	static const char *const tops[] = {"https://portal.example", NULL}, *const nothing[] = {NULL};
	struct forgery f = forgery_new(true);
	struct webauthn_expect expect = forge_expect();
	struct webauthn_credential c;

	(void)state;
	f.more = ",\"crossOrigin\":true";
	refuses(&f, &expect, ERR_MISMATCH, "crossOrigin");
	expect.top_origins = nothing;
	refuses(&f, &expect, ERR_MISMATCH, "crossOrigin");
	expect.top_origins = tops;
	assert_int_equal(registers(&f, &expect, &c), ERR_OK);
	f.more = ",\"crossOrigin\":true,\"topOrigin\":\"https://portal.example\"";
	assert_int_equal(registers(&f, &expect, &c), ERR_OK);
	f.more = ",\"crossOrigin\":true,\"topOrigin\":\"https://portal.example.evil\"";
	refuses(&f, &expect, ERR_MISMATCH, "topOrigin");
	f.more = ",\"topOrigin\":\"https://portal.example\"";
	refuses(&f, &expect, ERR_MISMATCH, "topOrigin");
	f.more = ",\"crossOrigin\":\"false\"";
	refuses(&f, &expect, ERR_MALFORMED, "crossOrigin");
	forgery_free(&f);
}

static void
members_that_browsers_add_are_passed_over(void **state)
{
	struct forgery f = forgery_new(true);
	const struct webauthn_expect expect = forge_expect();
	struct webauthn_credential c;

	(void)state;
	f.more =
		",\"crossOrigin\":false,\"other_keys_can_be_added_here\":{\"do\":[\"not\",\"compare\",{\"a\":1.5e3}]},\"tokenBinding\":null";
	assert_int_equal(registers(&f, &expect, &c), ERR_OK);
	forgery_free(&f);
}

static void
a_client_data_member_twice_is_refused(void **state)
{
	struct forgery f = forgery_new(true);
	const struct webauthn_expect expect = forge_expect();

	(void)state;
	f.more = ",\"origin\":\"https://evil.example\"";
	refuses(&f, &expect, ERR_MALFORMED, "");
	f.more = ",\"typ\\u0065\":\"webauthn.get\"";
	refuses(&f, &expect, ERR_MALFORMED, "");
	f.more = "}{";
	refuses(&f, &expect, ERR_MALFORMED, "");
	forgery_free(&f);
}

static void
another_relying_party_is_refused(void **state)
{
	struct forgery f = forgery_new(true);
	const struct webauthn_expect expect = forge_expect();

	(void)state;
	f.rp_id = "sign.localhost";
	refuses(&f, &expect, ERR_MISMATCH, "rpIdHash");
	forgery_free(&f);
}

static void
absent_and_unverified_users_are_refused(void **state)
{
	struct forgery f = forgery_new(true);
	const struct webauthn_expect expect = forge_expect();

	(void)state;
	f.flags = FLAG_UV | FLAG_AT;
	refuses(&f, &expect, ERR_MISMATCH, "(UP)");
	f.flags = FLAG_UP | FLAG_AT;
	refuses(&f, &expect, ERR_MISMATCH, "(UV)");
	forgery_free(&f);
}

static void
backed_up_without_eligible_is_refused(void **state)
{
	struct forgery f = forgery_new(true);
	const struct webauthn_expect expect = forge_expect();

	(void)state;
	f.flags |= FLAG_BS;
	refuses(&f, &expect, ERR_MALFORMED, "6.1.3");
	forgery_free(&f);
}

static void
an_algorithm_that_was_not_asked_for_is_refused(void **state)
{
	static const int64_t only_eddsa[] = {-8, -257, 0}, with_es256[] = {-8, -7, 0};
	struct forgery f = forgery_new(true);
	struct webauthn_expect expect = forge_expect();
	struct webauthn_credential c;

	(void)state;
	expect.algorithms = only_eddsa;
	refuses(&f, &expect, ERR_MISMATCH, "not asked for");
	expect.algorithms = with_es256;
	assert_int_equal(registers(&f, &expect, &c), ERR_OK);
	forgery_free(&f);
}

static void
a_key_of_another_algorithm_than_it_says_is_refused(void **state)
{
	static const int64_t others[] = {-35, -36, -8, -257, -65535, -999, 7, 0};
	struct forgery f = forgery_new(true);
	const struct webauthn_expect expect = forge_expect();

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct webauthn_credential c;

		f.cose_alg = others[i];
		assert_int_not_equal(registers(&f, &expect, &c), ERR_OK);
	}
	forgery_free(&f);
}

static void
another_id_than_the_attested_one_is_refused(void **state)
{
	struct forgery f = forgery_new(true);
	const struct webauthn_expect expect = forge_expect();
	AUTO(writer) object = writer_new(4096);
	AUTO(writer) json = writer_new(MAX_WEBAUTHN_JSON);
	struct webauthn_credential c;
	uint8_t *id;

	(void)state;
	f.id = "another id";
	refuses(&f, &expect, ERR_MISMATCH, "rawId");
	f.id = NULL;
	forge_object(&object, &f, "none", SPAN("\xa0"));
	id = memmem(object.ptr, object.len, forge_credential_id, sizeof(forge_credential_id));
	assert_non_null(id);
	*id ^= 1;
	forge_registration(&json, &f, writer_span(&object));
	assert_int_equal(webauthn_register(writer_span(&json), &expect, &c), ERR_MISMATCH);
	forgery_free(&f);
}

static void
a_registration_without_a_credential_is_refused(void **state)
{
	struct forgery f = forgery_new(true);
	const struct webauthn_expect expect = forge_expect();

	(void)state;
	f.flags = FLAG_UP | FLAG_UV;
	refuses(&f, &expect, ERR_MALFORMED, "attested credential data");
	forgery_free(&f);
}

static void
refuses_object(struct span object, enum err expected)
{
	struct forgery f = forgery_new(true);
	const struct webauthn_expect expect = forge_expect();
	AUTO(writer) json = writer_new(MAX_WEBAUTHN_JSON);
	struct webauthn_credential c;

	forge_registration(&json, &f, object);
	forgery_free(&f);
	assert_int_equal(webauthn_register(writer_span(&json), &expect, &c), expected);
}

static void
an_attestation_object_that_is_not_exact_is_refused(void **state)
{
	struct forgery f = forgery_new(true);
	AUTO(writer) object = writer_new(4096);

	(void)state;
	forge_object(&object, &f, "none", SPAN("\xa0"));
	forgery_free(&f);
	for (size_t len = 1; len < object.len; len++)
		refuses_object(span_at(object.ptr, len), ERR_MALFORMED);
	writer_u8(&object, 0);
	refuses_object(writer_span(&object), ERR_MALFORMED);
	refuses_object(SPAN("\x9a\xa2\xa2\xa2\x99"), ERR_MALFORMED);
	refuses_object(SPAN("\xa0"), ERR_MALFORMED);
	refuses_object(SPAN("\xa3\x63"
			    "fmt\x64none\x67"
			    "attStmt\xa0\x68"
			    "authData\x60"),
		ERR_MALFORMED);
	refuses_object(SPAN("\x81\x81\x81\x81\x81\x00"), ERR_TOO_LONG);
}

static void
an_unknown_format_is_refused(void **state)
{
	struct forgery f = forgery_new(true);
	AUTO(writer) object = writer_new(4096);

	(void)state;
	forge_object(&object, &f, "android-safetynet", SPAN("\xa0"));
	refuses_object(writer_span(&object), ERR_UNSUPPORTED);
	writer_reset(&object);
	forge_object(&object, &f, "a-format-with-a-name-longer-than-32-bytes", SPAN("\xa0"));
	refuses_object(writer_span(&object), ERR_UNSUPPORTED);
	forgery_free(&f);
}

static void
a_none_statement_that_says_something_is_refused(void **state)
{
	struct forgery f = forgery_new(true);
	AUTO(writer) object = writer_new(4096);

	(void)state;
	forge_object(&object, &f, "none",
		SPAN("\xa1\x63"
		     "alg\x26"));
	refuses_object(writer_span(&object), ERR_MALFORMED);
	forgery_free(&f);
}

static void
json_that_is_not_a_response_is_refused(void **state)
{
	static const char *const texts[] = {"", "{}", "[]", "null",
		"{\"id\":\"AA\",\"rawId\":\"AA\",\"type\":\"public-key\"}",
		"{\"id\":\"AA==\",\"rawId\":\"AA==\",\"type\":\"public-key\",\"response\":{\"clientDataJSON\":\"\",\"attestationObject\":\"\"}}",
		"{\"id\":\"AA\",\"id\":\"AA\",\"rawId\":\"AA\",\"type\":\"public-key\",\"response\":{\"clientDataJSON\":\"\",\"attestationObject\":\"\"}}"};
	const struct webauthn_expect expect = forge_expect();
	static uint8_t huge[MAX_WEBAUTHN_JSON + 1];
	struct webauthn_credential c;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(webauthn_register(span_of(texts[i]), &expect, &c), ERR_MALFORMED);
	memset(huge, ' ', sizeof(huge));
	assert_int_equal(webauthn_register(span_at(huge, sizeof(huge)), &expect, &c), ERR_TOO_LONG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_one_is_accepted),
		cmocka_unit_test(another_challenge_is_refused),
		cmocka_unit_test(no_challenge_at_all_matches_nothing),
		cmocka_unit_test(another_origin_is_refused),
		cmocka_unit_test(another_type_is_refused),
		cmocka_unit_test(a_frame_is_refused_unless_it_is_expected),
		cmocka_unit_test(members_that_browsers_add_are_passed_over),
		cmocka_unit_test(a_client_data_member_twice_is_refused),
		cmocka_unit_test(another_relying_party_is_refused),
		cmocka_unit_test(absent_and_unverified_users_are_refused),
		cmocka_unit_test(backed_up_without_eligible_is_refused),
		cmocka_unit_test(an_algorithm_that_was_not_asked_for_is_refused),
		cmocka_unit_test(a_key_of_another_algorithm_than_it_says_is_refused),
		cmocka_unit_test(another_id_than_the_attested_one_is_refused),
		cmocka_unit_test(a_registration_without_a_credential_is_refused),
		cmocka_unit_test(an_attestation_object_that_is_not_exact_is_refused),
		cmocka_unit_test(an_unknown_format_is_refused),
		cmocka_unit_test(a_none_statement_that_says_something_is_refused),
		cmocka_unit_test(json_that_is_not_a_response_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
