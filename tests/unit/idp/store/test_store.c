#include "tests/unit/idp/test.h"

#include "idp/store/store.h"

static void
every_statement_has_sql_and_as_many_parameters_as_it_names(void **state)
{
	const struct db_statement *table = store_table();

	(void)state;
	for (size_t n = 0; n < STATEMENTS; n++) {
		size_t most = 0;

		assert_non_null(table[n].sql);
		for (const char *at = strchr(table[n].sql, '$'); at != NULL; at = strchr(at + 1, '$')) {
			const size_t i = strtoul(at + 1, NULL, 10);

			most = i > most ? i : most;
		}
		if (most != table[n].param_count)
			fail_msg("%s: $%zu, but %zu parameters", table[n].name, most, table[n].param_count);
		assert_true(table[n].param_count <= MAX_DB_PARAMS && table[n].column_count <= MAX_DB_COLUMNS);
	}
}

static void
every_table_is_named_with_its_schema(void **state)
{
	static const char *const before[] = {" FROM ", " INTO ", "UPDATE ", " JOIN "};
	const struct db_statement *table = store_table();

	(void)state;
	for (size_t n = 0; n < STATEMENTS; n++)
		for (size_t k = 0; k < 4; k++)
			for (const char *at = strstr(table[n].sql, before[k]); at != NULL;
				at = strstr(at + 1, before[k])) {
				const char *name = at + strlen(before[k]);
				const bool own = strncmp(name, "idp.", 4) == 0, clause = strncmp(name, "SET ", 4) == 0,
					   cte = name[1] == ' ' || name[1] == ',' || name[1] == ')' ||
					name[1] == '\0' || strncmp(name, "unnest(", 7) == 0;

				if (!own && !clause && !cte && name[0] != '(')
					fail_msg("%s: a table without its schema at '%.20s'", table[n].name, name);
			}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_statement_has_sql_and_as_many_parameters_as_it_names),
		cmocka_unit_test(every_table_is_named_with_its_schema),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
