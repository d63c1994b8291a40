#include "tests/unit/idp/test.h"

static void
name_comes_in_the_language_asked_or_the_first(void **state)
{
	struct client *c = test_client();

	(void)state;
	assert_string_equal(client_name_in(c, "dz"), "Other");
	assert_string_equal(client_name_in(c, "en"), "Portal");
	assert_string_equal(client_name_in(c, "fr"), "Portal");
	client_free(&c);
	assert_null(c);
}

static void
row_that_does_not_parse_is_corrupt(void **state)
{
	static const char *const wrong[] = {"[]", "{}", "[{\"language\":\"en\"}]", "x",
		"[{\"language\":\"en\",\"text\":\"a\"}],\"b\":[]"};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct client_row row = {.name = strdup(wrong[i])};
		struct client *c = NULL;

		assert_int_equal(client_of_row(&row, &c), ERR_CORRUPT);
		assert_null(c);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(name_comes_in_the_language_asked_or_the_first),
		cmocka_unit_test(row_that_does_not_parse_is_corrupt),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
