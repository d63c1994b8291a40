#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "ca/acme/nonce.h"

static const uint8_t key[NONCE_KEY_LEN] = {1, 2, 3}, other[NONCE_KEY_LEN] = {1, 2, 4};
enum { NOW = 1790000000 };

static void
another_instance_with_the_key_takes_it(void **state)
{
	char text[NONCE_TEXT_LEN + 1];
	uint8_t nonce[NONCE_LEN];
	unix_time expires;

	(void)state;
	nonce_make(key, NOW, text);
	assert_int_equal(nonce_read(key, span_of(text), NOW + 5, nonce, &expires), ERR_OK);
	assert_int_equal(expires, NOW + NONCE_SECONDS);
	assert_int_equal(nonce_read(other, span_of(text), NOW, nonce, &expires), ERR_REFUSED);
}

static void
an_old_one_is_too_old_to_the_second(void **state)
{
	char text[NONCE_TEXT_LEN + 1];
	uint8_t nonce[NONCE_LEN];
	unix_time expires;

	(void)state;
	nonce_make(key, NOW, text);
	assert_int_equal(nonce_read(key, span_of(text), NOW + NONCE_SECONDS - 1, nonce, &expires), ERR_OK);
	assert_int_equal(nonce_read(key, span_of(text), NOW + NONCE_SECONDS, nonce, &expires), ERR_EXPIRED);
}

static void
a_changed_character_anywhere_is_noticed(void **state)
{
	char text[NONCE_TEXT_LEN + 1];
	uint8_t nonce[NONCE_LEN];
	unix_time expires;

	(void)state;
	nonce_make(key, NOW, text);
	for (size_t i = 0; i < NONCE_TEXT_LEN; i++) {
		const char was = text[i];

		text[i] = was == 'A' ? 'B' : 'A';
		assert_int_not_equal(nonce_read(key, span_of(text), NOW, nonce, &expires), ERR_OK);
		text[i] = was;
	}
	assert_int_equal(nonce_read(key, span_of(""), NOW, nonce, &expires), ERR_MALFORMED);
	assert_int_equal(nonce_read(key, span_at(text, NONCE_TEXT_LEN - 1), NOW, nonce, &expires), ERR_MALFORMED);
}

static void
no_two_are_the_same(void **state)
{
	char a[NONCE_TEXT_LEN + 1], b[NONCE_TEXT_LEN + 1];

	(void)state;
	nonce_make(key, NOW, a);
	nonce_make(key, NOW, b);
	assert_string_not_equal(a, b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_instance_with_the_key_takes_it),
		cmocka_unit_test(an_old_one_is_too_old_to_the_second),
		cmocka_unit_test(a_changed_character_anywhere_is_noticed),
		cmocka_unit_test(no_two_are_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
