#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ca/revoke/many.h"
#include "ca/store/statements.h"
#include "db/migrate.h"

/* Two and a half batches of one profile, all issued within three seconds. */
enum { ROWS = 12345, REVOKED = 45 };

static char folder[64], conninfo[160];
static struct cad cad;
static const struct suspend_order order = {.actor = "test", .channel = "quorum", .bulk = "bulk-1"};

static int
shell(const char *format, const char *argument, char *said, size_t room)
{
	char command[1024];

	(void)snprintf(command, sizeof(command), format, folder, argument);
	FILE *out = popen(command, "r");

	assert_non_null(out);
	if (fgets(said, (int)room, out) == NULL)
		said[0] = '\0';
	said[strcspn(said, "\n")] = '\0';
	const int status = pclose(out);

	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The first value of the first row, as a number. */
static long
sql(const char *statement)
{
	char said[200];

	assert_int_equal(shell("psql -qAt -h '%s' -U postgres -d mohar -c \"%s\"", statement, said, sizeof(said)), 0);
	return atol(said);
}

static int
set_up(void **state)
{
	static const char *const folders[] = {"lib/audit/sql", "ca/store/migrations", NULL};
	char said[200], pid[24];
	int applied;

	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/mohar-many-%d", (int)getpid());
	(void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
	const int status = shell("tests/postgres start '%s' %s", pid, said, sizeof(said));

	if (status == 77)
		return 0;
	assert_int_equal(status, 0);
	assert_int_equal(shell("psql -q -h '%s' -U postgres -d postgres -f deploy/sql/roles.sql >%s", "/dev/null", said,
				 sizeof(said)),
		0);
	(void)snprintf(conninfo, sizeof(conninfo), "host=%s user=postgres dbname=mohar", folder);
	cad.clock = clock_system();
	assert_int_equal(db_migrate(conninfo, "ca", folders, &applied), ERR_OK);
	assert_int_equal(db_pool_open(conninfo, 2, ca_statements, CA_STATEMENT_COUNT, &cad.db), ERR_OK);
	return 0;
}

static int
tear_down(void **state)
{
	char said[200];

	(void)state;
	if (cad.db != NULL)
		db_pool_free(&cad.db);
	return shell("tests/postgres stop '%s' %s", "", said, sizeof(said)) < 0;
}

#define NEEDS_DATABASE      \
	(void)state;        \
	if (cad.db == NULL) \
	skip()

static void
fill(void)
{
	sql("SET session_replication_role = replica; DELETE FROM ca.certificate; DELETE FROM ca.status_batch; DELETE FROM ca.status_change; DELETE FROM ca.selection; DELETE FROM ca.event;"
	    "INSERT INTO ca.certificate (serial, issuer, profile, subject, spki_sha256, not_before, not_after, der, issued_at, actor, principal, channel, shard, revoked_at, reason)"
	    " SELECT decode('01' || substr(md5(n::text), 3), 'hex'), 'a-ca', CASE WHEN n <= 12345 THEN 'one' ELSE 'two' END, 'x', sha256(n::text::bytea), now(), now() + interval '1 day', 'x',"
	    "  date_trunc('second', now()) - (n % 3) * interval '1 second', 'x', 'x', 'x', n % 4, CASE WHEN n <= 45 THEN now() END, CASE WHEN n <= 45 THEN 1 END"
	    " FROM generate_series(1, 13000) n");
}

static void
many_are_suspended_batch_by_batch_though_they_were_issued_at_once(void **state)
{
	const struct suspend_query q = {.profile = "one"};
	int64_t count;
	size_t done;

	NEEDS_DATABASE;
	fill();
	assert_int_equal(suspend_count(&cad, &q, &count), ERR_OK);
	assert_int_equal(count, ROWS - REVOKED);
	assert_int_equal(suspend_many(&cad, &q, &order, NULL, NULL, &done), ERR_OK);
	assert_int_equal(done, ROWS - REVOKED);
	assert_int_equal(sql("SELECT count(*) FROM ca.certificate WHERE reason = 6"), ROWS - REVOKED);
	assert_int_equal(sql("SELECT count(*) FROM ca.certificate WHERE profile = 'two' AND revoked_at IS NOT NULL"),
		0);
	assert_int_equal(sql("SELECT count(*) FROM ca.certificate WHERE reason = 1"), REVOKED);
	assert_int_equal(sql("SELECT sum(octet_length(serials) / 16) FROM ca.status_change"), ROWS - REVOKED);
	assert_int_equal(suspend_many(&cad, &q, &order, NULL, NULL, &done), ERR_OK);
	assert_int_equal(done, 0);
}

static void
each_batch_has_one_event_that_names_its_list_by_hash(void **state)
{
	NEEDS_DATABASE;
	assert_int_equal(sql("SELECT count(*) FROM ca.status_batch WHERE bulk = 'bulk-1'"), 3);
	assert_int_equal(sql("SELECT count(*) FROM ca.event WHERE type = 'certificate.suspended-many'"), 3);
	assert_int_equal(
		sql("SELECT count(*) FROM ca.status_batch b JOIN ca.event e ON e.id = b.event WHERE convert_from(e.entry, 'UTF8')"
		    " LIKE '%serials_sha256\\\":\\\"' || rtrim(translate(encode(sha256(b.serials), 'base64'), '+/', '-_'), '=') || '\\\"%'"),
		3);
}

static enum err
stop(void *context, size_t done)
{
	(void)context;
	(void)done;
	return ERR_UNAVAILABLE;
}

static void
what_was_interrupted_goes_on(void **state)
{
	const struct suspend_query q = {.profile = "one"};
	size_t done;

	NEEDS_DATABASE;
	fill();
	assert_int_equal(suspend_many(&cad, &q, &order, stop, NULL, &done), ERR_UNAVAILABLE);
	assert_int_equal(done, SUSPEND_BATCH);
	assert_int_equal(sql("SELECT count(*) FROM ca.certificate WHERE reason = 6"), SUSPEND_BATCH);
	assert_int_equal(suspend_many(&cad, &q, &order, NULL, NULL, &done), ERR_OK);
	assert_int_equal(done, ROWS - REVOKED - SUSPEND_BATCH);
}

/* Valid, revoked, never issued. */
static void
a_selection_suspends_what_is_valid_of_it_and_nothing_else(void **state)
{
	const struct uuid id = uuid_random();
	const struct suspend_query q = {.selection = &id};
	AUTO(writer) serials = writer_new(3 * SERIAL_LEN);
	char said[200];
	size_t done;

	NEEDS_DATABASE;
	fill();
	assert_int_equal(
		shell("psql -qAt -h '%s' -U postgres -d mohar -c \"SELECT substr(md5('100'), 3) || substr(md5('1'), 3) || substr(md5('99999'), 3)\"%s",
			"", said, sizeof(said)),
		0);
	for (size_t i = 0; i < 3; i++) {
		writer_u8(&serials, 1);
		for (size_t k = 0; k < SERIAL_LEN - 1; k++) {
			unsigned byte;

			assert_int_equal(sscanf(said + i * 2 * (SERIAL_LEN - 1) + 2 * k, "%2x", &byte), 1);
			writer_u8(&serials, (uint8_t)byte);
		}
	}
	assert_int_equal(selection_add(&cad, &id, SPAN("short")), ERR_MALFORMED);
	assert_int_equal(selection_add(&cad, &id, writer_span(&serials)), ERR_OK);
	assert_int_equal(selection_add(&cad, &id, writer_span(&serials)), ERR_OK);
	assert_int_equal(sql("SELECT count(*) FROM ca.selection"), 3);
	assert_int_equal(suspend_many(&cad, &q, &order, NULL, NULL, &done), ERR_OK);
	assert_int_equal(done, 1);
	assert_int_equal(sql("SELECT count(*) FROM ca.certificate WHERE reason = 6"), 1);
	assert_int_equal(selection_drop(&cad, &id), ERR_OK);
	assert_int_equal(sql("SELECT count(*) FROM ca.selection"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_are_suspended_batch_by_batch_though_they_were_issued_at_once),
		cmocka_unit_test(each_batch_has_one_event_that_names_its_list_by_hash),
		cmocka_unit_test(what_was_interrupted_goes_on),
		cmocka_unit_test(a_selection_suspends_what_is_valid_of_it_and_nothing_else),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
