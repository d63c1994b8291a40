#include "tests/unit/lib/test.h"

#include <sys/wait.h>
#include <unistd.h>

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

CASE(no_byte_is_handed_out_twice)
{
	uint8_t drawn[64][16];

	for (size_t i = 0; i < 64; i++) {
		random_bytes(drawn[i], sizeof(drawn[i]));
		for (size_t k = 0; k < i; k++)
			assert_memory_not_equal(drawn[i], drawn[k], sizeof(drawn[i]));
	}
}

CASE(a_child_does_not_get_what_its_parent_has_drawn)
{
	uint8_t ours[16], childs[16] = {0};
	int ends[2], status;
	pid_t child;

	random_bytes(ours, 1);
	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		random_bytes(childs, sizeof(childs));
		_exit(write(ends[1], childs, sizeof(childs)) == (ssize_t)sizeof(childs) ? 0 : 1);
	}
	random_bytes(ours, sizeof(ours));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(read(ends[0], childs, sizeof(childs)), sizeof(childs));
	assert_memory_not_equal(ours, childs, sizeof(ours));
	(void)close(ends[0]);
	(void)close(ends[1]);
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

RUN(cmocka_unit_test(no_byte_is_handed_out_twice), cmocka_unit_test(a_child_does_not_get_what_its_parent_has_drawn),
	cmocka_unit_test(a_token_is_43_letters_of_base64url_and_never_the_same),
	cmocka_unit_test(a_uuid_says_version_4_and_variant_10), cmocka_unit_test(a_uuid_comes_back_from_its_text),
	cmocka_unit_test(other_spellings_of_a_uuid_are_refused))
