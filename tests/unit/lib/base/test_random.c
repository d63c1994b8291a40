#include "tests/unit/lib/test.h"

#include "base/random.h"

CASE(a_token_is_43_letters_of_base64url_and_never_the_same)
{
	char a[TOKEN_TEXT_LEN + 1], b[TOKEN_TEXT_LEN + 1];

	random_token(a);
	random_token(b);
	assert_int_equal(strlen(a), 43);
	assert_int_equal(strspn(a, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), 43);
	assert_string_not_equal(a, b);
}

CASE(a_uuid_says_version_4_and_variant_10)
{
	for (int i = 0; i < 100; i++) {
		const struct uuid u = uuid_random();

		assert_int_equal(u.bytes[6] >> 4, 4);
		assert_int_equal(u.bytes[8] >> 6, 2);
	}
}

/* RFC 9562 A.3's version 4 example. */
CASE(a_uuid_comes_back_from_its_text)
{
	static const char text[] = "919108f7-52d1-4320-9bac-f847db4148a8";
	AUTO(writer) w = writer_new(UUID_TEXT_LEN);
	struct uuid u;

	assert_ok(uuid_read(span_of(text), &u));
	assert_int_equal(u.bytes[0], 0x91);
	assert_int_equal(u.bytes[15], 0xa8);
	assert_int_equal(uuid_span(&u).len, 16);
	uuid_write(&w, &u);
	assert_span(writer_span(&w), text);
}

CASE(other_spellings_of_a_uuid_are_refused)
{
	static const char *const bad[] = {"", "919108F7-52d1-4320-9bac-f847db4148a8",
		"919108f7052d1-4320-9bac-f847db4148a8", "919108f7-52d1-4320-9bac-f847db4148a",
		"919108f7-52d1-4320-9bac-f847db4148a8 ", "{19108f7-52d1-4320-9bac-f847db4148a}"};
	struct uuid u;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_err(uuid_read(span_of(bad[i]), &u), ERR_MALFORMED);
}

RUN(cmocka_unit_test(a_token_is_43_letters_of_base64url_and_never_the_same),
	cmocka_unit_test(a_uuid_says_version_4_and_variant_10), cmocka_unit_test(a_uuid_comes_back_from_its_text),
	cmocka_unit_test(other_spellings_of_a_uuid_are_refused))
