#include "tests/unit/lib/test.h"

#include "base/reader.h"

CASE(numbers_are_big_endian)
{
	struct reader r = reader_over(SPAN("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"));
	uint8_t n8;
	uint16_t n16;
	uint32_t n32;
	uint64_t n64;

	assert_ok(reader_u8(&r, &n8));
	assert_ok(reader_u16(&r, &n16));
	assert_ok(reader_u32(&r, &n32));
	assert_ok(reader_u64(&r, &n64));
	assert_int_equal(n8, 1);
	assert_int_equal(n16, 0x0203);
	assert_int_equal(n32, 0x04050607);
	assert_int_equal(n64, 0x08090a0b0c0d0e0f);
	assert_ok(reader_done(&r));
}

CASE(a_refusal_leaves_the_cursor_where_it_was)
{
	struct reader r = reader_over(SPAN("\x00\x05"
					   "ab"));
	struct span out;
	uint32_t n32;
	uint64_t n64;

	assert_err(reader_u64(&r, &n64), ERR_MALFORMED);
	assert_err(reader_bytes(&r, 5, &out), ERR_MALFORMED);
	assert_err(reader_block16(&r, 10, &out), ERR_MALFORMED);
	assert_err(reader_until(&r, 'z', &out), ERR_MALFORMED);
	assert_ok(reader_u32(&r, &n32));
	assert_int_equal(n32, 0x00056162);
}

CASE(a_length_near_the_end_of_memory_does_not_wrap)
{
	struct reader r = reader_over(SPAN("\xff\xff\xff\xff"
					   "abcd"));
	struct span out;

	assert_err(reader_bytes(&r, SIZE_MAX, &out), ERR_MALFORMED);
	assert_err(reader_block32(&r, SIZE_MAX, &out), ERR_MALFORMED);
	assert_err(reader_block32(&r, 16, &out), ERR_TOO_LONG);
}

CASE(a_block_beyond_its_limit_is_too_long_before_it_is_read)
{
	struct reader r = reader_over(SPAN("\x00\x03"
					   "abc"));
	struct span out;

	assert_err(reader_block16(&r, 2, &out), ERR_TOO_LONG);
	assert_ok(reader_block16(&r, 3, &out));
	assert_span(out, "abc");
}

CASE(leftover_bytes_end_a_parse_badly)
{
	struct reader r = reader_over(SPAN("ab"));
	struct span out;

	assert_ok(reader_bytes(&r, 1, &out));
	assert_err(reader_done(&r), ERR_MALFORMED);
}

CASE(until_skips_its_end_and_an_empty_text_is_one)
{
	struct reader r = reader_over(SPAN("..x."));
	struct span out;

	assert_ok(reader_until(&r, '.', &out));
	assert_int_equal(out.len, 0);
	assert_ok(reader_until(&r, '.', &out));
	assert_ok(reader_until(&r, '.', &out));
	assert_span(out, "x");
	assert_ok(reader_done(&r));
}

CASE(nothing_can_be_read_as_nothing)
{
	struct reader r = reader_over(span_at(NULL, 0));
	struct span out;
	uint8_t n;

	assert_ok(reader_bytes(&r, 0, &out));
	assert_err(reader_u8(&r, &n), ERR_MALFORMED);
	assert_err(reader_until(&r, '.', &out), ERR_MALFORMED);
	assert_ok(reader_done(&r));
}

RUN(cmocka_unit_test(numbers_are_big_endian), cmocka_unit_test(a_refusal_leaves_the_cursor_where_it_was),
	cmocka_unit_test(a_length_near_the_end_of_memory_does_not_wrap),
	cmocka_unit_test(a_block_beyond_its_limit_is_too_long_before_it_is_read),
	cmocka_unit_test(leftover_bytes_end_a_parse_badly),
	cmocka_unit_test(until_skips_its_end_and_an_empty_text_is_one),
	cmocka_unit_test(nothing_can_be_read_as_nothing))
