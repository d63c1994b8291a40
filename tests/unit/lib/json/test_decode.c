#include "tests/unit/lib/test.h"

#include "base/file.h"
#include "json/json.h"

struct key {
	char *kty;
	struct json_bytes x;
};

struct thing {
	char *name;
	int64_t number, small;
	bool flag, flag_there;
	struct json_bytes bytes;
	struct json_list texts, keys;
	struct key key;
	char *raw;
};

static const struct json_row key_rows[] = {
	{"kty", JSON_TEXT, JSON_REQUIRED, offsetof(struct key, kty), 0, 8, NULL, 0},
	{"x", JSON_BYTES, JSON_OPTIONAL, offsetof(struct key, x), 0, 4, NULL, 0},
};
static const struct json_table key_table = {"key", key_rows, 2, sizeof(struct key), true};

static const struct json_row rows[] = {
	{"name", JSON_TEXT, JSON_REQUIRED, offsetof(struct thing, name), 0, 0, NULL, 0},
	{"number", JSON_INT, JSON_OPTIONAL, offsetof(struct thing, number), 0, 0, NULL, 0},
	{"small", JSON_INT, JSON_OPTIONAL, offsetof(struct thing, small), -1, 3, NULL, 0},
	{"flag", JSON_BOOL, JSON_OPTIONAL, offsetof(struct thing, flag), 0, 0, NULL,
		offsetof(struct thing, flag_there)},
	{"bytes", JSON_BYTES, JSON_OPTIONAL, offsetof(struct thing, bytes), 0, 0, NULL, 0},
	{"texts", JSON_TEXTS, JSON_OPTIONAL, offsetof(struct thing, texts), 0, 3, NULL, 0},
	{"keys", JSON_OBJECTS, JSON_OPTIONAL, offsetof(struct thing, keys), 0, 2, &key_table, 0},
	{"key", JSON_OBJECT, JSON_OPTIONAL, offsetof(struct thing, key), 0, 0, &key_table, 0},
	{"raw", JSON_RAW, JSON_OPTIONAL, offsetof(struct thing, raw), 0, 0, NULL, 0},
};
static const struct json_table table = {"thing", rows, 9, sizeof(struct thing), false};

CASE(every_kind_arrives_in_its_field)
{
	struct thing t;
	const struct key *keys;

	assert_ok(json_decode(
		SPAN("{\"name\":\"\\u0f56\\u0fb2\",\"number\":-9007199254740991,\"small\":3,\"flag\":false,\"bytes\":\"Zm9v\","
		     "\"texts\":[\"a\",\"b\"],\"keys\":[{\"kty\":\"EC\",\"x\":\"AQ\"},{\"kty\":\"OKP\",\"other\":1}],"
		     "\"key\":{\"kty\":\"RSA\"},\"raw\":{ \"b\" : 1, \"a\" : [ null ] }}"),
		&table, &t));
	assert_string_equal(t.name, "\xe0\xbd\x96\xe0\xbe\xb2");
	assert_true(t.number == -9007199254740991);
	assert_int_equal(t.small, 3);
	assert_true(!t.flag && t.flag_there);
	assert_span(span_at(t.bytes.ptr, t.bytes.len), "foo");
	assert_int_equal(t.texts.count, 2);
	assert_string_equal(json_text_at(&t.texts, 1), "b");
	assert_true(json_texts_have(&t.texts, "a") && !json_texts_have(&t.texts, "c"));
	keys = t.keys.items;
	assert_int_equal(t.keys.count, 2);
	assert_string_equal(keys[1].kty, "OKP");
	assert_int_equal(keys[0].x.len, 1);
	assert_string_equal(t.key.kty, "RSA");
	assert_string_equal(t.raw, "{\"a\":[null],\"b\":1}");
	json_free(&table, &t);
	assert_null(t.name);
}

CASE(what_is_absent_is_zero)
{
	struct thing t;

	memset(&t, 0xff, sizeof(t));
	assert_ok(json_decode(SPAN("{\"name\":\"\"}"), &table, &t));
	assert_string_equal(t.name, "");
	assert_true(t.number == 0 && !t.flag_there && t.bytes.ptr == NULL && t.texts.count == 0 && t.raw == NULL);
	json_free(&table, &t);
}

struct bad {
	const char *text;
	enum err e;
	const char *why;
};

static const struct bad bad[] = {
	{"{\"name\":\"a\",\n\"name\":\"b\"}", ERR_MALFORMED, "line 2: thing: duplicate object key near '\"name\"'"},
	{"{\"name\":\"a\",\"key\":{\"kty\":\"a\",\"z\":1,\n\n\"z\":2}}", ERR_MALFORMED,
		"line 3: thing: duplicate object key"},
	{"{\"name\":\"a\",\n\n\"nmae\":1}", ERR_MALFORMED,
		"line 3: thing: nmae: unknown member; known are: name, number"},
	{"{\"key\":{\"kty\":\"EC\"}}", ERR_MALFORMED, "line 1: thing: member 'name' is missing"},
	{"{\"name\":\"a\",\n\"key\":\n{}}", ERR_MALFORMED, "line 2: thing: key: member 'kty' is missing"},
	{"{\"name\":\"a\",\"keys\":[{\"kty\":\"a\"},\n{\"x\":\"\",\n\"kty\":7}]}", ERR_MALFORMED,
		"line 3: thing: keys[1].kty: expected a text"},
	{"{\"name\":\"a\",\"texts\":[\"a\",\n5]}", ERR_MALFORMED, "line 2: thing: texts[1]: expected a text"},
	{"{\"name\":null}", ERR_MALFORMED, "name: expected a text"},
	{"{\"name\":\"a\",\"number\":1.0}", ERR_MALFORMED, "number: expected a whole number"},
	{"{\"name\":\"a\",\"number\":\"1\"}", ERR_MALFORMED, "number: expected a whole number"},
	{"{\"name\":\"a\",\"number\":9007199254740992}", ERR_MALFORMED, "number: expected a whole number"},
	{"{\"name\":\"a\",\"number\":99999999999999999999}", ERR_MALFORMED, "too big integer"},
	{"{\"name\":\"a\",\"small\":4}", ERR_MALFORMED, "small: expected a whole number from -1 to 3"},
	{"{\"name\":\"a\",\"flag\":1}", ERR_MALFORMED, "flag: expected true or false"},
	{"{\"name\":\"a\",\"bytes\":\"Zg==\"}", ERR_MALFORMED, "bytes: expected base64url text without padding"},
	{"{\"name\":\"a\",\"bytes\":\"Zh\"}", ERR_MALFORMED, "bytes: expected base64url"},
	{"{\"name\":\"a\",\"bytes\":5}", ERR_MALFORMED, "bytes: expected base64url"},
	{"{\"name\":\"a\",\"key\":[]}", ERR_MALFORMED, "key: expected an object"},
	{"{\"name\":\"a\",\"keys\":{}}", ERR_MALFORMED, "keys: expected an array"},
	{"{\"name\":\"a\",\"keys\":[7]}", ERR_MALFORMED, "keys[0]: expected an object"},
	{"{\"name\":\"a\",\"key\":{\"kty\":\"123456789\"}}", ERR_TOO_LONG, "key.kty: expected at most 8 bytes of text"},
	{"{\"name\":\"a\",\"key\":{\"kty\":\"a\",\"x\":\"AAAAAAA\"}}", ERR_TOO_LONG, "key.x: expected at most 4 bytes"},
	{"{\"name\":\"a\",\"texts\":[\"\",\"\",\"\",\"\"]}", ERR_TOO_LONG, "texts: expected at most 3 items"},
	{"{\"name\":\"a\\u0000b\"}", ERR_MALFORMED, "line 1: thing: "},
	{"{\"name\":\"\xff\"}", ERR_MALFORMED, "line 1: thing: "},
	{"{\"name\":\"\\ud800\"}", ERR_MALFORMED, "line 1: thing: "},
	{"{\"name\":\"a\"} x", ERR_MALFORMED, "line 1: thing: end of file expected"},
	{"{\"name\":\"a\"}{\"name\":\"b\"}", ERR_MALFORMED, "end of file expected"},
	{"{\"name\":\"a\",}", ERR_MALFORMED, "line 1: thing: "},
	{"{name:\"a\"}", ERR_MALFORMED, "line 1: thing: "},
	{"[]", ERR_MALFORMED, "line 1: thing: expected an object"},
	{"", ERR_MALFORMED, "line 1: thing: "},
	{"}]", ERR_MALFORMED, "line 1: thing: "},
};

CASE(each_mistake_is_told_with_line_member_and_expectation)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct thing t;
		const struct thing zero = {0};

		assert_err(json_decode(span_of(bad[i].text), &table, &t), bad[i].e);
		if (strstr(err_why(), bad[i].why) == NULL)
			fail_msg("%s: '%s' does not say '%s'", bad[i].text, err_why(), bad[i].why);
		assert_memory_equal(&t, &zero, sizeof(t)); /* nothing is owned after a refusal */
	}
}

CASE(a_syntax_error_does_not_quote_what_may_be_secret)
{
	struct thing t;

	assert_err(json_decode(SPAN("{\"name\": \"open sesame\" \"x\"}"), &table, &t), ERR_MALFORMED);
	assert_null(strstr(err_why(), "sesame"));
	assert_null(strstr(err_why(), "near"));
}

static enum err
check_nested(size_t depth)
{
	AUTO(writer) w = writer_new(4096);

	writer_text(&w, "{\"a\":");
	for (size_t i = 1; i < depth; i++)
		writer_text(&w, "[");
	writer_text(&w, "1");
	for (size_t i = 1; i < depth; i++)
		writer_text(&w, "]");
	writer_text(&w, "}");
	assert_ok(writer_done(&w));
	return json_check(writer_span(&w));
}

CASE(nesting_beyond_the_limit_is_refused_before_it_is_parsed)
{
	assert_ok(check_nested(MAX_JSON_DEPTH));
	assert_err(check_nested(MAX_JSON_DEPTH + 1), ERR_TOO_LONG);
	assert_non_null(strstr(err_why(), "nested more than 32 deep"));
	assert_err(check_nested(2000), ERR_TOO_LONG);
}

static enum err
check_items(size_t count)
{
	AUTO(writer) w = writer_new(1 << 20);

	writer_text(&w, "{\"a\":[0");
	for (size_t i = 1; i < count; i++)
		writer_text(&w, ",0");
	writer_text(&w, "]}");
	assert_ok(writer_done(&w));
	return json_check(writer_span(&w));
}

CASE(an_array_beyond_the_limit_is_refused)
{
	assert_ok(check_items(MAX_JSON_ITEMS));
	assert_err(check_items(MAX_JSON_ITEMS + 1), ERR_TOO_LONG);
}

CASE(a_text_beyond_the_limit_is_refused)
{
	uint8_t *big = malloc(MAX_JSON + 1);

	assert_non_null(big);
	memset(big, ' ', MAX_JSON + 1);
	big[0] = '{';
	big[1] = '}';
	assert_ok(json_check(span_at(big, MAX_JSON)));
	assert_err(json_check(span_at(big, MAX_JSON + 1)), ERR_TOO_LONG);
	free(big);
}

CASE(brackets_inside_texts_do_not_count)
{
	assert_ok(json_check(SPAN("{\"a\":\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"{{{{{{{{{{{{{{\"}")));
}

CASE(a_check_wants_one_object)
{
	assert_ok(json_check(SPAN(" {} ")));
	assert_err(json_check(SPAN("[]")), ERR_MALFORMED);
	assert_err(json_check(SPAN("{\"a\":1,\"a\":2}")), ERR_MALFORMED);
	assert_err(json_check(SPAN("{} {}")), ERR_MALFORMED);
}

CASE(one_object_has_one_canonical_form)
{
	AUTO(writer) a = writer_new(200);
	AUTO(writer) b = writer_new(200);

	assert_ok(json_canonical(SPAN("{ \"b\" : [1, 2.50], \"a\" : \"\\u00e9\\/\" }"), &a));
	assert_ok(json_canonical(SPAN("{\"a\":\"\xc3\xa9/\",\"b\":[1,2.5]}"), &b));
	assert_span(writer_span(&a), "{\"a\":\"\xc3\xa9/\",\"b\":[1,2.5]}");
	assert_true(span_equal(writer_span(&a), writer_span(&b)));
	assert_err(json_canonical(SPAN("[]"), &a), ERR_MALFORMED);
	assert_err(json_canonical(SPAN("{\"a\":1,\"a\":1}"), &a), ERR_MALFORMED);
}

CASE(a_files_mistake_is_told_with_its_path)
{
	char path[] = "/tmp/mohar-json-XXXXXX";
	const int fd = mkstemp(path);
	char why[80];
	struct thing t;

	assert_true(fd >= 0);
	close(fd);
	assert_ok(file_write(path, SPAN("{\n\"name\":\"a\",\n\"flag\":3}"), 0600));
	assert_err(json_decode_file(path, &table, &t), ERR_CONFIG);
	(void)snprintf(why, sizeof(why), "%s:3: thing: flag: expected true or false", path);
	assert_string_equal(err_why(), why);
	unlink(path);
	assert_err(json_decode_file(path, &table, &t), ERR_NOT_FOUND);
}

RUN(cmocka_unit_test(every_kind_arrives_in_its_field), cmocka_unit_test(what_is_absent_is_zero),
	cmocka_unit_test(each_mistake_is_told_with_line_member_and_expectation),
	cmocka_unit_test(a_syntax_error_does_not_quote_what_may_be_secret),
	cmocka_unit_test(nesting_beyond_the_limit_is_refused_before_it_is_parsed),
	cmocka_unit_test(an_array_beyond_the_limit_is_refused), cmocka_unit_test(a_text_beyond_the_limit_is_refused),
	cmocka_unit_test(brackets_inside_texts_do_not_count), cmocka_unit_test(a_check_wants_one_object),
	cmocka_unit_test(one_object_has_one_canonical_form), cmocka_unit_test(a_files_mistake_is_told_with_its_path))
