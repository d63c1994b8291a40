#include <stdlib.h>
#include <string.h>

#include "db/connection.h"
#include "db/param.h"
#include "db/row.h"
#include "db/together.h"

/* Sends statement n and waits for its result. Never twice: whether a lost statement was executed is not known here. */
static enum err
execute(struct db *db, const struct db_statement *s, const struct db_param *params, PGresult **out)
{
	AUTO(bound) bound;
	PGresult *result;
	ExecStatusType status;

	bound.count = 0;
	REQUIRE_WHY(!s->together, ERR_CONFIG, "statement %s is for db_one() only", s->name);
	TRY(bound_make(s, params, &bound));
	result = PQexecPrepared(db->conn, s->name, (int)bound.count, bound.values, bound.lengths, bound.formats, 1);
	status = PQresultStatus(result);
	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
		const enum err e = connection_error(s->name, db->conn, result);

		PQclear(result);
		return e;
	}
	*out = result;
	return ERR_OK;
}

static enum err
statement_of(const struct db *db, size_t n, const struct db_statement **out)
{
	const struct db_settings *settings = db_settings_of(db);

	REQUIRE_WHY(n < settings->count, ERR_CONFIG, "database: no statement %zu", n);
	*out = &settings->table[n];
	return ERR_OK;
}

enum err
db_one(struct db *db, size_t n, const struct db_param *params, void *row)
{
	const struct db_statement *s = NULL;
	RESULT result = NULL;

	TRY(statement_of(db, n, &s));
	memset(row, 0, s->row_size);
	if (s->together)
		return together_alone(db, s, params, row);
	TRY(execute(db, s, params, &result));
	TRY(row_check(s, result));
	REQUIRE(PQntuples(result) > 0, ERR_NOT_FOUND);
	REQUIRE_WHY(PQntuples(result) == 1, ERR_CORRUPT, "statement %s: %d rows where one was expected", s->name,
		PQntuples(result));
	return row_read(s, result, 0, row);
}

enum err
db_all(struct db *db, size_t n, const struct db_param *params, struct json_list *rows)
{
	const struct db_statement *s = NULL;
	RESULT result = NULL;

	*rows = (struct json_list){NULL, 0};
	TRY(statement_of(db, n, &s));
	TRY(execute(db, s, params, &result));
	TRY(row_check(s, result));
	if (PQntuples(result) == 0)
		return ERR_OK;
	rows->items = calloc((size_t)PQntuples(result), s->row_size);
	REQUIRE(rows->items != NULL, ERR_NO_MEMORY);
	for (int i = 0; i < PQntuples(result); i++) {
		const enum err e = row_read(s, result, i, (char *)rows->items + rows->count * s->row_size);

		if (e != ERR_OK) {
			db_rows_free(s, rows);
			return e;
		}
		rows->count++;
	}
	return ERR_OK;
}

enum err
db_run(struct db *db, size_t n, const struct db_param *params, size_t *affected)
{
	const struct db_statement *s = NULL;
	RESULT result = NULL;

	TRY(statement_of(db, n, &s));
	TRY(execute(db, s, params, &result));
	if (affected != NULL)
		*affected = strtoul(PQcmdTuples(result), NULL, 10);
	return ERR_OK;
}

enum err
db_run_rows(struct db *db, size_t n, const struct db_param *rows, size_t count)
{
	const struct db_statement *s = NULL;

	TRY(statement_of(db, n, &s));
	REQUIRE_WHY(s->together && s->column_count == 0, ERR_CONFIG, "statement %s is not for rows", s->name);
	return count > 0 ? together_rows(db, s, rows, count) : ERR_OK;
}

enum err
db_begin(struct db *db)
{
	REQUIRE_WHY(PQtransactionStatus(db->conn) == PQTRANS_IDLE, ERR_CONFIG,
		"database: a transaction inside a transaction");
	return connection_command(db, "BEGIN");
}

enum err
db_commit(struct db *db)
{
	RESULT result = PQexec(db->conn, "COMMIT");

	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		return connection_error("COMMIT", db->conn, result);
	/* COMMIT of a failed transaction succeeds in rolling back. */
	REQUIRE_WHY(strcmp(PQcmdStatus(result), "COMMIT") == 0, ERR_UNAVAILABLE,
		"database: the transaction had failed and was rolled back");
	return ERR_OK;
}

void
db_rollback(struct db *db)
{
	RESULT result = NULL;

	if (db->conn == NULL || PQtransactionStatus(db->conn) == PQTRANS_IDLE)
		return;
	result = PQexec(db->conn, "ROLLBACK");
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		connection_close(db);
}
