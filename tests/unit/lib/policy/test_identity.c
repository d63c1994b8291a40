#include "tests/unit/lib/test.h"

#include "base/file.h"
#include "policy/identity.h"

static char path[] = "/tmp/mohar-policy-XXXXXX";

static void
put(const char *text)
{
	assert_ok(file_write(path, span_of(text), 0600));
}

static void
refused(enum err e, const char *why)
{
	assert_err(e, ERR_CONFIG);
	assert_non_null(strstr(err_why(), path));
	assert_non_null(strstr(err_why(), why));
}

CASE(a_number_of_another_form_is_refused_and_never_told)
{
	static const char *const wrong[] = {"", "1234567890", "123456789012", "1234567890a", " 12345678901",
		"12345678901 ", "١٢٣٤٥٦٧٨٩٠١"};
	const struct identity_policy p = {.number_digits = 11};

	assert_ok(identity_number_check(&p, "12345678901"));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_err(identity_number_check(&p, wrong[i]), ERR_MALFORMED);
		assert_true(strlen(wrong[i]) == 0 || strstr(err_why(), wrong[i]) == NULL);
	}
}

CASE(a_wrong_member_is_named_with_file_and_line)
{
	struct identity_policy p;

	put("{\"version\":1,\"number_digits\":11,\"genders\":[\"male\"],\"activation_hours\":24}");
	assert_ok(identity_policy_read(path, &p));
	assert_int_equal(p.number_digits, 11);
	identity_policy_free(&p);
	put("{\n\"version\":1,\n\"number_digits\":5,\"genders\":[],\"activation_hours\":24}");
	refused(identity_policy_read(path, &p), ":3: ");
	put("{\"version\":1,\n\"number_digits\":11,\"genders\":[\"female\"],\"activation_hours\":1,\n\"numbre\":1}");
	refused(identity_policy_read(path, &p), "numbre");
}

static int
make_file(void **state)
{
	const int fd = mkstemp(path);

	(void)state;
	(void)close(fd);
	return fd < 0 ? -1 : 0;
}

static int
remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_number_of_another_form_is_refused_and_never_told),
		cmocka_unit_test(a_wrong_member_is_named_with_file_and_line)};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
