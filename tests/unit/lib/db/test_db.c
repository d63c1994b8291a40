#include "tests/unit/lib/test.h"

#include <pthread.h>

#include <libpq-fe.h>

#include "db/db.h"
#include "tests/unit/lib/db/scratch.h"

enum statement {
	ADD,
	GET,
	ALL,
	TAKE,
	COUNT,
	CHILD,
	REFUSE,
	USE,
	SLEEP,
	SERIALIZE,
	TWO,
	WRONG_TYPE,
	WRONG_COUNT,
	BROKEN_ARRAY,
	TAKE_TOGETHER,
	ADD_ROWS
};

struct thing {
	char *text;
	struct json_bytes bytes;
	int64_t number, small;
	bool flag;
	unix_time at;
	struct uuid id;
	char *json;
	struct json_list texts;
};

struct number {
	int64_t n;
};

static const enum db_type thing_params[] = {DB_TEXT, DB_BYTES, DB_INT, DB_INT, DB_BOOL, DB_TIME, DB_UUID, DB_JSON,
	DB_TEXTS};
static const enum db_type text_params[] = {DB_TEXT};
static const enum db_type rows_params[] = {DB_TEXT, DB_BYTES, DB_INT, DB_BOOL, DB_TIME, DB_UUID, DB_JSON};
static const enum db_type int_params[] = {DB_INT};
static const enum db_type bytes_params[] = {DB_BYTES};
static const struct db_column thing_columns[] = {
	{DB_TEXT, offsetof(struct thing, text)},
	{DB_BYTES, offsetof(struct thing, bytes)},
	{DB_INT, offsetof(struct thing, number)},
	{DB_INT, offsetof(struct thing, small)},
	{DB_BOOL, offsetof(struct thing, flag)},
	{DB_TIME, offsetof(struct thing, at)},
	{DB_UUID, offsetof(struct thing, id)},
	{DB_JSON, offsetof(struct thing, json)},
	{DB_TEXTS, offsetof(struct thing, texts)},
};
static const struct db_column number_columns[] = {{DB_INT, offsetof(struct number, n)}};
static const struct db_column texts_columns[] = {{DB_TEXTS, offsetof(struct thing, texts)}};

#define THING_COLUMNS "text, bytes, number, small, flag, at, id, json, texts"
static const struct db_statement table[] = {
	[ADD] = DB_COMMAND("add", "INSERT INTO t.thing (" THING_COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
		thing_params),
	[GET] = DB_STATEMENT("get", "SELECT " THING_COLUMNS " FROM t.thing WHERE text = $1", text_params, thing_columns,
		struct thing),
	[ALL] = DB_STATEMENT("all", "SELECT " THING_COLUMNS " FROM t.thing WHERE number >= $1 ORDER BY number",
		int_params, thing_columns, struct thing),
	[TAKE] = DB_STATEMENT("take", "UPDATE t.code SET used = true WHERE code = $1 AND NOT used RETURNING 1::bigint",
		text_params, number_columns, struct number),
	[COUNT] = DB_STATEMENT("count", "SELECT count(*) FROM t.thing WHERE number >= $1", int_params, number_columns,
		struct number),
	[CHILD] = DB_COMMAND("child", "INSERT INTO t.child VALUES ($1)", text_params),
	[REFUSE] = DB_COMMAND("refuse", "SELECT t.refuse($1)", text_params),
	[USE] = DB_COMMAND("use", "SELECT t.used($1)", text_params),
	[SLEEP] = DB_COMMAND("sleep", "SELECT pg_sleep($1)", int_params),
	[SERIALIZE] = DB_COMMAND("serialize", "SELECT t.serialize($1)", text_params),
	[TWO] = DB_STATEMENT("two", "SELECT generate_series(1, $1)", int_params, number_columns, struct number),
	[WRONG_TYPE] = DB_STATEMENT("wrong_type", "SELECT 1.5::float8 WHERE $1 > 0", int_params, number_columns,
		struct number),
	[WRONG_COUNT] = DB_STATEMENT("wrong_count", "SELECT 1::bigint, 2 WHERE $1 > 0", int_params, number_columns,
		struct number),
	[BROKEN_ARRAY] = DB_STATEMENT("broken_array", "SELECT ARRAY['a', NULL]::text[] WHERE $1 > 0", int_params,
		texts_columns, struct thing),
	[TAKE_TOGETHER] = DB_STATEMENT_TOGETHER("take_together",
		"WITH u AS (SELECT * FROM unnest($1) WITH ORDINALITY AS u(code, n) ORDER BY code), c AS (UPDATE t.code k SET used = true FROM u "
		"WHERE k.code = u.code AND NOT used RETURNING length(k.code)::bigint AS l, u.n) SELECT l, n FROM c",
		text_params, number_columns, struct number),
	[ADD_ROWS] = DB_COMMAND_TOGETHER("add_rows",
		"INSERT INTO t.thing (text, bytes, number, flag, at, id, json) SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7)",
		rows_params),
};
enum { STATEMENTS = sizeof(table) / sizeof(table[0]) };

static const char schema[] =
	"CREATE SCHEMA t;"
	"CREATE TABLE t.thing (text text PRIMARY KEY, bytes bytea, number bigint, small smallint CHECK (small < 100), flag boolean, at timestamptz,"
	" id uuid, json jsonb, texts text[]);"
	"CREATE TABLE t.child (text text REFERENCES t.thing);"
	"CREATE TABLE t.code (code text PRIMARY KEY, used boolean NOT NULL DEFAULT false);"
	"CREATE FUNCTION t.refuse(x text) RETURNS void LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'four eyes needed' USING ERRCODE = 'MR001'; END$$;"
	"CREATE FUNCTION t.used(x text) RETURNS void LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'spent' USING ERRCODE = 'MR002'; END$$;"
	"CREATE FUNCTION t.serialize(x text) RETURNS void LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40001'; END$$;"
	"CREATE ROLE reader LOGIN; GRANT USAGE ON SCHEMA t TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA t TO reader;";

static struct db_pool *pool;

static void
command(const char *sql)
{
	PGconn *conn = PQconnectdb(scratch_conninfo());
	PGresult *result = PQexec(conn, sql);

	if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK)
		fail_msg("%s", PQerrorMessage(conn));
	PQclear(result);
	PQfinish(conn);
}

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

static int
setup(void **state __attribute__((unused)))
{
	if (scratch_conninfo() == NULL)
		return 0;
	command(schema);
	return db_pool_open(scratch_conninfo(), 4, table, STATEMENTS, &pool) == ERR_OK ? 0 : -1;
}

static int
teardown(void **state __attribute__((unused)))
{
	db_pool_free(&pool);
	return 0;
}

#define NEEDS_POSTGRES()                                 \
	if (pool == NULL) {                              \
		print_message("PostgreSQL not found\n"); \
		skip();                                  \
	}

/* A thing with text and number; everything else null. */
static enum err
add(struct db *db, const char *text, int64_t number)
{
	const struct db_param params[] = {db_text(text), db_bytes(span_of(NULL)), db_int(number), db_int(1),
		db_bool(false), db_time(0), db_uuid(NULL), db_json(span_of(NULL)), db_texts(NULL)};

	return db == NULL ? db_pool_run(pool, ADD, params, NULL) : db_run(db, ADD, params, NULL);
}

static int64_t
count_from(int64_t number)
{
	struct number row = {-1};

	assert_ok(db_pool_one(pool, COUNT, (const struct db_param[]){db_int(number)}, &row));
	return row.n;
}

CASE(every_type_comes_back_as_it_went)
{
	NEEDS_POSTGRES();
	char *items[] = {(char[]){"a"}, (char[]){""}, (char[]){"\xe0\xbd\x96 {,}\""}};
	const struct json_list texts = {items, 3};
	const struct uuid id = uuid_random();
	struct thing row;

	assert_ok(db_pool_run(pool, ADD,
		(const struct db_param[]){db_text("every"), db_bytes(SPAN("\0\xff")), db_int(INT64_MIN), db_int(-7),
			db_bool(true), db_time(1769903999), db_uuid(&id), db_json(SPAN("{\"b\": 1, \"a\": [null]}")),
			db_texts(&texts)},
		NULL));
	assert_ok(db_pool_one(pool, GET, (const struct db_param[]){db_text("every")}, &row));
	assert_string_equal(row.text, "every");
	assert_int_equal(row.bytes.len, 2);
	assert_memory_equal(row.bytes.ptr, "\0\xff", 2);
	assert_true(row.number == INT64_MIN && row.small == -7 && row.flag);
	assert_true(row.at == 1769903999);
	assert_memory_equal(&row.id, &id, sizeof(id));
	assert_string_equal(row.json, "{\"a\": [null], \"b\": 1}");
	assert_int_equal(row.texts.count, 3);
	assert_string_equal(json_text_at(&row.texts, 2), "\xe0\xbd\x96 {,}\"");
	db_row_free(&table[GET], &row);
	assert_null(row.text);
}

CASE(null_and_empty_stay_apart)
{
	NEEDS_POSTGRES();
	const struct json_list none = {NULL, 0};
	struct thing row;

	assert_ok(add(NULL, "null", 1000));
	assert_ok(db_pool_one(pool, GET, (const struct db_param[]){db_text("null")}, &row));
	assert_true(row.bytes.ptr == NULL && row.at == 0 && row.json == NULL && row.texts.items == NULL);
	db_row_free(&table[GET], &row);
	assert_ok(db_pool_run(pool, ADD,
		(const struct db_param[]){db_text(""), db_bytes(SPAN("")), db_int(1001), db_int(0), db_bool(false),
			db_time(-1), db_uuid(NULL), db_json(SPAN("{}")), db_texts(&none)},
		NULL));
	assert_ok(db_pool_one(pool, GET, (const struct db_param[]){db_text("")}, &row));
	assert_string_equal(row.text, "");
	assert_true(row.bytes.ptr != NULL && row.bytes.len == 0 && row.at == -1 && row.texts.count == 0);
	db_row_free(&table[GET], &row);
}

CASE(rows_come_in_order_and_none_is_not_an_error)
{
	NEEDS_POSTGRES();
	struct json_list rows;
	const struct thing *things;

	for (int i = 0; i < 5; i++) {
		char text[16];

		(void)snprintf(text, sizeof(text), "row %d", i);
		assert_ok(add(NULL, text, 2000 + i));
	}
	assert_ok(db_pool_all(pool, ALL, (const struct db_param[]){db_int(2000)}, &rows));
	things = rows.items;
	assert_int_equal(rows.count, 5);
	assert_string_equal(things[4].text, "row 4");
	db_rows_free(&table[ALL], &rows);
	assert_ok(db_pool_all(pool, ALL, (const struct db_param[]){db_int(INT64_MAX)}, &rows));
	assert_int_equal(rows.count, 0);
}

CASE(one_row_means_one_row)
{
	NEEDS_POSTGRES();
	struct number row;
	struct thing thing;

	assert_err(db_pool_one(pool, GET, (const struct db_param[]){db_text("nobody")}, &thing), ERR_NOT_FOUND);
	assert_ok(db_pool_one(pool, TWO, (const struct db_param[]){db_int(1)}, &row));
	assert_err(db_pool_one(pool, TWO, (const struct db_param[]){db_int(2)}, &row), ERR_CORRUPT);
}

CASE(the_servers_refusals_have_their_class_and_never_quote_a_value)
{
	NEEDS_POSTGRES();
	const struct db_param null_text[] = {db_text("x")};

	assert_ok(add(NULL, "secret value", 1));
	assert_err(add(NULL, "secret value", 1), ERR_EXISTS);
	assert_non_null(strstr(err_why(), "add: SQLSTATE 23505 thing_pkey"));
	assert_null(strstr(err_why(), "secret"));
	assert_err(db_pool_run(pool, ADD,
			   (const struct db_param[]){db_text("c"), db_bytes(SPAN("")), db_int(0), db_int(100),
				   db_bool(0), db_time(0), db_uuid(NULL), db_json(span_of(NULL)), db_texts(NULL)},
			   NULL),
		ERR_REFUSED);
	assert_err(add(NULL, NULL, 1), ERR_REFUSED);
	assert_err(db_pool_run(pool, CHILD, (const struct db_param[]){db_text("no parent")}, NULL), ERR_REFUSED);
	assert_err(db_pool_run(pool, REFUSE, null_text, NULL), ERR_REFUSED);
	assert_non_null(strstr(err_why(), "four eyes needed"));
	assert_err(db_pool_run(pool, USE, null_text, NULL), ERR_USED);
	assert_err(db_pool_run(pool, SERIALIZE, null_text, NULL), ERR_UNAVAILABLE);
	assert_err(db_pool_one(pool, GET, (const struct db_param[]){db_text_span(SPAN("a\0b"))}, &(struct thing){0}),
		ERR_MALFORMED);
	assert_err(db_pool_one(pool, GET, (const struct db_param[]){db_text("\xff")}, &(struct thing){0}),
		ERR_MALFORMED);
}

/* Many threads take codes of one length each; every code is wanted by two, and some want what no text can be. */
enum { TAKERS = 24, TAKES = 40 };
static pthread_barrier_t takers_ready;

struct taker {
	size_t number, good, not_found, malformed, wrong;
};

static void *
take_many(void *taker)
{
	struct taker *t = taker;

	(void)pthread_barrier_wait(&takers_ready);
	for (size_t i = 0; i < TAKES; i++) {
		const bool bad = t->number % 8 == 0 && i % 5 == 0;
		struct number row = {-1};
		char code[64];
		enum err e;

		(void)snprintf(code, sizeof(code), "%*zu-%zu", (int)(t->number % TAKERS / 2) + 3, t->number % TAKERS / 2, i);
		e = db_pool_one(pool, TAKE_TOGETHER, (const struct db_param[]){db_text(bad ? "\xff" : code)}, &row);
		t->good += e == ERR_OK && row.n == (int64_t)strlen(code);
		t->not_found += e == ERR_NOT_FOUND;
		t->malformed += bad && e == ERR_MALFORMED && strstr(err_why(), "take_together: SQLSTATE 22") != NULL;
		t->wrong += (e == ERR_OK && row.n != (int64_t)strlen(code)) || (bad && e != ERR_MALFORMED);
	}
	return NULL;
}

CASE(what_many_want_at_once_each_gets_alone_or_not_at_all)
{
	NEEDS_POSTGRES();
	pthread_t threads[TAKERS];
	struct taker takers[TAKERS] = {{0}}, sum = {0};

	command("INSERT INTO t.code SELECT lpad(p::text, p + 3) || '-' || i FROM generate_series(0, 11) p, generate_series(0, 39) i");
	assert_int_equal(pthread_barrier_init(&takers_ready, NULL, TAKERS), 0);
	for (size_t i = 0; i < TAKERS; i++) {
		takers[i].number = i;
		assert_int_equal(pthread_create(&threads[i], NULL, take_many, &takers[i]), 0);
	}
	for (size_t i = 0; i < TAKERS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		sum.good += takers[i].good;
		sum.not_found += takers[i].not_found;
		sum.malformed += takers[i].malformed;
		sum.wrong += takers[i].wrong;
	}
	assert_int_equal(sum.wrong, 0);
	assert_int_equal(sum.malformed, 3 * TAKES / 5);
	assert_int_equal(sum.good, TAKERS / 2 * TAKES); /* each code once */
	assert_int_equal(sum.not_found, TAKERS * TAKES - sum.good - sum.malformed);
}

CASE(a_statement_for_many_is_good_for_one_too)
{
	NEEDS_POSTGRES();
	const struct db_param params[] = {db_text("alone")};
	AUTO(db) *db = NULL;
	struct number row;

	command("INSERT INTO t.code VALUES ('alone')");
	assert_ok(db_lease(pool, &db));
	assert_ok(db_begin(db));
	assert_ok(db_one(db, TAKE_TOGETHER, params, &row));
	assert_int_equal(row.n, 5);
	assert_err(db_one(db, TAKE_TOGETHER, params, &row), ERR_NOT_FOUND);
	db_rollback(db);
	assert_ok(db_one(db, TAKE_TOGETHER, params, &row));
	assert_err(db_run(db, TAKE_TOGETHER, params, NULL), ERR_CONFIG);
	assert_err(db_run_rows(db, TAKE_TOGETHER, params, 1), ERR_CONFIG);
	assert_err(db_run_rows(db, TAKE, params, 1), ERR_CONFIG);
}

CASE(rows_go_together_with_their_nulls_or_not_at_all)
{
	NEEDS_POSTGRES();
	const struct uuid id = uuid_random();
	struct db_param rows[][7] = {
		{db_text("rows 1"), db_bytes(SPAN("\0\xff")), db_int(-5), db_bool(true), db_time(1769903999),
			db_uuid(&id), db_json(SPAN("{\"a\": 1}"))},
		{db_text("rows 2"), db_bytes(span_of(NULL)), db_int(6), db_bool(false), db_time(0), db_uuid(NULL),
			db_json(span_of(NULL))},
	};
	AUTO(db) *db = NULL;
	struct thing row;

	assert_ok(db_lease(pool, &db));
	assert_ok(db_run_rows(db, ADD_ROWS, rows[0], 0));
	assert_ok(db_run_rows(db, ADD_ROWS, rows[0], 2));
	assert_ok(db_pool_one(pool, GET, (const struct db_param[]){db_text("rows 1")}, &row));
	assert_true(row.number == -5 && row.flag && row.at == 1769903999 && row.bytes.len == 2);
	assert_memory_equal(&row.id, &id, sizeof(id));
	assert_string_equal(row.json, "{\"a\": 1}");
	db_row_free(&table[GET], &row);
	assert_ok(db_pool_one(pool, GET, (const struct db_param[]){db_text("rows 2")}, &row));
	assert_true(row.number == 6 && !row.flag && row.at == 0 && row.bytes.ptr == NULL && row.json == NULL);
	db_row_free(&table[GET], &row);
	rows[0][0] = db_text("rows 3"); /* good, and its fellow is there already */
	assert_err(db_run_rows(db, ADD_ROWS, rows[0], 2), ERR_EXISTS);
	assert_err(db_pool_one(pool, GET, (const struct db_param[]){db_text("rows 3")}, &row), ERR_NOT_FOUND);
}

CASE(a_role_may_do_no_more_than_it_was_granted)
{
	NEEDS_POSTGRES();
	struct db_pool *reader = NULL;
	char conninfo[300];

	(void)snprintf(conninfo, sizeof(conninfo), "%s user=reader", scratch_conninfo());
	assert_ok(db_pool_open(conninfo, 1, table, STATEMENTS, &reader));
	assert_err(db_pool_run(reader, CHILD, (const struct db_param[]){db_text("x")}, NULL), ERR_REFUSED);
	assert_non_null(strstr(err_why(), "permission denied"));
	db_pool_free(&reader);
}

CASE(the_table_and_the_statement_must_agree)
{
	NEEDS_POSTGRES();
	const struct db_param one[] = {db_int(1)};
	struct number row;
	struct thing thing;

	assert_err(db_pool_one(pool, WRONG_TYPE, one, &row), ERR_CONFIG);
	assert_non_null(strstr(err_why(), "wrong_type: column float8 has type 701"));
	assert_err(db_pool_one(pool, WRONG_COUNT, one, &row), ERR_CONFIG);
	assert_err(db_pool_one(pool, GET, one, &thing), ERR_CONFIG);
	assert_non_null(strstr(err_why(), "parameter $1 is of another type"));
	assert_err(db_pool_one(pool, BROKEN_ARRAY, one, &thing), ERR_CORRUPT);
	assert_err(db_pool_one(pool, 999, one, &row), ERR_CONFIG);
}

CASE(a_broken_statement_or_a_wrong_address_is_told_at_the_start)
{
	NEEDS_POSTGRES();
	static const struct db_statement broken[] = {
		DB_COMMAND("to_nowhere", "INSERT INTO t.nowhere VALUES ($1)", bytes_params)};
	struct db_pool *p = NULL;

	assert_err(db_pool_open(scratch_conninfo(), 1, broken, 1, &p), ERR_CONFIG);
	assert_non_null(strstr(err_why(), "to_nowhere: SQLSTATE 42P01: relation \"t.nowhere\" does not exist"));
	assert_err(db_pool_open("host=/nonexistent dbname=x", 1, table, STATEMENTS, &p), ERR_UNAVAILABLE);
	assert_non_null(strstr(err_why(), "connecting"));
	assert_null(p);
}

CASE(a_transaction_is_all_or_nothing)
{
	NEEDS_POSTGRES();
	struct db *db = NULL;

	assert_ok(db_lease(pool, &db));
	assert_ok(db_begin(db));
	assert_ok(add(db, "tx 1", 3000));
	assert_int_equal(count_from(3000), 0); /* not seen outside */
	db_rollback(db);
	assert_int_equal(count_from(3000), 0);
	assert_ok(db_begin(db));
	assert_err(db_begin(db), ERR_CONFIG);
	assert_ok(add(db, "tx 1", 3000));
	assert_ok(add(db, "tx 2", 3001));
	assert_ok(db_commit(db));
	assert_int_equal(count_from(3000), 2);
	db_free(&db);
	assert_null(db);
}

CASE(a_commit_of_a_failed_transaction_is_no_success)
{
	NEEDS_POSTGRES();
	struct db *db = NULL;

	assert_ok(db_lease(pool, &db));
	assert_ok(db_begin(db));
	assert_ok(add(db, "failed", 4000));
	assert_err(add(db, "failed", 4000), ERR_EXISTS);
	assert_err(add(db, "after", 4001), ERR_UNAVAILABLE);
	assert_err(db_commit(db), ERR_UNAVAILABLE);
	db_free(&db);
	assert_int_equal(count_from(4000), 0);
}

CASE(a_transaction_given_back_open_is_rolled_back)
{
	NEEDS_POSTGRES();
	struct db *db = NULL;

	assert_ok(db_lease(pool, &db));
	assert_ok(db_begin(db));
	assert_ok(add(db, "left open", 5000));
	db_free(&db);
	for (int i = 0; i < 4; i++)
		assert_int_equal(count_from(5000), 0);
}

static void *
redeem(void *wins)
{
	struct number row;

	if (db_pool_one(pool, TAKE, (const struct db_param[]){db_text("code")}, &row) == ERR_OK)
		__atomic_fetch_add((int *)wins, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

CASE(of_concurrent_redemptions_exactly_one_wins)
{
	NEEDS_POSTGRES();
	pthread_t threads[16];
	int wins = 0;

	command("INSERT INTO t.code VALUES ('code')");
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
		assert_ok(db_lease(pool, &leased[i]));
	assert_err(db_lease(pool, &fifth), ERR_UNAVAILABLE);
	assert_in_range(clock_ticks() - start, 1900000, 4000000);
	for (int i = 0; i < 4; i++)
		db_free(&leased[i]);
	assert_ok(db_ping(pool));
}

static void *
sleep_there(void *result)
{
	*(enum err *)result = db_pool_run(pool, SLEEP, (const struct db_param[]){db_int(60)}, NULL);
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
		assert_ok(db_ping(pool));
}

CASE(a_crash_of_the_server_is_unavailable_and_then_over)
{
	NEEDS_POSTGRES();
	struct db *db = NULL;

	assert_ok(add(NULL, "before the crash", 6000));
	assert_ok(db_lease(pool, &db));
	assert_ok(db_begin(db));
	assert_ok(add(db, "in flight", 6001));
	scratch_crash();
	assert_err(db_commit(db), ERR_UNAVAILABLE); /* unknown, and never tried again */
	db_free(&db);
	assert_err(db_ping(pool), ERR_UNAVAILABLE);
	assert_err(add(NULL, "while down", 6002), ERR_UNAVAILABLE);
	scratch_again();
	for (int i = 0; i < 4; i++) /* every connection of before */
		assert_ok(db_ping(pool));
	assert_int_equal(count_from(6000), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_comes_back_as_it_went),
		cmocka_unit_test(null_and_empty_stay_apart),
		cmocka_unit_test(rows_come_in_order_and_none_is_not_an_error),
		cmocka_unit_test(one_row_means_one_row),
		cmocka_unit_test(the_servers_refusals_have_their_class_and_never_quote_a_value),
		cmocka_unit_test(what_many_want_at_once_each_gets_alone_or_not_at_all),
		cmocka_unit_test(a_statement_for_many_is_good_for_one_too),
		cmocka_unit_test(rows_go_together_with_their_nulls_or_not_at_all),
		cmocka_unit_test(a_role_may_do_no_more_than_it_was_granted),
		cmocka_unit_test(the_table_and_the_statement_must_agree),
		cmocka_unit_test(a_broken_statement_or_a_wrong_address_is_told_at_the_start),
		cmocka_unit_test(a_transaction_is_all_or_nothing),
		cmocka_unit_test(a_commit_of_a_failed_transaction_is_no_success),
		cmocka_unit_test(a_transaction_given_back_open_is_rolled_back),
		cmocka_unit_test(of_concurrent_redemptions_exactly_one_wins),
		cmocka_unit_test(a_busy_pool_answers_unavailable_instead_of_hanging),
		cmocka_unit_test(a_statement_that_is_cut_off_is_unavailable),
		cmocka_unit_test(a_crash_of_the_server_is_unavailable_and_then_over),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
