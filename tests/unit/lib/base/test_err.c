#include "tests/unit/lib/test.h"

#include <pthread.h>

CASE(every_error_has_a_name_a_text_and_a_status)
{
	for (int e = ERR_OK; e <= ERR_NO_MEMORY; e++) {
		assert_true(strlen(err_name((enum err)e)) > 1);
		assert_true(strlen(err_text((enum err)e)) > 1);
		assert_in_range(err_http((enum err)e), 200, 599);
	}
	assert_string_equal(err_name(ERR_MALFORMED), "MALFORMED");
	assert_int_equal(err_http(ERR_UNAUTHENTICATED), 401);
}

CASE(a_number_that_is_no_error_is_never_a_success)
{
	assert_int_equal(err_http((enum err)999), 503);
}

CASE(exit_codes_tell_refused_from_unreachable)
{
	assert_int_equal(err_exit(ERR_OK), 0);
	assert_int_equal(err_exit(ERR_BAD_SIGNATURE), 1);
	assert_int_equal(err_exit(ERR_UNAVAILABLE), 3);
}

CASE(a_reason_cannot_forge_a_second_log_line)
{
	assert_err(err_because(ERR_MISMATCH, "aud\nroot: %s\x7f", "x\ty"), ERR_MISMATCH);
	assert_string_equal(err_why(), "aud?root: x?y?");
	err_forget();
	assert_string_equal(err_why(), "");
}

CASE(a_long_reason_is_cut_not_overrun)
{
	char text[600];

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	(void)err_because(ERR_IO, "%s", text);
	assert_int_equal(strlen(err_why()), 255);
	err_forget();
}

CASE(a_reason_may_quote_the_one_before)
{
	(void)err_because(ERR_IO, "inner");
	(void)err_because(ERR_IO, "outer: %s", err_why());
	assert_string_equal(err_why(), "outer: inner");
	err_forget();
}

static void *
why_of_other_thread(void *out)
{
	strcpy(out, err_why());
	return NULL;
}

CASE(a_reason_does_not_leak_into_another_thread)
{
	char seen[300] = "x";
	pthread_t thread;

	(void)err_because(ERR_IO, "mine");
	assert_int_equal(pthread_create(&thread, NULL, why_of_other_thread, seen), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_string_equal(seen, "");
	err_forget();
}

static enum err
first_of_two(bool reached[2])
{
	TRY(ERR_USED);
	reached[0] = true;
	REQUIRE(false, ERR_IO);
	return ERR_OK;
}

CASE(try_hands_on_the_first_error_and_stops)
{
	bool reached[2] = {false, false};

	assert_err(first_of_two(reached), ERR_USED);
	assert_false(reached[0]);
}

RUN(cmocka_unit_test(every_error_has_a_name_a_text_and_a_status),
	cmocka_unit_test(a_number_that_is_no_error_is_never_a_success),
	cmocka_unit_test(exit_codes_tell_refused_from_unreachable),
	cmocka_unit_test(a_reason_cannot_forge_a_second_log_line), cmocka_unit_test(a_long_reason_is_cut_not_overrun),
	cmocka_unit_test(a_reason_may_quote_the_one_before),
	cmocka_unit_test(a_reason_does_not_leak_into_another_thread),
	cmocka_unit_test(try_hands_on_the_first_error_and_stops))
