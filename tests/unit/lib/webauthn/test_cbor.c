#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "webauthn/cbor.h"

struct sample {
	const char *what;
	struct span bytes;
	enum err expected;
};

/* A literal's bytes; the samples hold zeros. */
#define CBOR(what, literal, expected)                                             \
	{                                                                         \
		what, {(const uint8_t *)(literal), sizeof(literal) - 1}, expected \
	}

static void
check_all(const struct sample *samples, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct reader r = reader_over(samples[i].bytes);
		struct span item;
		enum err e = cbor_item(&r, &item);

		if (e == ERR_OK)
			e = reader_done(&r);
		else
			assert_ptr_equal(r.left.ptr, samples[i].bytes.ptr); /* a refusal leaves the cursor alone */
		if (e != samples[i].expected)
			fail_msg("%s: %s", samples[i].what, err_name(e));
	}
}

static void
canonical_items_are_accepted(void **state)
{
	static const struct sample samples[] = {
		CBOR("zero", "\x00", ERR_OK),
		CBOR("23", "\x17", ERR_OK),
		CBOR("24", "\x18\x18", ERR_OK),
		CBOR("256", "\x19\x01\x00", ERR_OK),
		CBOR("65536", "\x1a\x00\x01\x00\x00", ERR_OK),
		CBOR("2^32", "\x1b\x00\x00\x00\x01\x00\x00\x00\x00", ERR_OK),
		CBOR("-1", "\x20", ERR_OK),
		CBOR("false, true, null", "\x83\xf4\xf5\xf6", ERR_OK),
		CBOR("empty map", "\xa0", ERR_OK),
		CBOR("empty bytes", "\x40", ERR_OK),
		CBOR("text", "\x62\xc3\xa9", ERR_OK),
		CBOR("map by type, length, bytes",
			"\xa5\x01\x00\x18\x18\x00\x20\x00\x61z\x00\x62"
			"aa\x00",
			ERR_OK),
		CBOR("four deep", "\x81\x81\x81\x81\x00", ERR_OK),
	};

	(void)state;
	check_all(samples, sizeof(samples) / sizeof(samples[0]));
}

static void
what_is_not_canonical_is_refused(void **state)
{
	static const struct sample samples[] = {
		CBOR("nothing", "", ERR_MALFORMED),
		CBOR("23 in two bytes", "\x18\x17", ERR_MALFORMED),
		CBOR("255 in three bytes", "\x19\x00\xff", ERR_MALFORMED),
		CBOR("65535 in five bytes", "\x1a\x00\x00\xff\xff", ERR_MALFORMED),
		CBOR("2^32 - 1 in nine bytes", "\x1b\x00\x00\x00\x00\xff\xff\xff\xff", ERR_MALFORMED),
		CBOR("reserved length 28", "\x1c", ERR_MALFORMED),
		CBOR("indefinite bytes", "\x5f\x41\x00\xff", ERR_MALFORMED),
		CBOR("indefinite text", "\x7f\x61z\xff", ERR_MALFORMED),
		CBOR("indefinite array", "\x9f\x00\xff", ERR_MALFORMED),
		CBOR("indefinite map", "\xbf\x00\x00\xff", ERR_MALFORMED),
		CBOR("break alone", "\xff", ERR_MALFORMED),
		CBOR("tag", "\xc0\x00", ERR_MALFORMED),
		CBOR("tag in a map", "\xa1\x01\xc2\x41\x01", ERR_MALFORMED),
		CBOR("half float", "\xf9\x3c\x00", ERR_MALFORMED),
		CBOR("double", "\xfb\x3f\xf0\x00\x00\x00\x00\x00\x00", ERR_MALFORMED),
		CBOR("undefined", "\xf7", ERR_MALFORMED),
		CBOR("true in two bytes", "\xf8\x15", ERR_MALFORMED),
		CBOR("text that is not UTF-8", "\x62\xc3\x28", ERR_MALFORMED),
		CBOR("text with a NUL", "\x61\x00", ERR_MALFORMED),
		CBOR("trailing byte", "\x00\x00", ERR_MALFORMED),
	};

	(void)state;
	check_all(samples, sizeof(samples) / sizeof(samples[0]));
}

static void
maps_unsorted_or_with_a_key_twice_are_refused(void **state)
{
	static const struct sample samples[] = {
		CBOR("integer twice", "\xa2\x01\x00\x01\x00", ERR_MALFORMED),
		CBOR("text twice", "\xa2\x61z\x00\x61z\x00", ERR_MALFORMED),
		CBOR("descending", "\xa2\x02\x00\x01\x00", ERR_MALFORMED),
		CBOR("longer text first",
			"\xa2\x62"
			"aa\x00\x61z\x00",
			ERR_MALFORMED),
		CBOR("text before integer", "\xa2\x61z\x00\x01\x00", ERR_MALFORMED),
		CBOR("negative before positive", "\xa2\x20\x00\x01\x00", ERR_MALFORMED),
		CBOR("array as key", "\xa1\x80\x00", ERR_MALFORMED),
		CBOR("bytes as key", "\xa1\x41\x00\x00", ERR_MALFORMED),
		CBOR("twice, two levels down", "\x81\xa2\x01\x00\x01\x00", ERR_MALFORMED),
	};

	(void)state;
	check_all(samples, sizeof(samples) / sizeof(samples[0]));
}

static void
huge_deep_and_many_are_refused_before_they_cost_anything(void **state)
{
	static const struct sample samples[] = {
		CBOR("array of 2.7 billion in five bytes", "\x9a\xa2\xa2\xa2\x99", ERR_MALFORMED),
		CBOR("map of 2^63", "\xbb\x80\x00\x00\x00\x00\x00\x00\x00", ERR_MALFORMED),
		CBOR("bytes of 4 GB", "\x5a\xff\xff\xff\xff", ERR_MALFORMED),
		CBOR("array of one more than is left", "\x82\x00", ERR_MALFORMED),
		CBOR("map with a key but no value", "\xa1\x00", ERR_MALFORMED),
		CBOR("five deep", "\x81\x81\x81\x81\x81\x00", ERR_TOO_LONG),
		CBOR("five deep by maps", "\xa1\x00\xa1\x00\xa1\x00\xa1\x00\xa1\x00\x00", ERR_TOO_LONG),
	};
	uint8_t many[2 + MAX_CBOR_ITEMS] = {0x98, MAX_CBOR_ITEMS};
	struct reader r = reader_over(span_at(many, sizeof(many)));
	struct span item;

	(void)state;
	check_all(samples, sizeof(samples) / sizeof(samples[0]));
	assert_int_equal(cbor_item(&r, &item), ERR_TOO_LONG);
	many[1] = MAX_CBOR_ITEMS - 1;
	assert_int_equal(cbor_item(&r, &item), ERR_OK);
}

static void
truncated_at_every_byte_is_refused(void **state)
{
	static const uint8_t object[] = "\xa3\x63"
					"fmt\x64none\x67"
					"attStmt\xa1\x63x5c\x81\x41\x00\x68"
					"authData\x42\x01\x02";
	struct span item;

	(void)state;
	for (size_t len = 0; len < sizeof(object) - 1; len++) {
		struct reader r = reader_over(span_at(object, len));

		assert_int_equal(cbor_item(&r, &item), ERR_MALFORMED);
	}
	struct reader r = reader_over(span_at(object, sizeof(object) - 1));

	assert_int_equal(cbor_item(&r, &item), ERR_OK);
	assert_int_equal(item.len, sizeof(object) - 1);
}

static void
integers_beyond_int64_are_refused(void **state)
{
	struct reader r = reader_over(SPAN(
		"\x1b\x7f\xff\xff\xff\xff\xff\xff\xff\x3b\x7f\xff\xff\xff\xff\xff\xff\xff\x1b\x80\x00\x00\x00\x00\x00\x00\x00"));
	int64_t n;

	(void)state;
	assert_int_equal(cbor_int(&r, &n), ERR_OK);
	assert_true(n == INT64_MAX);
	assert_int_equal(cbor_int(&r, &n), ERR_OK);
	assert_true(n == INT64_MIN);
	assert_int_equal(cbor_int(&r, &n), ERR_MALFORMED);
}

static void
an_item_of_another_kind_stays_unread(void **state)
{
	struct reader r = reader_over(SPAN("\x61z"));
	struct span out;
	int64_t n;
	size_t count;

	(void)state;
	assert_int_equal(cbor_int(&r, &n), ERR_MALFORMED);
	assert_int_equal(cbor_bytes(&r, &out), ERR_MALFORMED);
	assert_int_equal(cbor_array(&r, &count), ERR_MALFORMED);
	assert_int_equal(cbor_map(&r, &count), ERR_MALFORMED);
	assert_int_equal(cbor_text(&r, &out), ERR_OK);
	assert_true(span_is(out, "z"));
}

static void
what_is_written_is_canonical(void **state)
{
	static const int64_t numbers[] = {0, 23, 24, 255, 256, 65535, 65536, 4294967295, 4294967296, INT64_MAX, -1, -24,
		-25, -256, -257, INT64_MIN};

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		AUTO(writer) w = writer_new(64);
		struct reader r;
		int64_t n;

		cbor_write_int(&w, numbers[i]);
		r = reader_over(writer_span(&w));
		assert_int_equal(cbor_int(&r, &n), ERR_OK);
		assert_true(n == numbers[i]);
		assert_int_equal(reader_done(&r), ERR_OK);
	}
}

static void
a_sealed_structure_is_written_as_the_standard_shows(void **state)
{
	AUTO(writer) w = writer_new(64);

	(void)state;
	cbor_write_tag(&w, 18); /* RFC 9052 4.2: COSE_Sign1 */
	cbor_write_array(&w, 2);
	cbor_write_map(&w, 1);
	cbor_write_int(&w, 1);
	cbor_write_int(&w, -7);
	cbor_write_text(&w, SPAN("a"));
	assert_true(span_equal(writer_span(&w),
		SPAN("\xd2\x82\xa1\x01\x26\x61"
		     "a")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(canonical_items_are_accepted),
		cmocka_unit_test(what_is_not_canonical_is_refused),
		cmocka_unit_test(maps_unsorted_or_with_a_key_twice_are_refused),
		cmocka_unit_test(huge_deep_and_many_are_refused_before_they_cost_anything),
		cmocka_unit_test(truncated_at_every_byte_is_refused),
		cmocka_unit_test(integers_beyond_int64_are_refused),
		cmocka_unit_test(an_item_of_another_kind_stays_unread),
		cmocka_unit_test(what_is_written_is_canonical),
		cmocka_unit_test(a_sealed_structure_is_written_as_the_standard_shows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
