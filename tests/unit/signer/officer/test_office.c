#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "signer/officer/officer.h"

static struct decision_type
type(void)
{
	return (struct decision_type){.name = "land-transfer",
		.agency = "land",
		.confirmation = {true, 3, "land-registrar"}};
}

static enum err
may(int64_t level, const char *offices)
{
	const struct decision_type t = type();
	AUTO(offices) o = {0};
	const struct office *by = NULL;

	assert_int_equal(offices_read(offices, &o), ERR_OK);
	err_forget();
	return officer_may(&t, level, &o, &by);
}

static void
the_holder_of_the_office_may(void **state)
{
	(void)state;
	assert_int_equal(may(3, "[{\"agency\":\"land\",\"office\":\"land-registrar\",\"title\":\"Registrar\"}]"),
		ERR_OK);
}

static void
a_weaker_login_may_not(void **state)
{
	(void)state;
	assert_int_equal(may(2, "[{\"agency\":\"land\",\"office\":\"land-registrar\",\"title\":\"Registrar\"}]"),
		ERR_REFUSED);
	assert_non_null(strstr(err_why(), "level 3"));
}

static void
the_same_office_of_another_agency_may_not(void **state)
{
	(void)state;
	assert_int_equal(may(3, "[{\"agency\":\"tax\",\"office\":\"land-registrar\",\"title\":\"Registrar\"}]"),
		ERR_REFUSED);
	assert_int_equal(may(3, "[{\"agency\":\"land\",\"office\":\"clerk\",\"title\":\"Clerk\"}]"), ERR_REFUSED);
	assert_int_equal(may(3, "[]"), ERR_REFUSED);
}

static void
an_acr_that_only_begins_right_is_no_level(void **state)
{
	(void)state;
	assert_int_equal(acr_level("urn:mohar:loa:3"), 3);
	assert_int_equal(acr_level("urn:mohar:loa:33"), 0);
	assert_int_equal(acr_level("urn:mohar:loa:4"), 0);
	assert_int_equal(acr_level("urn:mohar:loa:"), 0);
	assert_int_equal(acr_level(NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_holder_of_the_office_may),
		cmocka_unit_test(a_weaker_login_may_not),
		cmocka_unit_test(the_same_office_of_another_agency_may_not),
		cmocka_unit_test(an_acr_that_only_begins_right_is_no_level),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
