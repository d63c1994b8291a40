#include "tests/unit/lib/test.h"

#include <time.h>

#include "tests/unit/lib/db/scratch.h"
#include "tests/unit/signer/log/country.h"

enum { WAITING = 100000, QUIET = 60 };

static int64_t
read_whole(void)
{
	return ask_number(
		"SELECT seq_tup_read FROM pg_stat_user_tables WHERE schemaname = 'ca' AND relname = 'outbox'");
}

static double
seconds(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The sequencer's statements were planned when the outbox was empty, when to read all of it costs nothing; nobody has counted its rows since. */
CASE(a_backlog_is_not_read_as_a_whole_for_each_batch)
{
	NEEDS_POSTGRES();
	struct tlog *l = open_log(0);
	int64_t before;
	double began;

	(void)ask("ALTER TABLE ca.outbox SET (autovacuum_enabled = off)");
	(void)ask("VACUUM ANALYZE ca.outbox");
	for (int i = 0; i < QUIET; i++) {
		act_often(1);
		sequence_all(l);
	}
	act_often(WAITING);
	before = read_whole();
	began = seconds();
	sequence_all(l);
	print_message("%d rows in %.1f s\n", WAITING, seconds() - began);
	assert_int_equal(ask_number("SELECT count(*) FROM ca.outbox"), 0);
	tlog_free(&l);                                          /* a session tells what it has read when it ends */
	assert_in_range(read_whole() - before, 0, 3 * WAITING); /* our own count, once or twice */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_backlog_is_not_read_as_a_whole_for_each_batch)};

	return cmocka_run_group_tests(tests, country_setup, country_teardown);
}
