#include "db/connection.h"

#include <poll.h>

/* No statement hangs a worker, no forgotten transaction holds locks, and no name is found in a schema that it does not say. Statements are prepared once, when
 * tables may be empty, and planned once: the plan must be the one for large tables, which goes by keys. */
static const char settings_sql[] =
	"SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off;"
	"SET statement_timeout = '10s'; SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = '30s';"
	" SET search_path = pg_catalog; SET timezone = 'UTC'; SET client_min_messages = 'warning'; SET default_transaction_isolation = 'read committed'";

void
result_free(PGresult **r)
{
	PQclear(*r);
	*r = NULL;
}

void
connection_close(struct db *db)
{
	PQfinish(db->conn);
	db->conn = NULL;
}

static void
ignore_notice(void *context, const PGresult *notice)
{
	(void)context;
	(void)notice;
}

void
connection_quiet(PGconn *conn)
{
	(void)PQsetNoticeReceiver(conn, ignore_notice, NULL);
}

enum err
connection_command(struct db *db, const char *sql)
{
	RESULT result = PQexec(db->conn, sql);

	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		return connection_error("a command", db->conn, result);
	return ERR_OK;
}

static enum err
prepare(struct db *db, const struct db_statement *s)
{
	Oid types[MAX_DB_PARAMS];
	RESULT result = NULL;

	REQUIRE_WHY(s->param_count <= MAX_DB_PARAMS && s->column_count <= MAX_DB_COLUMNS, ERR_CONFIG,
		"statement %s: too many parameters or columns", s->name);
	for (size_t i = 0; i < s->param_count; i++)
		types[i] = s->together ? db_type_array_oid(s->params[i]) : db_type_oid(s->params[i]);
	result = PQprepare(db->conn, s->name, s->sql, (int)s->param_count, types);
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		return connection_error(s->name, db->conn, result);
	return ERR_OK;
}

/* Has the server hung up while the connection was idle? Then something (its goodbye, or the end) is there to be read. A reload of
 * the server's settings may be too: connecting anew costs little and is never wrong. */
static bool
hung_up(const struct db *db)
{
	struct pollfd socket = {.fd = PQsocket(db->conn), .events = POLLIN};

	return PQstatus(db->conn) != CONNECTION_OK || poll(&socket, 1, 0) != 0;
}

enum err
connection_open(struct db *db, const struct db_settings *settings)
{
	/* conninfo, expanded, may override what stands before it, and not what stands behind */
	const char *const names[] = {"connect_timeout", "dbname", "client_encoding", NULL};
	const char *const values[] = {"2", settings->conninfo, "UTF8", NULL};
	enum err e = ERR_OK;

	if (db->conn != NULL && !hung_up(db))
		return ERR_OK;
	connection_close(db);
	db->conn = PQconnectdbParams(names, values, 1);
	if (db->conn == NULL)
		return ERR_NO_MEMORY;
	if (PQstatus(db->conn) != CONNECTION_OK)
		e = connection_error("connecting (is it running, and is the setting 'database' right?)", db->conn,
			NULL);
	else
		connection_quiet(db->conn);
	if (e == ERR_OK)
		e = connection_command(db, settings_sql);
	for (size_t i = 0; e == ERR_OK && i < settings->count; i++)
		e = prepare(db, &settings->table[i]);
	if (e != ERR_OK)
		connection_close(db);
	return e;
}
