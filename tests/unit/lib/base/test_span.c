#include "tests/unit/lib/test.h"

#define TEXT(literal) span_is_text(SPAN(literal))

CASE(equal_needs_the_same_length)
{
	assert_true(span_equal(SPAN("abc"), SPAN("abc")));
	assert_false(span_equal(SPAN("abc"), SPAN("ab")));
	assert_false(span_is(SPAN("abc"), "abcd"));
	assert_true(span_equal(span_at(NULL, 0), SPAN("")));
	assert_true(span_is(span_of(NULL), ""));
}

CASE(prefix_longer_than_the_text_is_no_prefix)
{
	assert_true(span_starts(SPAN("abc"), SPAN("ab")));
	assert_true(span_starts(SPAN("abc"), SPAN("")));
	assert_false(span_starts(SPAN("ab"), SPAN("abc")));
}

CASE(a_nul_inside_does_not_shorten_a_text)
{
	char *text = NULL;

	assert_err(span_text(SPAN("admin\0x"), &text), ERR_MALFORMED);
	assert_null(text);
	assert_ok(span_text(SPAN("admin"), &text));
	assert_string_equal(text, "admin");
	free(text);
}

CASE(utf8_of_every_length_is_text)
{
	assert_true(TEXT("tab\tline\nend"));
	assert_true(TEXT("\xc2\x80 \xdf\xbf \xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xf0\x90\x80\x80 \xf4\x8f\xbf\xbf"));
	assert_true(TEXT("\xe0\xbd\xa2\xe0\xbe\xab\xe0\xbd\xbc\xe0\xbd\x84\xe0\xbc\x8b\xe0\xbd\x81"));
	assert_true(span_is_text(span_at(NULL, 0)));
}

CASE(overlong_surrogate_and_beyond_unicode_are_refused)
{
	assert_false(TEXT("\xc0\xaf"));
	assert_false(TEXT("\xc1\xbf"));
	assert_false(TEXT("\xe0\x9f\xbf"));
	assert_false(TEXT("\xf0\x8f\xbf\xbf"));
	assert_false(TEXT("\xed\xa0\x80"));
	assert_false(TEXT("\xed\xbf\xbf"));
	assert_false(TEXT("\xf4\x90\x80\x80"));
	assert_false(TEXT("\xf5\x80\x80\x80"));
	assert_false(TEXT("\xff"));
}

CASE(truncated_or_stray_continuation_is_refused)
{
	assert_false(TEXT("\xe0\xa0"));
	assert_false(TEXT("\xf0\x90\x80"));
	assert_false(TEXT("\x80"));
	assert_false(TEXT("\xc2g"));
	assert_false(TEXT("\xe1\x80g"));
}

CASE(control_characters_are_refused)
{
	assert_false(TEXT("a\rb"));
	assert_false(TEXT("a\x1b[2J"));
	assert_false(TEXT("a\0b"));
}

#define LINE(literal) span_is_line(SPAN(literal))

CASE(what_reorders_or_breaks_a_line_is_no_line)
{
	assert_true(LINE(""));
	assert_true(LINE("K-12/7, \xe0\xbd\xa6\xe0\xbe\x90, \xf0\x9f\x98\x80"));
	assert_true(LINE("\xe2\x80\x8d\xe2\x80\x8f")); /* joiner and mark: scripts need them */
	assert_false(LINE("a\nb"));
	assert_false(LINE("a\tb"));
	assert_false(LINE("a\x7f"));
	assert_false(LINE("a\xc2\x9b[2J"));
	assert_false(LINE("\xe2\x80\xa8"));
	assert_false(LINE("\xe2\x80\xaa"));
	assert_false(LINE("rejected \xe2\x80\xae devorppa"));
	assert_false(LINE("\xe2\x81\xa6"));
	assert_false(LINE("\xe2\x81\xa9"));
	assert_false(LINE("\xe2\x80"));
}

RUN(cmocka_unit_test(equal_needs_the_same_length), cmocka_unit_test(prefix_longer_than_the_text_is_no_prefix),
	cmocka_unit_test(a_nul_inside_does_not_shorten_a_text), cmocka_unit_test(utf8_of_every_length_is_text),
	cmocka_unit_test(overlong_surrogate_and_beyond_unicode_are_refused),
	cmocka_unit_test(truncated_or_stray_continuation_is_refused), cmocka_unit_test(control_characters_are_refused),
	cmocka_unit_test(what_reorders_or_breaks_a_line_is_no_line))
