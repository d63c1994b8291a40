#include "tests/unit/idp/test.h"

#include "idp/session/session.h"

static void
token_of_this_browser_and_purpose_is_taken(void **state)
{
	char token[CSRF_TEXT_LEN + 1];

	(void)state;
	csrf_make("consent", SPAN("cookie"), token);
	assert_int_equal(csrf_check("consent", SPAN("cookie"), token), ERR_OK);
}

static void
another_browsers_or_purposes_token_is_refused(void **state)
{
	char token[CSRF_TEXT_LEN + 1];

	(void)state;
	csrf_make("consent", SPAN("cookie"), token);
	assert_int_equal(csrf_check("consent", SPAN("other"), token), ERR_REFUSED);
	assert_int_equal(csrf_check("logout", SPAN("cookie"), token), ERR_REFUSED);
	assert_int_equal(csrf_check("consent", SPAN("cookie"), NULL), ERR_REFUSED);
	assert_int_equal(csrf_check("consent", SPAN("cookie"), ""), ERR_REFUSED);
	token[0] ^= 1;
	assert_int_equal(csrf_check("consent", SPAN("cookie"), token), ERR_REFUSED);
}

static void
no_cookie_no_form(void **state)
{
	char token[CSRF_TEXT_LEN + 1];

	(void)state;
	csrf_make("consent", SPAN(""), token);
	assert_int_equal(csrf_check("consent", SPAN(""), token), ERR_REFUSED);
}

static void
purpose_and_cookie_do_not_run_into_each_other(void **state)
{
	char a[CSRF_TEXT_LEN + 1], b[CSRF_TEXT_LEN + 1];

	(void)state;
	csrf_make("ab", SPAN("c"), a);
	csrf_make("a", SPAN("bc"), b);
	assert_string_not_equal(a, b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(token_of_this_browser_and_purpose_is_taken),
		cmocka_unit_test(another_browsers_or_purposes_token_is_refused),
		cmocka_unit_test(no_cookie_no_form),
		cmocka_unit_test(purpose_and_cookie_do_not_run_into_each_other),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
