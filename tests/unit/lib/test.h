/* test: what every unit test of lib/ includes: cmocka with what it needs before it, and a case's row. */
#ifndef MOHAR_TEST_H
#define MOHAR_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/span.h"

#define CASE(name) static void name(void **state __attribute__((unused)))
#define RUN(...)                                                  \
	int main(void)                                            \
	{                                                         \
		const struct CMUnitTest tests[] = {__VA_ARGS__};  \
		return cmocka_run_group_tests(tests, NULL, NULL); \
	}

/* The error's name tells more than its number when a case fails. */
#define assert_err(expr, expected) assert_string_equal(err_name(expr), err_name(expected))
#define assert_ok(expr) assert_err(expr, ERR_OK)
#define assert_span(span, text) assert_true(span_is((span), (text)))

#endif
