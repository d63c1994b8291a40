#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "json/quick.h"

struct inner {
	struct json_bytes bytes;
	bool flag, flag_there;
};

struct outer {
	char *text;
	int64_t number, small;
	struct inner inner;
};

static const struct json_row inner_rows[] = {
	{"bytes", JSON_BYTES, JSON_REQUIRED, offsetof(struct inner, bytes), .max = 8},
	{"flag", JSON_BOOL, JSON_OPTIONAL, offsetof(struct inner, flag), .present = offsetof(struct inner, flag_there)},
};
static const struct json_table inner_table = {"inner", inner_rows, 2, sizeof(struct inner), false};

static const struct json_row outer_rows[] = {
	{"text", JSON_TEXT, JSON_REQUIRED, offsetof(struct outer, text), .max = 8},
	{"inner", JSON_OBJECT, JSON_OPTIONAL, offsetof(struct outer, inner), .table = &inner_table},
	{"number", JSON_INT, JSON_OPTIONAL, offsetof(struct outer, number), .min = 0},
	{"small", JSON_INT, JSON_OPTIONAL, offsetof(struct outer, small), .min = 1, .max = 9},
};
static const struct json_table outer_table = {"outer", outer_rows, 4, sizeof(struct outer), true};

static bool
is_quick(const char *text)
{
	struct outer o;
	const bool quick = quick_try(span_of(text), &outer_table, &o);

	json_free(&outer_table, &o);
	return quick;
}

static enum err
decodes(const char *text)
{
	struct outer o;
	const enum err e = quick_decode(span_of(text), &outer_table, &o);

	json_free(&outer_table, &o);
	return e;
}

static void
plain_messages_are_decoded_at_once(void **state)
{
	struct outer o;

	(void)state;
	assert_true(quick_try(
		SPAN(" { \"more\" : [ {} , [] , \"x\", null,true ] ,\r\n\t\"inner\":{\"flag\":true,\"bytes\":\"AQID\"},\"text\":\"abc\"} "),
		&outer_table, &o));
	assert_string_equal(o.text, "abc");
	assert_int_equal(o.inner.bytes.len, 3);
	assert_memory_equal(o.inner.bytes.ptr, "\x01\x02\x03", 3);
	assert_true(o.inner.flag && o.inner.flag_there);
	json_free(&outer_table, &o);
}

static void
whole_numbers_have_their_value(void **state)
{
	static const struct {
		const char *text;
		int64_t number;
	} good[] = {{"{\"text\":\"a\",\"number\": 0}", 0}, {"{\"number\":-17 ,\"text\":\"a\"}", -17},
		{"{\"text\":\"a\",\"number\":1790000000}", 1790000000},
		{"{\"text\":\"a\",\"number\":999999999999999,\"small\":9,\"more\":[1,-2]}", 999999999999999}};
	struct outer o;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(quick_try(span_of(good[i].text), &outer_table, &o));
		assert_int_equal(o.number, good[i].number);
		json_free(&outer_table, &o);
	}
}

/* Not plain, and yet right: the tree decides. */
static void
the_rest_of_json_is_left_to_the_decoder(void **state)
{
	static const char *const texts[] = {"{\"t\\u0065xt\":\"a\"}", "{\"text\":\"\\u0061\"}",
		"{\"text\":\"\xc3\xa9\"}", "{\"text\":\"a\",\"n\":1.5e3}", "{\"text\":\"a\",\"n\":1e3}",
		"{\"text\":\"a\",\"n\":-0}", "{\"text\":\"a\",\"number\":9007199254740991}",
		"{\"text\":\"a\",\"more\":[[[[[[[0]]]]]]]}", "{\"text\":\"a\",\"more\":\"\\\"\"}"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_false(is_quick(texts[i]));
		assert_int_equal(decodes(texts[i]), ERR_OK);
	}
}

static void
what_is_no_json_or_against_the_table_is_never_accepted(void **state)
{
	static const char *const texts[] = {"", "{", "}", "{}", "[]", "null", "{\"text\":\"a\"", "{\"text\":\"a\"}}",
		"{\"text\":\"a\"} x", "{\"text\":\"a\",}", "{,\"text\":\"a\"}", "{\"text\" \"a\"}", "{\"text\":a}",
		"{text:\"a\"}", "{'text':'a'}", "{\"text\":\"a\" \"b\":\"c\"}", "{\"text\":\"a\",\"text\":\"a\"}",
		"{\"text\":\"a\",\"x\":{\"y\":true,\"y\":true}}", "{\"text\":\"a\",\"x\":truefalse}",
		"{\"text\":\"a\",\"x\":tru}", "{\"text\":\"a\",\"x\":[true,]}", "{\"text\":\"a\",\"x\":[true false]}",
		"{\"text\":\"a\",\"x\":[}", "{\"text\":\"a\nb\"}", "{\"text\":true}", "{\"text\":null}",
		"{\"text\":\"123456789\"}", "{\"text\":\"a\",\"inner\":{}}",
		"{\"text\":\"a\",\"inner\":{\"bytes\":\"AQI=\"}}", "{\"text\":\"a\",\"inner\":{\"bytes\":\"AB\"}}",
		"{\"text\":\"a\",\"inner\":{\"bytes\":\"AQIDAQIDAQID\"}}",
		"{\"text\":\"a\",\"inner\":{\"bytes\":\"AQID\",\"flag\":\"true\"}}",
		"{\"text\":\"a\",\"inner\":{\"bytes\":\"AQID\",\"other\":true}}", "{\"text\":\"a\",\"inner\":[]}",
		"{\"inner\":{\"bytes\":\"AQID\"}}", "{\"text\":\"a\",\"number\":1.0}",
		"{\"text\":\"a\",\"number\":1e2}", "{\"text\":\"a\",\"number\":01}", "{\"text\":\"a\",\"number\":- 1}",
		"{\"text\":\"a\",\"number\":\"1\"}", "{\"text\":\"a\",\"number\":}",
		"{\"text\":\"a\",\"number\":9007199254740992}", "{\"text\":\"a\",\"number\":+1}",
		"{\"text\":\"a\",\"small\":0}", "{\"text\":\"a\",\"small\":10}", "{\"text\":\"a\",\"more\":00}"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (is_quick(texts[i]))
			fail_msg("accepted: %s", texts[i]);
		assert_int_not_equal(decodes(texts[i]), ERR_OK);
	}
}

static void
a_string_that_never_ends_is_not_read_past_its_end(void **state)
{
	static const char text[] = "{\"text\":\"abc\"}";
	struct outer o;

	(void)state;
	for (size_t len = 0; len < sizeof(text) - 1; len++)
		assert_false(quick_try(span_at(text, len), &outer_table, &o));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_messages_are_decoded_at_once),
		cmocka_unit_test(whole_numbers_have_their_value),
		cmocka_unit_test(the_rest_of_json_is_left_to_the_decoder),
		cmocka_unit_test(what_is_no_json_or_against_the_table_is_never_accepted),
		cmocka_unit_test(a_string_that_never_ends_is_not_read_past_its_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
