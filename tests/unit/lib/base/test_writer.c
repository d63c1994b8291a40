#include "tests/unit/lib/test.h"

#include "base/writer.h"

CASE(what_is_written_is_what_the_reader_expects)
{
	AUTO(writer) w = writer_new(100);

	writer_u8(&w, 1);
	writer_u16(&w, 0x0203);
	writer_u32(&w, 0x04050607);
	writer_u64(&w, 0x08090a0b0c0d0e0f);
	writer_block16(&w, SPAN("ab"));
	writer_block32(&w, SPAN("c"));
	writer_format(&w, "%s-%d", "x", 42);
	assert_ok(writer_done(&w));
	assert_true(span_equal(writer_span(&w),
		SPAN("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"
		     "\x00\x02"
		     "ab"
		     "\x00\x00\x00\x01"
		     "c"
		     "x-42")));
}

CASE(the_first_failure_is_remembered_and_nothing_follows_it)
{
	AUTO(writer) w = writer_new(4);

	writer_text(&w, "abc");
	writer_text(&w, "de");
	writer_text(&w, "f");
	assert_err(writer_done(&w), ERR_TOO_LONG);
	assert_span(writer_span(&w), "abc");
}

CASE(exactly_the_limit_fits_and_is_terminated)
{
	AUTO(writer) w = writer_new(256);

	for (int i = 0; i < 256; i++)
		writer_u8(&w, 'a');
	assert_ok(writer_done(&w));
	assert_int_equal(writer_span(&w).ptr[256], 0);
	writer_format(&w, "%s", "b");
	assert_err(writer_done(&w), ERR_TOO_LONG);
}

CASE(a_block_that_its_length_cannot_tell_fails)
{
	AUTO(writer) w = writer_new(1 << 20);
	uint8_t *big = calloc(1, 65536);

	assert_non_null(big);
	writer_block16(&w, span_at(big, 65536));
	assert_err(writer_done(&w), ERR_TOO_LONG);
	writer_reset(&w);
	writer_block16(&w, span_at(big, 65535));
	assert_ok(writer_done(&w));
	free(big);
}

CASE(an_empty_writer_hands_out_an_empty_text)
{
	AUTO(writer) w = writer_new(10);
	uint8_t *ptr = NULL;
	size_t len = 9;

	assert_int_equal(writer_span(&w).ptr[0], 0);
	assert_ok(writer_take(&w, &ptr, &len));
	assert_int_equal(len, 0);
	assert_int_equal(ptr[0], 0);
	free(ptr);
}

CASE(taken_bytes_are_the_callers_and_the_writer_starts_anew)
{
	AUTO(writer) w = writer_new(10);
	uint8_t *ptr = NULL;
	size_t len;

	writer_text(&w, "abc");
	assert_ok(writer_take(&w, &ptr, &len));
	writer_text(&w, "0123456789");
	assert_ok(writer_done(&w));
	assert_string_equal((char *)ptr, "abc");
	free(ptr);
}

CASE(a_failed_writer_hands_out_nothing)
{
	AUTO(writer) w = writer_new(1);
	uint8_t *ptr = NULL;
	size_t len;

	writer_text(&w, "abc");
	assert_err(writer_take(&w, &ptr, &len), ERR_TOO_LONG);
	assert_null(ptr);
}

RUN(cmocka_unit_test(what_is_written_is_what_the_reader_expects),
	cmocka_unit_test(the_first_failure_is_remembered_and_nothing_follows_it),
	cmocka_unit_test(exactly_the_limit_fits_and_is_terminated),
	cmocka_unit_test(a_block_that_its_length_cannot_tell_fails),
	cmocka_unit_test(an_empty_writer_hands_out_an_empty_text),
	cmocka_unit_test(taken_bytes_are_the_callers_and_the_writer_starts_anew),
	cmocka_unit_test(a_failed_writer_hands_out_nothing))
