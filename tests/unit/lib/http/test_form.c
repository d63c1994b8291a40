#include "tests/unit/lib/test.h"

#include "http/exchange.h"

static struct exchange *x;

static int
open_exchange(void **state)
{
	(void)state;
	x = exchange_new(NULL, "/", NULL);
	return x == NULL;
}

static int
close_exchange(void **state)
{
	(void)state;
	exchange_free(&x);
	return 0;
}

static enum err
form_of(const char *text, struct form *f)
{
	return form_read(span_of(text), &x->request.arena, f);
}

#define assert_refused(text, error)                              \
	do {                                                     \
		struct form refused_;                            \
		assert_err(form_of((text), &refused_), (error)); \
	} while (0)

CASE(values_are_decoded)
{
	struct form f;

	assert_ok(form_of("a=1+2&b=%C3%A9%2B&empty=&bare", &f));
	assert_int_equal(f.count, 4);
	assert_string_equal(form_value(&f, "a"), "1 2");
	assert_string_equal(form_value(&f, "b"), "\xc3\xa9+");
	assert_string_equal(form_value(&f, "empty"), "");
	assert_string_equal(form_value(&f, "bare"), "");
	assert_null(form_value(&f, "c"));
}

CASE(value_may_hold_equals_signs)
{
	struct form f;

	assert_ok(form_of("a=b==", &f));
	assert_string_equal(form_value(&f, "a"), "b==");
}

CASE(nothing_is_no_parameter)
{
	struct form f;

	assert_ok(form_of("", &f));
	assert_int_equal(f.count, 0);
}

CASE(duplicate_name_is_refused)
{
	assert_refused("a=1&b=2&a=1", ERR_MALFORMED);
}

CASE(duplicate_name_in_another_encoding_is_refused)
{
	assert_refused("scope=a&sc%6fpe=b", ERR_MALFORMED);
}

CASE(bad_percent_is_refused)
{
	assert_refused("a=%", ERR_MALFORMED);
	assert_refused("a=%4", ERR_MALFORMED);
	assert_refused("a=%4g", ERR_MALFORMED);
	assert_refused("a=%-1", ERR_MALFORMED);
}

CASE(overlong_utf8_is_refused)
{
	assert_refused("a=%C0%AF", ERR_MALFORMED);
	assert_refused("a=%ED%A0%80", ERR_MALFORMED);
	assert_refused("a=%FF", ERR_MALFORMED);
}

CASE(nul_and_control_characters_are_refused)
{
	assert_refused("a=%00", ERR_MALFORMED);
	assert_refused("a=b%0d", ERR_MALFORMED);
	assert_refused("a=%1b", ERR_MALFORMED);
	assert_refused("a=%7f", ERR_MALFORMED);
}

CASE(lines_of_a_text_area_are_text)
{
	struct form f;

	assert_ok(form_of("a=1%0D%0A2%0A", &f));
	assert_string_equal(form_value(&f, "a"), "1\r\n2\n");
}

CASE(raw_bytes_that_no_browser_sends_are_refused)
{
	assert_refused("a=\xc3\xa9", ERR_MALFORMED);
	assert_refused("a= b", ERR_MALFORMED);
}

CASE(parameter_without_a_name_is_refused)
{
	assert_refused("=1", ERR_MALFORMED);
	assert_refused("a=1&", ERR_MALFORMED);
	assert_refused("&a=1", ERR_MALFORMED);
	assert_refused("a=1&&b=2", ERR_MALFORMED);
}

CASE(too_many_parameters_are_refused)
{
	AUTO(writer) w = writer_new(10000);

	for (int i = 0; i <= MAX_FORM_FIELDS; i++)
		writer_format(&w, "%sp%d=", i == 0 ? "" : "&", i);
	assert_refused((const char *)w.ptr, ERR_TOO_LONG);
}

#define T(name) cmocka_unit_test_setup_teardown(name, open_exchange, close_exchange)

RUN(T(values_are_decoded), T(value_may_hold_equals_signs), T(nothing_is_no_parameter), T(duplicate_name_is_refused),
	T(duplicate_name_in_another_encoding_is_refused), T(bad_percent_is_refused), T(overlong_utf8_is_refused),
	T(nul_and_control_characters_are_refused), T(lines_of_a_text_area_are_text),
	T(raw_bytes_that_no_browser_sends_are_refused), T(parameter_without_a_name_is_refused),
	T(too_many_parameters_are_refused))
