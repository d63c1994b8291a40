#include "tests/unit/lib/test.h"

#include "json/json.h"

CASE(commas_and_nesting_are_kept)
{
	AUTO(writer) w = writer_new(1000);
	struct json_writer j = json_to(&w);

	json_object(&j, NULL);
	json_text(&j, "a", "x");
	json_text(&j, "left out", NULL);
	json_int(&j, "b", -5);
	json_array(&j, "c");
	json_bool(&j, NULL, true);
	json_object(&j, NULL);
	json_object_end(&j);
	json_array(&j, NULL);
	json_array_end(&j);
	json_array_end(&j);
	json_bytes64(&j, "d", SPAN("\xfb\xff"));
	json_hex(&j, "e", SPAN("\xfb\xff"));
	json_time(&j, "f", 0);
	json_raw(&j, "g", SPAN("{\"h\":null}"));
	json_object_end(&j);
	assert_ok(writer_done(&w));
	assert_span(writer_span(&w),
		"{\"a\":\"x\",\"b\":-5,\"c\":[true,{},[]],\"d\":\"-_8\",\"e\":\"fbff\","
		"\"f\":\"1970-01-01T00:00:00Z\",\"g\":{\"h\":null}}");
	assert_ok(json_check(writer_span(&w)));
}

CASE(a_value_cannot_break_out_of_its_string)
{
	AUTO(writer) w = writer_new(1000);
	struct json_writer j = json_to(&w);

	json_object(&j, NULL);
	json_span(&j, "n\"", SPAN("\",\"admin\":true,\\ \n\r\t\x01\x1f\x7f\0 \xe0\xbd\x96"));
	json_object_end(&j);
	assert_ok(writer_done(&w));
	assert_span(writer_span(&w),
		"{\"n\\\"\":\"\\\",\\\"admin\\\":true,\\\\ \\n\\r\\t\\u0001\\u001f\x7f\\u0000 \xe0\xbd\x96\"}");
}

CASE(what_is_not_utf8_is_not_written)
{
	AUTO(writer) w = writer_new(1000);
	struct json_writer j = json_to(&w);

	json_span(&j, NULL, SPAN("a\xc0\xaf"));
	assert_err(writer_done(&w), ERR_MALFORMED);
}

CASE(nesting_and_closing_too_much_fail_instead_of_overrunning)
{
	AUTO(writer) w = writer_new(1000);
	struct json_writer j = json_to(&w);

	for (int i = 0; i < MAX_JSON_DEPTH + 5; i++)
		json_array(&j, NULL);
	assert_err(writer_done(&w), ERR_TOO_LONG);
	writer_reset(&w);
	j = json_to(&w);
	json_object_end(&j);
	assert_err(writer_done(&w), ERR_MALFORMED);
}

CASE(the_deepest_that_is_written_is_read)
{
	AUTO(writer) w = writer_new(1000);
	struct json_writer j = json_to(&w);

	for (int i = 0; i < MAX_JSON_DEPTH - 1; i++)
		json_object(&j, i == 0 ? NULL : "a");
	for (int i = 0; i < MAX_JSON_DEPTH - 1; i++)
		json_object_end(&j);
	assert_ok(writer_done(&w));
	assert_ok(json_check(writer_span(&w)));
}

RUN(cmocka_unit_test(commas_and_nesting_are_kept), cmocka_unit_test(a_value_cannot_break_out_of_its_string),
	cmocka_unit_test(what_is_not_utf8_is_not_written),
	cmocka_unit_test(nesting_and_closing_too_much_fail_instead_of_overrunning),
	cmocka_unit_test(the_deepest_that_is_written_is_read))
