#include "tests/unit/lib/test.h"

#include "ca/console/console.h"

#define OFFICE(AGENCY, NAME) "{\"agency\":\"" AGENCY "\",\"office\":\"" NAME "\",\"title\":\"Title of " NAME "\"}"

CASE(either_office_opens_it_with_its_own_role)
{
	struct visit v = {0};

	assert_ok(visit_roles("[" OFFICE("ca", "registrar") "]", &v));
	assert_true(v.is_registrar && !v.is_operator);
	assert_true(json_texts_have(&v.role_list, "registrar"));
	assert_false(json_texts_have(&v.role_list, "ca-operator"));
	assert_string_equal(v.title, "Title of registrar");
}

CASE(both_offices_give_both_roles)
{
	struct visit v = {0};

	assert_ok(visit_roles("[" OFFICE("ca", "registrar") "," OFFICE("ca", "ca-operator") "]", &v));
	assert_true(json_texts_have(&v.role_list, "registrar") && json_texts_have(&v.role_list, "ca-operator"));
}

CASE(the_same_office_of_another_agency_opens_nothing)
{
	struct visit v = {0};

	assert_err(visit_roles("[" OFFICE("land", "ca-operator") "]", &v), ERR_REFUSED);
	assert_err(visit_roles("[" OFFICE("ca", "land-registrar") "]", &v), ERR_REFUSED);
	assert_err(visit_roles("[" OFFICE("ca-operator", "ca") "]", &v), ERR_REFUSED);
}

CASE(no_offices_open_nothing)
{
	struct visit v = {0};

	assert_err(visit_roles("[]", &v), ERR_REFUSED);
	assert_err(visit_roles(NULL, &v), ERR_REFUSED);
	assert_err(visit_roles("{}", &v), ERR_MALFORMED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(either_office_opens_it_with_its_own_role),
		cmocka_unit_test(both_offices_give_both_roles),
		cmocka_unit_test(the_same_office_of_another_agency_opens_nothing),
		cmocka_unit_test(no_offices_open_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
