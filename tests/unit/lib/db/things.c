#include "tests/unit/lib/db/things.h"

#include <libpq-fe.h>

#include "tests/unit/lib/db/scratch.h"

static const enum db_type thing_params[] = {DB_TEXT, DB_BYTES, DB_INT, DB_INT, DB_BOOL, DB_TIME, DB_UUID, DB_JSON,
	DB_TEXTS};
static const enum db_type text_params[] = {DB_TEXT};
static const enum db_type rows_params[] = {DB_TEXT, DB_BYTES, DB_INT, DB_BOOL, DB_TIME, DB_UUID, DB_JSON};
static const enum db_type int_params[] = {DB_INT};
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
const struct db_statement things_table[THINGS_STATEMENTS] = {
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

struct db_pool *things_pool;

void
things_command(const char *sql)
{
	PGconn *conn = PQconnectdb(scratch_conninfo());
	PGresult *result = PQexec(conn, sql);

	if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK)
		fail_msg("%s", PQerrorMessage(conn));
	PQclear(result);
	PQfinish(conn);
}

int
things_set_up(void **state __attribute__((unused)))
{
	if (scratch_conninfo() == NULL)
		return 0;
	things_command(schema);
	return db_pool_open(scratch_conninfo(), 4, things_table, THINGS_STATEMENTS, &things_pool) == ERR_OK ? 0 : -1;
}

int
things_tear_down(void **state __attribute__((unused)))
{
	db_pool_free(&things_pool);
	return 0;
}

enum err
things_add(struct db *db, const char *text, int64_t number)
{
	const struct db_param params[] = {db_text(text), db_bytes(span_of(NULL)), db_int(number), db_int(1),
		db_bool(false), db_time(0), db_uuid(NULL), db_json(span_of(NULL)), db_texts(NULL)};

	return db == NULL ? db_pool_run(things_pool, ADD, params, NULL) : db_run(db, ADD, params, NULL);
}

int64_t
things_count_from(int64_t number)
{
	struct number row = {-1};

	assert_ok(db_pool_one(things_pool, COUNT, (const struct db_param[]){db_int(number)}, &row));
	return row.n;
}
