#include "tests/unit/lib/db/things.h"

#include <pthread.h>

#include <libpq-fe.h>

#include "tests/unit/lib/db/scratch.h"

/* Does the command touch a row? */
static bool
killed(const char *sql)
{
	PGconn *conn = PQconnectdb(scratch_conninfo());
	PGresult *result = PQexec(conn, sql);
	const bool some = PQntuples(result) > 0;

	PQclear(result);
	PQfinish(conn);
	return some;
}

CASE(a_transaction_is_all_or_nothing)
{
	NEEDS_POSTGRES();
	struct db *db = NULL;

	assert_ok(db_lease(things_pool, &db));
	assert_ok(db_begin(db));
	assert_ok(things_add(db, "tx 1", 3000));
	assert_int_equal(things_count_from(3000), 0); /* not seen outside */
	db_rollback(db);
	assert_int_equal(things_count_from(3000), 0);
	assert_ok(db_begin(db));
	assert_err(db_begin(db), ERR_CONFIG);
	assert_ok(things_add(db, "tx 1", 3000));
	assert_ok(things_add(db, "tx 2", 3001));
	assert_ok(db_commit(db));
	assert_int_equal(things_count_from(3000), 2);
	db_free(&db);
	assert_null(db);
}

CASE(a_commit_of_a_failed_transaction_is_no_success)
{
	NEEDS_POSTGRES();
	struct db *db = NULL;

	assert_ok(db_lease(things_pool, &db));
	assert_ok(db_begin(db));
	assert_ok(things_add(db, "failed", 4000));
	assert_err(things_add(db, "failed", 4000), ERR_EXISTS);
	assert_err(things_add(db, "after", 4001), ERR_UNAVAILABLE);
	assert_err(db_commit(db), ERR_UNAVAILABLE);
	db_free(&db);
	assert_int_equal(things_count_from(4000), 0);
}

CASE(a_transaction_given_back_open_is_rolled_back)
{
	NEEDS_POSTGRES();
	struct db *db = NULL;

	assert_ok(db_lease(things_pool, &db));
	assert_ok(db_begin(db));
	assert_ok(things_add(db, "left open", 5000));
	db_free(&db);
	for (int i = 0; i < 4; i++)
		assert_int_equal(things_count_from(5000), 0);
}

static void *
redeem(void *wins)
{
	struct number row;

	if (db_pool_one(things_pool, TAKE, (const struct db_param[]){db_text("code")}, &row) == ERR_OK)
		__atomic_fetch_add((int *)wins, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

CASE(of_concurrent_redemptions_exactly_one_wins)
{
	NEEDS_POSTGRES();
	pthread_t threads[16];
	int wins = 0;

	things_command("INSERT INTO t.code VALUES ('code')");
	for (int i = 0; i < 16; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, redeem, &wins), 0);
	for (int i = 0; i < 16; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(wins, 1);
}

CASE(a_busy_pool_answers_unavailable_instead_of_hanging)
{
	NEEDS_POSTGRES();
	struct db *leased[4] = {NULL}, *fifth = NULL;
	const int64_t start = clock_ticks();

	for (int i = 0; i < 4; i++)
		assert_ok(db_lease(things_pool, &leased[i]));
	assert_err(db_lease(things_pool, &fifth), ERR_UNAVAILABLE);
	assert_in_range(clock_ticks() - start, 1900000, 4000000);
	for (int i = 0; i < 4; i++)
		db_free(&leased[i]);
	assert_ok(db_ping(things_pool));
}

static void *
sleep_there(void *result)
{
	*(enum err *)result = db_pool_run(things_pool, SLEEP, (const struct db_param[]){db_int(60)}, NULL);
	return NULL;
}

CASE(a_statement_that_is_cut_off_is_unavailable)
{
	NEEDS_POSTGRES();
	static const char kill_it[] =
		"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'";
	enum err result = ERR_OK;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, sleep_there, &result), 0);
	while (!killed(kill_it))
		(void)usleep(10000);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_err(result, ERR_UNAVAILABLE);
	for (int i = 0; i < 4; i++)
		assert_ok(db_ping(things_pool));
}

CASE(a_crash_of_the_server_is_unavailable_and_then_over)
{
	NEEDS_POSTGRES();
	struct db *db = NULL;

	assert_ok(things_add(NULL, "before the crash", 6000));
	assert_ok(db_lease(things_pool, &db));
	assert_ok(db_begin(db));
	assert_ok(things_add(db, "in flight", 6001));
	scratch_crash();
	assert_err(db_commit(db), ERR_UNAVAILABLE); /* unknown, and never tried again */
	db_free(&db);
	assert_err(db_ping(things_pool), ERR_UNAVAILABLE);
	assert_err(things_add(NULL, "while down", 6002), ERR_UNAVAILABLE);
	scratch_again();
	for (int i = 0; i < 4; i++) /* every connection of before */
		assert_ok(db_ping(things_pool));
	assert_int_equal(things_count_from(6000), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_transaction_is_all_or_nothing),
		cmocka_unit_test(a_commit_of_a_failed_transaction_is_no_success),
		cmocka_unit_test(a_transaction_given_back_open_is_rolled_back),
		cmocka_unit_test(of_concurrent_redemptions_exactly_one_wins),
		cmocka_unit_test(a_busy_pool_answers_unavailable_instead_of_hanging),
		cmocka_unit_test(a_statement_that_is_cut_off_is_unavailable),
		cmocka_unit_test(a_crash_of_the_server_is_unavailable_and_then_over),
	};
	return cmocka_run_group_tests(tests, things_set_up, things_tear_down);
}
