#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/signing.h"

/* Made by another hand: hashlib, and the letters by division. The page's own is compared with this one in tests/browser/test_signing.mjs, where each enrolment needs both. */
static const char made_elsewhere[] = "51FW-7FRB-9CGY-ATFR";

static void
key_make(uint8_t key[77])
{
	for (uint8_t i = 0; i < 77; i++)
		key[i] = i;
}

static void
the_fingerprint_is_the_one_that_the_page_shows(void **state)
{
	const struct sha256 spki = sha256_of(SPAN("spki"));
	char out[SIGNING_FINGERPRINT_LEN + 1];
	uint8_t key[77];

	(void)state;
	key_make(key);
	signing_fingerprint(span_at(key, sizeof(key)), &spki, out);
	assert_string_equal(out, made_elsewhere);
}

static void
another_passkey_or_another_key_has_another_fingerprint(void **state)
{
	const struct sha256 spki = sha256_of(SPAN("spki")), other = sha256_of(SPAN("spkj"));
	char out[SIGNING_FINGERPRINT_LEN + 1];
	uint8_t key[77];

	(void)state;
	key_make(key);
	signing_fingerprint(span_at(key, sizeof(key)), &other, out);
	assert_string_not_equal(out, made_elsewhere);
	key[76] ^= 1;
	signing_fingerprint(span_at(key, sizeof(key)), &spki, out);
	assert_string_not_equal(out, made_elsewhere);
	signing_fingerprint(span_at(key, sizeof(key) - 1), &spki, out);
	assert_string_not_equal(out, made_elsewhere);
	assert_int_equal(strlen(out), SIGNING_FINGERPRINT_LEN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_fingerprint_is_the_one_that_the_page_shows),
		cmocka_unit_test(another_passkey_or_another_key_has_another_fingerprint),
	};

	return cmocka_run_group_tests_name("signing", tests, NULL, NULL);
}
