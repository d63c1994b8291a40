#include "tests/unit/idp/test.h"

#include <stdio.h>
#include <unistd.h>

#include "base/file.h"

static char path[64];

static void
write_policy(const char *text)
{
	snprintf(path, sizeof(path), "/tmp/mohar-policy-%d.json", (int)getpid());
	assert_int_equal(file_write(path, span_of(text), 0600), ERR_OK);
}

static int
remove_policy(void **state)
{
	(void)state;
	unlink(path);
	return 0;
}

static void
unknown_member_is_named(void **state)
{
	struct identity_policy p;

	(void)state;
	write_policy(
		"{\"version\":1,\n\"number_digits\":11,\"genders\":[\"female\"],\"activation_hours\":1,\n\"numbre\":1}");
	assert_int_equal(identity_policy_read(path, &p), ERR_CONFIG);
	assert_why("numbre");
	assert_why(path);
}

static void
levels_out_of_order_are_refused(void **state)
{
	struct assurance_policy p;

	(void)state;
	write_policy("{\"version\":1,\"levels\":["
		     "{\"level\":2,\"acr\":\"b\",\"aliases\":[],\"session_seconds\":60,\"idle_seconds\":0},"
		     "{\"level\":1,\"acr\":\"a\",\"aliases\":[],\"session_seconds\":60,\"idle_seconds\":0},"
		     "{\"level\":3,\"acr\":\"c\",\"aliases\":[],\"session_seconds\":60,\"idle_seconds\":0}]}");
	assert_int_equal(assurance_policy_read(path, &p), ERR_CONFIG);
}

static void
one_acr_for_two_levels_is_refused(void **state)
{
	struct assurance_policy p;

	(void)state;
	write_policy("{\"version\":1,\"levels\":["
		     "{\"level\":1,\"acr\":\"a\",\"aliases\":[],\"session_seconds\":60,\"idle_seconds\":0},"
		     "{\"level\":2,\"acr\":\"a\",\"aliases\":[],\"session_seconds\":60,\"idle_seconds\":0},"
		     "{\"level\":3,\"acr\":\"c\",\"aliases\":[],\"session_seconds\":60,\"idle_seconds\":0}]}");
	assert_int_equal(assurance_policy_read(path, &p), ERR_CONFIG);
}

static void
claims_without_openid_are_refused(void **state)
{
	struct claims_policy p;

	(void)state;
	write_policy(
		"{\"version\":1,\"scopes\":[{\"scope\":\"profile\",\"claims\":[\"name\"],\"in_id_token\":false}]}");
	assert_int_equal(claims_policy_read(path, &p), ERR_CONFIG);
	assert_why("openid");
}

static void
a_number_of_another_form_is_refused_and_never_told(void **state)
{
	static const char *const wrong[] = {"", "1234567890", "123456789012", "1234567890a", " 12345678901",
		"12345678901 ", "١٢٣٤٥٦٧٨٩٠١"};
	const struct identity_policy p = {.number_digits = 11};

	(void)state;
	assert_int_equal(identity_number_check(&p, "12345678901"), ERR_OK);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(identity_number_check(&p, wrong[i]), ERR_MALFORMED);
		assert_true(strlen(wrong[i]) == 0 || strstr(err_why(), wrong[i]) == NULL);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(unknown_member_is_named, remove_policy),
		cmocka_unit_test_teardown(levels_out_of_order_are_refused, remove_policy),
		cmocka_unit_test_teardown(one_acr_for_two_levels_is_refused, remove_policy),
		cmocka_unit_test_teardown(claims_without_openid_are_refused, remove_policy),
		cmocka_unit_test(a_number_of_another_form_is_refused_and_never_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
