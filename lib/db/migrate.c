#include "db/migrate.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/encode.h"
#include "base/file.h"
#include "db/connection.h"

enum { MAX_MIGRATIONS = 1000, MAX_MIGRATION = 1 << 20, MAX_SCHEMA_NAME = 40, NUMBER_LEN = 3 };

/* One file. */
struct migration {
	int number;
	char *path, *name; /* owned */
};

struct migrations {
	struct migration *items; /* sorted by number */
	size_t count;
};

static void
migrations_free(struct migrations *m)
{
	for (size_t i = 0; i < m->count; i++) {
		free(m->items[i].path);
		free(m->items[i].name);
	}
	free(m->items);
}

/* A run: what it is connected to. */
struct run {
	PGconn *conn;
	const char *schema;
};

static void
run_free(struct run *r)
{
	PQfinish(r->conn);
}

/* NNN_name.sql, or it is not a migration. */
static bool
is_migration(const char *name)
{
	const size_t len = strlen(name);

	return len > NUMBER_LEN + 5 && strspn(name, "0123456789") == NUMBER_LEN && name[NUMBER_LEN] == '_' &&
		strcmp(name + len - 4, ".sql") == 0;
}

static int
by_number(const void *a, const void *b)
{
	return ((const struct migration *)a)->number - ((const struct migration *)b)->number;
}

static enum err
add(struct migrations *m, const char *folder, const char *name)
{
	struct migration *one = &m->items[m->count];

	REQUIRE_WHY(m->count < MAX_MIGRATIONS, ERR_CONFIG, "%s: more than %d migrations", folder, MAX_MIGRATIONS);
	one->number = (int)strtol(name, NULL, 10);
	one->name = strdup(name);
	if (asprintf(&one->path, "%s/%s", folder, name) < 0)
		one->path = NULL;
	m->count++;
	REQUIRE(one->name != NULL && one->path != NULL, ERR_NO_MEMORY);
	return ERR_OK;
}

static enum err
add_folder(struct migrations *m, const char *folder)
{
	DIR *open_folder = opendir(folder);
	const struct dirent *entry;
	enum err e = ERR_OK;

	REQUIRE_WHY(open_folder != NULL, ERR_CONFIG, "%s: opening this folder of migrations: %s", folder,
		strerror(errno));
	while (e == ERR_OK && (entry = readdir(open_folder)) != NULL) {
		if (is_migration(entry->d_name))
			e = add(m, folder, entry->d_name);
		else if (entry->d_name[0] != '.')
			e = err_because(ERR_CONFIG, "%s/%s: a migration is called NNN_name.sql", folder, entry->d_name);
	}
	closedir(open_folder);
	return e;
}

static enum err
find(const char *const *folders, struct migrations *m)
{
	m->items = calloc(MAX_MIGRATIONS, sizeof(m->items[0]));
	REQUIRE(m->items != NULL, ERR_NO_MEMORY);
	for (; *folders != NULL; folders++)
		TRY(add_folder(m, *folders));
	qsort(m->items, m->count, sizeof(m->items[0]), by_number);
	for (size_t i = 1; i < m->count; i++)
		REQUIRE_WHY(m->items[i].number != m->items[i - 1].number, ERR_CONFIG,
			"%s: has the number of %s: give it the next free one", m->items[i].path, m->items[i - 1].path);
	return ERR_OK;
}

/* Runs fixed SQL with text parameters. */
static enum err
run_sql(const struct run *r, const char *what, const char *sql, const char *const *params, int count, PGresult **out)
{
	PGresult *result = PQexecParams(r->conn, sql, count, NULL, params, NULL, NULL, 0);
	const ExecStatusType status = PQresultStatus(result);

	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
		const enum err e = connection_error(what, r->conn, result);

		PQclear(result);
		return e;
	}
	if (out == NULL)
		PQclear(result);
	else
		*out = result;
	return ERR_OK;
}

static enum err
make_schema(const struct run *r)
{
	AUTO(writer) sql = writer_new(200);
	RESULT found = NULL;

	TRY(run_sql(r, "looking for the schema", "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1", &r->schema,
		1, &found));
	if (PQntuples(found) > 0)
		return ERR_OK;
	/* The one identifier that SQL cannot take as a parameter; is_name() has looked at every letter. */
	writer_format(&sql, "CREATE SCHEMA %s", r->schema);
	TRY(writer_done(&sql));
	return run_sql(r, "creating the schema", (const char *)writer_span(&sql).ptr, NULL, 0, NULL);
}

static bool
is_name(const char *schema)
{
	const size_t len = strlen(schema);

	return len >= 1 && len <= MAX_SCHEMA_NAME && strspn(schema, "abcdefghijklmnopqrstuvwxyz0123456789_") == len &&
		(schema[0] < '0' || schema[0] > '9');
}

static enum err
prepare_schema(const struct run *r)
{
	/* Until the session ends: two daemons that start together migrate one after the other. */
	TRY(run_sql(r, "waiting for the migration lock",
		"SELECT pg_advisory_lock(hashtextextended('mohar migrate ' || $1, 0))", &r->schema, 1, NULL));
	TRY(make_schema(r));
	TRY(run_sql(r, "setting search_path",
		"SELECT set_config('search_path', $1, false), set_config('client_min_messages', 'warning', false)",
		&r->schema, 1, NULL));
	return run_sql(r, "creating table migration",
		"CREATE TABLE IF NOT EXISTS migration (number integer PRIMARY KEY, name text NOT NULL, sha256 text NOT NULL,"
		" at timestamptz NOT NULL DEFAULT now())",
		NULL, 0, NULL);
}

/* "FILE:LINE: message": the server tells the character, people want the line. */
static enum err
file_error(const struct run *r, const struct migration *m, const char *sql, const PGresult *result)
{
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	const char *position = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
	unsigned line = 1;

	if (message == NULL)
		return connection_error(m->path, r->conn, result);
	for (long left = position == NULL ? 0 : strtol(position, NULL, 10) - 1; left > 0 && *sql != '\0'; sql++) {
		line += *sql == '\n';
		left -= ((unsigned char)*sql & 0xc0) != 0x80; /* characters, not bytes */
	}
	if (position == NULL)
		return err_because(ERR_CONFIG, "%s: %s", m->path, message);
	return err_because(ERR_CONFIG, "%s:%u: %s", m->path, line, message);
}

static enum err
run_file(const struct run *r, const struct migration *m, const char *sql)
{
	RESULT result = PQexec(r->conn, sql);
	const ExecStatusType status = PQresultStatus(result);

	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY)
		return file_error(r, m, sql, result);
	REQUIRE_WHY(PQtransactionStatus(r->conn) == PQTRANS_INTRANS, ERR_CONFIG,
		"%s: ends the transaction it runs in: leave COMMIT and ROLLBACK out", m->path);
	return ERR_OK;
}

static enum err
apply(const struct run *r, const struct migration *m, const char *sql, const char *digest)
{
	char number[16];
	const char *const row[] = {number, m->name, digest};
	enum err e;

	(void)snprintf(number, sizeof(number), "%d", m->number);
	TRY(run_sql(r, "BEGIN", "BEGIN", NULL, 0, NULL));
	e = run_file(r, m, sql);
	if (e == ERR_OK)
		e = run_sql(r, "recording a migration",
			"INSERT INTO migration (number, name, sha256) VALUES ($1::integer, $2, $3)", row, 3, NULL);
	if (e == ERR_OK)
		return run_sql(r, "COMMIT", "COMMIT", NULL, 0, NULL);
	PQclear(PQexec(r->conn, "ROLLBACK"));
	return e;
}

/* Applies m, or checks that it is what was applied. */
static enum err
bring_up(const struct run *r, const struct migration *m, int *applied)
{
	AUTO(writer) sql = writer_new(MAX_MIGRATION);
	AUTO(writer) digest = writer_new(2 * SHA256_LEN);
	RESULT found = NULL;
	struct sha256 hash;
	char number[16];
	const char *const params[] = {number};

	TRY(file_read(m->path, MAX_MIGRATION, &sql));
	hash = sha256_of(writer_span(&sql));
	hex_write(&digest, sha256_span(&hash));
	TRY(writer_done(&digest));
	REQUIRE_WHY(strlen((const char *)sql.ptr) == sql.len, ERR_CONFIG, "%s: holds a NUL byte", m->path);
	(void)snprintf(number, sizeof(number), "%d", m->number);
	TRY(run_sql(r, "reading table migration", "SELECT sha256, name FROM migration WHERE number = $1::integer",
		params, 1, &found));
	if (PQntuples(found) == 0) {
		TRY(apply(r, m, (const char *)sql.ptr, (const char *)writer_span(&digest).ptr));
		++*applied;
		return ERR_OK;
	}
	REQUIRE_WHY(span_is(writer_span(&digest), PQgetvalue(found, 0, 0)), ERR_CONFIG,
		"%s: has changed since it was applied (as %s): restore it, and add a new file instead", m->path,
		PQgetvalue(found, 0, 1));
	return ERR_OK;
}

enum err
db_migrate(const char *conninfo, const char *schema, const char *const *folders, int *applied)
{
	AUTO(migrations) files = {NULL, 0};
	AUTO(run) r = {.schema = schema};

	*applied = 0;
	REQUIRE_WHY(is_name(schema), ERR_CONFIG, "schema '%s': small letters, digits and _ only", schema);
	TRY(find(folders, &files));
	r.conn = PQconnectdb(conninfo);
	REQUIRE(r.conn != NULL, ERR_NO_MEMORY);
	if (PQstatus(r.conn) != CONNECTION_OK)
		return connection_error(
			"connecting to migrate (is it running, and is the setting 'owner_database' right?)", r.conn,
			NULL);
	connection_quiet(r.conn);
	TRY(prepare_schema(&r));
	for (size_t i = 0; i < files.count; i++)
		TRY(bring_up(&r, &files.items[i], applied));
	return ERR_OK;
}
