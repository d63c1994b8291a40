#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "forge.h"
#include "webauthn/authdata.h"

/* A minimal assertion: hash, flags UP|UV, counter 7. */
static const uint8_t assertion[37] = {[32] = 0x05, [36] = 7};

static void
an_assertion_is_read(void **state)
{
	struct authdata a;

	(void)state;
	assert_int_equal(authdata_parse(span_at(assertion, sizeof(assertion)), &a), ERR_OK);
	assert_true(a.user_present && a.user_verified && !a.backup_eligible && !a.backed_up && !a.has_credential &&
		!a.has_extensions);
	assert_int_equal(a.sign_count, 7);
	assert_int_equal(a.flags, 0x05);
}

static void
truncated_at_every_byte_is_malformed(void **state)
{
	struct forgery f = forgery_new(true);
	AUTO(writer) w = writer_new(4096);
	struct authdata a;

	(void)state;
	f.flags |= FLAG_ED;
	f.extensions = SPAN("\xa1\x63"
			    "abc\xf5");
	forge_auth_data(&w, &f);
	assert_int_equal(authdata_parse(writer_span(&w), &a), ERR_OK);
	assert_int_equal(a.extensions.len, f.extensions.len);
	for (size_t len = 0; len < w.len; len++)
		assert_int_equal(authdata_parse(span_at(w.ptr, len), &a), ERR_MALFORMED);
	forgery_free(&f);
}

static void
backed_up_without_eligible_is_refused(void **state)
{
	uint8_t bytes[sizeof(assertion)];
	struct authdata a;

	(void)state;
	memcpy(bytes, assertion, sizeof(bytes));
	bytes[32] |= FLAG_BS;
	assert_int_equal(authdata_parse(span_at(bytes, sizeof(bytes)), &a), ERR_MALFORMED);
	bytes[32] |= FLAG_BE;
	assert_int_equal(authdata_parse(span_at(bytes, sizeof(bytes)), &a), ERR_OK);
}

static void
trailing_bytes_are_refused(void **state)
{
	struct forgery f = forgery_new(true);
	AUTO(writer) w = writer_new(4096);
	uint8_t bytes[sizeof(assertion) + 1] = {[32] = 0x05};
	struct authdata a;

	(void)state;
	assert_int_equal(authdata_parse(span_at(bytes, sizeof(bytes)), &a), ERR_MALFORMED);
	f.trailing = SPAN("\xa0"); /* an extensions map that no flag announces */
	forge_auth_data(&w, &f);
	assert_int_equal(authdata_parse(writer_span(&w), &a), ERR_MALFORMED);
	forgery_free(&f);
}

static void
extensions_that_are_no_map_are_refused(void **state)
{
	struct forgery f = forgery_new(true);
	AUTO(writer) w = writer_new(4096);
	struct authdata a;

	(void)state;
	f.flags |= FLAG_ED;
	f.extensions = SPAN("\x80");
	forge_auth_data(&w, &f);
	assert_int_equal(authdata_parse(writer_span(&w), &a), ERR_MALFORMED);
	forgery_free(&f);
}

/* The credential id's length stands at 53. */
static void
a_credential_id_of_zero_or_over_1023_bytes_is_refused(void **state)
{
	uint8_t bytes[55 + 1100] = {[32] = 0x41};
	struct authdata a;

	(void)state;
	assert_int_equal(authdata_parse(span_at(bytes, sizeof(bytes)), &a), ERR_MALFORMED);
	bytes[53] = 0x04; /* 1024 */
	assert_int_equal(authdata_parse(span_at(bytes, sizeof(bytes)), &a), ERR_TOO_LONG);
}

static void
another_party_absence_and_no_verification_are_refused(void **state)
{
	struct forgery f = forgery_new(false);
	AUTO(writer) w = writer_new(4096);
	struct authdata a;

	(void)state;
	forge_auth_data(&w, &f);
	forgery_free(&f);
	assert_int_equal(authdata_parse(writer_span(&w), &a), ERR_OK);
	assert_int_equal(authdata_check(&a, "localhost", true), ERR_OK);
	assert_int_equal(authdata_check(&a, "sign.localhost", true), ERR_MISMATCH);
	a.user_verified = false;
	assert_int_equal(authdata_check(&a, "localhost", true), ERR_MISMATCH);
	assert_int_equal(authdata_check(&a, "localhost", false), ERR_OK);
	a.user_present = false;
	assert_int_equal(authdata_check(&a, "localhost", false), ERR_MISMATCH);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_assertion_is_read),
		cmocka_unit_test(truncated_at_every_byte_is_malformed),
		cmocka_unit_test(backed_up_without_eligible_is_refused),
		cmocka_unit_test(trailing_bytes_are_refused),
		cmocka_unit_test(extensions_that_are_no_map_are_refused),
		cmocka_unit_test(a_credential_id_of_zero_or_over_1023_bytes_is_refused),
		cmocka_unit_test(another_party_absence_and_no_verification_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
