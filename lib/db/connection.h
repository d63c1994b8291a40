/* connection: one libpq connection of a pool, with every statement prepared. Used inside lib/db only. */
#ifndef MOHAR_DB_CONNECTION_H
#define MOHAR_DB_CONNECTION_H

#include <libpq-fe.h>

#include "db/db.h"

struct db {
	struct db_pool *pool;
	PGconn *conn; /* NULL: not open */
	bool leased;
};

/* What a pool knows that its connections need. */
struct db_settings {
	char *conninfo; /* owned */
	const struct db_statement *table;
	size_t count;
};

const struct db_settings *db_settings_of(const struct db *db);

/* Makes sure that db is open: connects and prepares when it is not, or when the server has hung up since. ERR_UNAVAILABLE; ERR_CONFIG for a statement that
 * the server does not accept. */
MUST_USE enum err connection_open(struct db *db, const struct db_settings *settings);
void connection_close(struct db *db);

/* Drops the server's notices, which libpq would print past the log; what matters comes back as an error. */
void connection_quiet(PGconn *conn);

/* Runs fixed SQL without parameters or rows. */
MUST_USE enum err connection_command(struct db *db, const char *sql);

/* The class of a result that is not one; the reason names what and the SQLSTATE, and never a value. */
enum err connection_error(const char *what, const PGconn *conn, const PGresult *result);

/* The OID that a parameter of this type is sent as. */
Oid db_type_oid(enum db_type type);
/* Of an array of them; 0 for DB_TEXTS. */
Oid db_type_array_oid(enum db_type type);

#define RESULT __attribute__((cleanup(result_free))) PGresult *
void result_free(PGresult **r);

#endif
