#include "tests/unit/lib/test.h"

#include <sys/stat.h>

#include <libpq-fe.h>

#include "base/file.h"
#include "db/migrate.h"
#include "tests/unit/lib/db/scratch.h"

static char folder[] = "/tmp/mohar-migrate-XXXXXX";
static const char *folders[] = {"lib/audit/sql", folder, NULL};

static int
setup(void **state __attribute__((unused)))
{
	const char *root = getenv("MOHAR_ROOT");

	if (root != NULL && chdir(root) != 0)
		return -1;
	return mkdtemp(folder) == NULL ? -1 : 0;
}

static const char *const names[] = {"001_first.sql", "002_second.sql", "001_twin.sql", "010_broken.sql",
	"011_commits.sql", "readme.txt"};

static void
forget(void)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[100];

		(void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		(void)unlink(path);
	}
}

static int
teardown(void **state __attribute__((unused)))
{
	forget();
	return rmdir(folder);
}

static void
put(const char *name, const char *sql)
{
	char path[100];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_ok(file_write(path, span_of(sql), 0644));
}

/* The first column of the first row. */
static char answer[100];

static const char *
ask_as(const char *user, const char *sql)
{
	char conninfo[300];
	PGconn *conn;
	PGresult *result;

	(void)snprintf(conninfo, sizeof(conninfo), "%s user=%s", scratch_conninfo(), user);
	conn = PQconnectdb(conninfo);
	result = PQexec(conn, sql);
	(void)snprintf(answer, sizeof(answer), "%s",
		PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : PQresultErrorMessage(result));
	PQclear(result);
	PQfinish(conn);
	return answer;
}

static const char *
ask(const char *sql)
{
	return ask_as("postgres", sql);
}

#define NEEDS_POSTGRES()                                 \
	if (scratch_conninfo() == NULL) {                \
		print_message("PostgreSQL not found\n"); \
		skip();                                  \
	}                                                \
	forget()

CASE(files_are_applied_in_order_and_once)
{
	NEEDS_POSTGRES();
	int applied = -1;

	put("002_second.sql", "ALTER TABLE thing ADD COLUMN b integer;\n");
	put("001_first.sql", "CREATE TABLE thing (a integer);\nINSERT INTO thing VALUES (1);\n");
	assert_ok(db_migrate(scratch_conninfo(), "one", folders, &applied));
	assert_int_equal(applied, 5); /* and the event table and its trigger */
	assert_string_equal(ask("SELECT count(b) + 1 FROM one.thing"), "1");
	assert_string_equal(ask("SELECT string_agg(name, ' ' ORDER BY number) FROM one.migration"),
		"000_audit.sql 001_first.sql 002_second.sql 050_outbox.sql 060_outbox.sql");
	assert_ok(db_migrate(scratch_conninfo(), "one", folders, &applied));
	assert_int_equal(applied, 0);
	assert_ok(db_migrate(scratch_conninfo(), "two", folders, &applied));
	assert_int_equal(applied, 5);
}

CASE(an_event_reaches_the_outbox_by_itself_and_stays)
{
	NEEDS_POSTGRES();
	int applied;

	assert_ok(db_migrate(scratch_conninfo(), "three", (const char *const[]){"lib/audit/sql", NULL}, &applied));
	(void)ask(
		"INSERT INTO three.event (id, tree, at, type, entry) VALUES (gen_random_uuid(), 0, now(), 'x', 'abc')");
	assert_string_equal(ask("SELECT encode(leaf, 'hex') FROM three.outbox"),
		"609f6e36d2405585188d5cfd761f407c7cc46a7d3f314c88270469dde315fcd1");
	(void)ask(
		"INSERT INTO three.event (id, tree, at, type, entry) SELECT gen_random_uuid(), 0, now(), 'x', 'abc' FROM generate_series(1, 5)");
	assert_string_equal(
		ask("SELECT count(DISTINCT o.seq) FROM three.outbox o JOIN three.event e ON e.id = o.event AND e.entry = o.entry"),
		"6");
	assert_non_null(
		strstr(ask("DELETE FROM three.outbox"), "log.leaf")); /* this database has no log to hold its leaf */
	assert_non_null(strstr(ask("DELETE FROM three.event"), "an event is for ever"));
	assert_non_null(strstr(ask("UPDATE three.event SET type = 'y'"), "an event is for ever"));
	assert_string_equal(ask("UPDATE three.event SET salt = NULL, private = NULL RETURNING type"),
		"x");                                                       /* forgetting */
	assert_string_equal(ask("SELECT count(*) FROM three.outbox"), "6"); /* it stays */
}

CASE(who_serves_may_add_an_event_and_touch_nothing_else)
{
	NEEDS_POSTGRES();
	static const char insert[] =
		"INSERT INTO eight.event (id, tree, at, type, entry) VALUES (gen_random_uuid(), 0, now(), 'x', 'abc') RETURNING id IS NOT NULL";
	int applied;

	assert_ok(db_migrate(scratch_conninfo(), "eight", (const char *const[]){"lib/audit/sql", NULL}, &applied));
	(void)ask("CREATE ROLE server LOGIN");
	(void)ask("GRANT USAGE ON SCHEMA eight TO server");
	(void)ask("GRANT INSERT, SELECT (id) ON eight.event TO server");
	(void)ask_as("server",
		"INSERT INTO eight.event (id, tree, at, type, entry) VALUES (gen_random_uuid(), 0, now(), 'x', 'abc')");
	assert_string_equal(ask("SELECT count(*) FROM eight.outbox"), "1");
	assert_non_null(strstr(ask_as("server", "SELECT count(*) FROM eight.outbox"), "permission denied"));
	assert_non_null(strstr(ask_as("server", "DELETE FROM eight.outbox"), "permission denied"));
	assert_non_null(strstr(ask_as("server", "UPDATE eight.event SET type = 'y'"), "permission denied"));
	assert_non_null(strstr(ask_as("server", "ALTER TABLE eight.event DISABLE TRIGGER ALL"), "must be owner"));
	assert_string_equal(ask_as("server", insert), "t"); /* and goes on working */
}

CASE(a_changed_file_is_refused_with_its_name)
{
	NEEDS_POSTGRES();
	int applied;

	put("001_first.sql", "CREATE TABLE thing (a integer);\n");
	assert_ok(db_migrate(scratch_conninfo(), "four", folders, &applied));
	put("001_first.sql", "CREATE TABLE thing (a bigint);\n");
	assert_err(db_migrate(scratch_conninfo(), "four", folders, &applied), ERR_CONFIG);
	assert_non_null(strstr(err_why(), "/001_first.sql: has changed since it was applied"));
}

CASE(a_broken_file_is_told_with_its_line_and_leaves_nothing)
{
	NEEDS_POSTGRES();
	int applied;

	put("001_first.sql", "CREATE TABLE before (a integer);\n");
	put("010_broken.sql",
		"CREATE TABLE half (a integer);\n-- \xe0\xbd\x96\xe0\xbd\x96\n\nCREATE TABLE x (a nonsense);\n");
	assert_err(db_migrate(scratch_conninfo(), "five", folders, &applied), ERR_CONFIG);
	assert_non_null(strstr(err_why(), "/010_broken.sql:4: type \"nonsense\" does not exist"));
	assert_int_equal(applied, 2);
	assert_string_equal(ask("SELECT to_regclass('five.half') IS NULL AND to_regclass('five.before') IS NOT NULL"),
		"t");
}

CASE(a_file_that_commits_by_itself_is_refused)
{
	NEEDS_POSTGRES();
	int applied;

	put("011_commits.sql", "CREATE TABLE x (a integer); COMMIT;");
	assert_err(db_migrate(scratch_conninfo(), "six", folders, &applied), ERR_CONFIG);
	assert_non_null(strstr(err_why(), "leave COMMIT and ROLLBACK out"));
}

CASE(twins_strangers_and_odd_names_are_refused)
{
	NEEDS_POSTGRES();
	int applied;

	put("001_first.sql", "");
	put("001_twin.sql", "");
	assert_err(db_migrate(scratch_conninfo(), "seven", folders, &applied), ERR_CONFIG);
	assert_non_null(strstr(err_why(), "has the number of"));
	forget();
	put("readme.txt", "");
	assert_err(db_migrate(scratch_conninfo(), "seven", folders, &applied), ERR_CONFIG);
	assert_non_null(strstr(err_why(), "a migration is called NNN_name.sql"));
	forget();
	assert_err(db_migrate(scratch_conninfo(), "x; DROP SCHEMA one", folders, &applied), ERR_CONFIG);
	assert_err(db_migrate(scratch_conninfo(), "seven", (const char *const[]){"/nonexistent", NULL}, &applied),
		ERR_CONFIG);
	assert_err(db_migrate("host=/nonexistent", "seven", folders, &applied), ERR_UNAVAILABLE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_applied_in_order_and_once),
		cmocka_unit_test(an_event_reaches_the_outbox_by_itself_and_stays),
		cmocka_unit_test(who_serves_may_add_an_event_and_touch_nothing_else),
		cmocka_unit_test(a_changed_file_is_refused_with_its_name),
		cmocka_unit_test(a_broken_file_is_told_with_its_line_and_leaves_nothing),
		cmocka_unit_test(a_file_that_commits_by_itself_is_refused),
		cmocka_unit_test(twins_strangers_and_odd_names_are_refused),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
