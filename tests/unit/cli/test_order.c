#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/order.h"

static void
success_is_any_2xx(void **state)
{
	(void)state;
	assert_int_equal(order_result(200, SPAN("{}")), ERR_OK);
	assert_int_equal(order_result(201, SPAN("")), ERR_OK);
	assert_int_not_equal(order_result(302, SPAN("")), ERR_OK);
}

static void
a_refusal_keeps_the_services_own_name_and_reason(void **state)
{
	(void)state;
	assert_int_equal(
		order_result(400,
			SPAN("{\"code\":\"USED\",\"detail\":\"this act was carried out already\",\"status\":400}")),
		ERR_USED);
	assert_string_equal(err_why(), "this act was carried out already");
	err_forget();
	assert_int_equal(order_result(409, SPAN("{\"code\":\"EXISTS\",\"title\":\"exists already\"}")), ERR_EXISTS);
	assert_non_null(strstr(err_why(), "409 exists already"));
	err_forget();
}

/* A proxy's page, or a name that is none of ours, must not become success, nor "unreachable" when the service did answer. */
static void
an_answer_that_is_no_problem_document_goes_by_its_status(void **state)
{
	(void)state;
	assert_int_equal(order_result(404, SPAN("<html>")), ERR_NOT_FOUND);
	assert_int_equal(order_result(403, SPAN("{\"code\":\"OK\"}")), ERR_REFUSED);
	assert_int_equal(err_exit(order_result(403, SPAN(""))), 1);
	assert_int_equal(order_result(418, SPAN("")), ERR_REFUSED);
	assert_int_equal(err_exit(order_result(502, SPAN("bad gateway"))), 3);
	assert_int_equal(err_exit(order_result(503, SPAN("{\"code\":\"UNAVAILABLE\"}"))), 3);
	err_forget();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(success_is_any_2xx),
		cmocka_unit_test(a_refusal_keeps_the_services_own_name_and_reason),
		cmocka_unit_test(an_answer_that_is_no_problem_document_goes_by_its_status),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
