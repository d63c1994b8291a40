#include "tests/unit/lib/test.h"

#include "base/file.h"
#include "policy/decision_type.h"

static char folder[] = "/tmp/mohar-decision-type-XXXXXX";

static void
path_of(const char *name, char out[200])
{
	(void)snprintf(out, 200, "%s/%s", folder, name);
}

static void
put(const char *name, const char *type, const char *confirmation, const char *outcomes, const char *facts)
{
	AUTO(writer) w = writer_new(8192);
	char path[200];

	writer_format(&w,
		"{\"name\":\"%s\",\"version\":1,\"agency\":\"land\",\"title\":{\"en\":\"T\",\"dz\":\"T\"},\"law\":\"Act 1\",\"confirmation\":%s,"
		"\"time_limit_days\":30,\"outcomes\":%s,\"appeal\":{\"to\":\"Tribunal\",\"days\":60},\"retention_years\":10,\"facts\":[%s]}",
		type, confirmation, outcomes, facts);
	path_of(name, path);
	assert_ok(file_write(path, writer_span(&w), 0600));
}

#define NOBODY "{\"required\":false,\"level\":1}"
#define DONE "[\"done\"]"

static void
expect(const char *confirmation, const char *outcomes, const char *facts, const char *why)
{
	struct decision_type t;
	char path[200];

	put("a.json", "a", confirmation, outcomes, facts);
	path_of("a.json", path);
	if (why == NULL) {
		assert_ok(decision_type_read(path, &t));
		decision_type_free(&t);
		return;
	}
	assert_err(decision_type_read(path, &t), ERR_CONFIG);
	assert_non_null(strstr(err_why(), "a.json"));
	assert_non_null(strstr(err_why(), why));
}

static int
make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) != NULL ? 0 : -1;
}

static int
remove_folder(void **state)
{
	static const char *const names[] = {"a.json", "b.json", ".c.json", ""};
	char path[200];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		path_of(names[i], path);
		(void)remove(path);
	}
	return 0;
}

CASE(a_type_that_nobody_could_decide_is_refused)
{
	expect(NOBODY, DONE, "", NULL);
	expect(NOBODY, "[]", "", "outcomes: name at least one");
	expect("{\"required\":true,\"level\":3}", DONE, "", "no office is named");
}

/* Each of these made a type under which every decision was refused, with a reason that blamed the agency. */
CASE(a_fact_that_nothing_fits_is_refused)
{
	expect(NOBODY, DONE, "{\"name\":\"f\",\"kind\":\"text\",\"required\":true,\"pattern\":\"parcel\"}", NULL);
	expect(NOBODY, DONE, "{\"name\":\"f\",\"kind\":\"text\",\"required\":true,\"pattern\":\"parcels\"}",
		"fact f: pattern parcels is not parcel or reference");
	expect(NOBODY, DONE, "{\"name\":\"f\",\"kind\":\"number\",\"required\":true,\"min\":9,\"max\":3}",
		"fact f: min is more than max");
	expect(NOBODY, DONE,
		"{\"name\":\"f\",\"kind\":\"text\",\"required\":true},{\"name\":\"f\",\"kind\":\"date\",\"required\":true}",
		"fact f is there twice");
	expect(NOBODY, DONE, "{\"name\":\"f\",\"kind\":\"choice\",\"required\":true}", "name its choices");
	expect(NOBODY, DONE, "{\"name\":\"f\",\"kind\":\"colour\",\"required\":true}", "kind colour is not");
}

CASE(types_of_a_folder_are_read_once_each_and_hidden_files_are_nobodys)
{
	struct decision_type *types;
	size_t count;

	put("a.json", "a", NOBODY, DONE, "");
	put("b.json", "b", NOBODY, DONE, "");
	put(".c.json", "c", NOBODY, "[]", "");
	assert_ok(decision_types_read(folder, &types, &count));
	assert_int_equal(count, 2);
	assert_non_null(decision_type_find(types, count, "b"));
	assert_null(decision_type_find(types, count, "c"));
	decision_types_free(&types, count);
	put("b.json", "a", NOBODY, DONE, "");
	assert_err(decision_types_read(folder, &types, &count), ERR_CONFIG);
	assert_non_null(strstr(err_why(), "type a is there twice"));
	assert_err(decision_types_read("/nowhere", &types, &count), ERR_CONFIG);
}

CASE(a_decision_is_due_at_the_end_of_a_day)
{
	const struct decision_type t = {.time_limit_days = 1};

	assert_int_equal(decision_due(&t, 0), 2 * 86400 - 1);
	assert_int_equal(decision_due(&t, 86399), 2 * 86400 - 1);
	assert_int_equal(decision_due(&t, 86400), 3 * 86400 - 1);
}

#define T(name) cmocka_unit_test(name)

int
main(void)
{
	const struct CMUnitTest tests[] = {T(a_type_that_nobody_could_decide_is_refused),
		T(a_fact_that_nothing_fits_is_refused),
		T(types_of_a_folder_are_read_once_each_and_hidden_files_are_nobodys),
		T(a_decision_is_due_at_the_end_of_a_day)};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
