/* db: PostgreSQL through libpq. Used by cad, idpd and signerd. All SQL of a daemon stands in one static table of statements (its store/ folder), prepared
 * once a connection; parameters and results are binary and typed; rows land in structs by columns. No SQL text is ever built. */
#ifndef MOHAR_DB_DB_H
#define MOHAR_DB_DB_H

#include "base/clock.h"
#include "base/random.h"
#include "json/json.h"

enum { MAX_DB_PARAMS = 40, MAX_DB_COLUMNS = 40 };

enum db_type {
	DB_TEXT,  /* text       <-> char * (owned in rows) */
	DB_BYTES, /* bytea      <-> struct json_bytes in rows (owned), struct span in parameters */
	DB_INT,   /* bigint, integer, smallint <-> int64_t (parameters are sent as bigint) */
	DB_BOOL,  /* boolean    <-> bool */
	DB_TIME,  /* timestamptz <-> unix_time, whole seconds */
	DB_UUID,  /* uuid       <-> struct uuid */
	DB_JSON,  /* jsonb      <-> char * (owned in rows) */
	DB_TEXTS, /* text[]     <-> struct json_list of char * (owned in rows); parameters: struct json_list */
};

/* A column of a result, where it goes in the row struct. NULL in the database gives zero / NULL and leaves *null_offset true if given. */
struct db_column {
	enum db_type type;
	size_t offset;
};

/* A row of a daemon's statement table. Statements are named by an enum that indexes the table. */
struct db_statement {
	const char *name; /* for logs and metrics: "code_redeem" */
	const char *sql;  /* $1 ... */
	const enum db_type *params;
	size_t param_count;
	const struct db_column *columns; /* as selected, in order */
	size_t column_count;
	size_t row_size;
	/* Calls of several threads go as one statement: its parameters come as arrays, an element for each call (unnest(...) WITH ORDINALITY), and its last column,
	 * beyond those above, is the bigint ordinal of the call that the row belongs to. The statement must treat every call as if it were alone: two that want the same
	 * thing may be in one. For db_one() and db_pool_one(); a command without result for db_run_rows(). No parameter may be DB_TEXTS. */
	bool together;
};
#define DB_STATEMENT(NAME, SQL, PARAMS, COLUMNS, ROW)                              \
	{                                                                          \
		NAME, SQL, PARAMS, sizeof(PARAMS) / sizeof((PARAMS)[0]), COLUMNS,  \
			sizeof(COLUMNS) / sizeof((COLUMNS)[0]), sizeof(ROW), false \
	}
#define DB_STATEMENT_TOGETHER(NAME, SQL, PARAMS, COLUMNS, ROW)                    \
	{                                                                         \
		NAME, SQL, PARAMS, sizeof(PARAMS) / sizeof((PARAMS)[0]), COLUMNS, \
			sizeof(COLUMNS) / sizeof((COLUMNS)[0]), sizeof(ROW), true \
	}
#define DB_COMMAND_TOGETHER(NAME, SQL, PARAMS)                                            \
	{                                                                                 \
		NAME, SQL, PARAMS, sizeof(PARAMS) / sizeof((PARAMS)[0]), NULL, 0, 0, true \
	}
#define DB_COMMAND(NAME, SQL, PARAMS)                                                      \
	{                                                                                  \
		NAME, SQL, PARAMS, sizeof(PARAMS) / sizeof((PARAMS)[0]), NULL, 0, 0, false \
	}

/* A parameter. Borrowed for the call. */
struct db_param {
	enum db_type type;
	bool null;
	union {
		struct span span; /* DB_TEXT, DB_BYTES, DB_JSON */
		int64_t number;   /* DB_INT, DB_BOOL, DB_TIME */
		struct uuid uuid;
		const struct json_list *texts;
	} as;
};
struct db_param db_text(const char *text); /* NULL: SQL null */
struct db_param db_text_span(struct span text);
struct db_param db_bytes(struct span bytes); /* ptr NULL: SQL null */
struct db_param db_int(int64_t n);
struct db_param db_bool(bool b);
struct db_param db_time(unix_time t);          /* 0: SQL null */
struct db_param db_uuid(const struct uuid *u); /* NULL: SQL null */
struct db_param db_json(struct span json);     /* ptr NULL: SQL null */
struct db_param db_texts(const struct json_list *l);

struct db_pool;
struct db; /* one leased connection */

/* Up to size connections, the first at once, the others on demand, each with every statement prepared and with search_path = pg_catalog (a function in a
 * migration that names tables without schema must SET its own), statement_timeout 10 s, lock_timeout 5 s, UTC. conninfo is libpq's. The schema to find tables in is
 * named by the statements themselves (idp.person). The table must outlive the pool. */
MUST_USE enum err db_pool_open(const char *conninfo, size_t size, const struct db_statement *table, size_t count,
	struct db_pool **out);
void db_pool_free(struct db_pool **p);

/* Waits at most 2 s for a free connection. ERR_UNAVAILABLE. Give it back with db_free(&db) (AUTO(db) works); an open transaction is then rolled back. */
MUST_USE enum err db_lease(struct db_pool *p, struct db **out);
void db_free(struct db **db);

/* One round trip in its own transaction (or inside db_begin/db_commit): statement number n with params.
 * db_one fills *row (zeroed first): ERR_NOT_FOUND for no row. db_all fills a list of rows. db_run wants no rows; *affected may be NULL.
 * ERR_EXISTS unique violation; ERR_REFUSED check, foreign key or privilege, or raised by a trigger with SQLSTATE 'MR001'; ERR_USED SQLSTATE 'MR002';
 * ERR_UNAVAILABLE connection lost (outcome unknown: never retried here), shut down, too long; the reason names statement and constraint, never values. */
MUST_USE enum err db_one(struct db *db, size_t n, const struct db_param *params, void *row);
MUST_USE enum err db_all(struct db *db, size_t n, const struct db_param *params, struct json_list *rows);
MUST_USE enum err db_run(struct db *db, size_t n, const struct db_param *params, size_t *affected);

/* A `together` command for count rows of parameters, one after the other, at once: as many inserts in one round trip. */
MUST_USE enum err db_run_rows(struct db *db, size_t n, const struct db_param *rows, size_t count);

/* Lease, one statement, give back. For handlers that need just one. db_pool_one() sends a `together` statement with those of other threads. */
MUST_USE enum err db_pool_one(struct db_pool *p, size_t n, const struct db_param *params, void *row);
MUST_USE enum err db_pool_all(struct db_pool *p, size_t n, const struct db_param *params, struct json_list *rows);
MUST_USE enum err db_pool_run(struct db_pool *p, size_t n, const struct db_param *params, size_t *affected);

/* Frees what a row (or a list of rows) of statement n owns, and zeroes it. */
void db_row_free(const struct db_statement *s, void *row);
void db_rows_free(const struct db_statement *s, struct json_list *rows);

/* Several statements in one transaction. Serialisation failures come as ERR_UNAVAILABLE. */
MUST_USE enum err db_begin(struct db *db);
MUST_USE enum err db_commit(struct db *db);
void db_rollback(struct db *db);

/* Is the database there? One round trip. For /readyz. */
MUST_USE enum err db_ping(struct db_pool *p);

#endif
