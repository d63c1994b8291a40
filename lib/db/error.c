#include <string.h>

#include "db/connection.h"

/* Rows are tried in order; a class is a prefix of the code. PostgreSQL, appendix A. */
struct state_row {
	const char *prefix;
	enum err e;
};

static const struct state_row states[] = {
	{"23505", ERR_EXISTS},  /* unique_violation */
	{"23P01", ERR_EXISTS},  /* exclusion_violation */
	{"23", ERR_REFUSED},    /* check, foreign key, not null */
	{"42501", ERR_REFUSED}, /* insufficient_privilege */
	{"MR002", ERR_USED},    /* our own triggers */
	{"MR", ERR_REFUSED},
	{"P0001", ERR_REFUSED},     /* RAISE without a code */
	{"54", ERR_TOO_LONG},       /* program limit exceeded */
	{"22", ERR_MALFORMED},      /* data exception: a value that the type does not take */
	{"08", ERR_UNAVAILABLE},    /* connection */
	{"25006", ERR_UNAVAILABLE}, /* read only: a standby before its promotion */
	{"25", ERR_UNAVAILABLE},    /* the transaction has failed already */
	{"28", ERR_CONFIG},         /* invalid authorization */
	{"3D", ERR_CONFIG},         /* no such database */
	{"40", ERR_UNAVAILABLE},    /* serialization, deadlock */
	{"42", ERR_CONFIG},         /* our SQL, or a migration that was not run */
	{"53", ERR_UNAVAILABLE},    /* disk, memory, connections */
	{"55P03", ERR_UNAVAILABLE}, /* lock_not_available */
	{"57", ERR_UNAVAILABLE},    /* operator intervention, time-out */
	{"XX001", ERR_CORRUPT},
	{"XX002", ERR_CORRUPT},
};

static enum err
state_error(const char *state)
{
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (strncmp(state, states[i].prefix, strlen(states[i].prefix)) == 0)
			return states[i].e;
	return ERR_IO;
}

/* The server's own words quote no values in these classes: our triggers' refusals, mistakes in our SQL, privileges. */
static bool
may_quote(const char *state)
{
	return strncmp(state, "MR", 2) == 0 || strncmp(state, "42", 2) == 0 || strncmp(state, "3D", 2) == 0 ||
		strncmp(state, "28", 2) == 0;
}

enum err
connection_error(const char *what, const PGconn *conn, const PGresult *result)
{
	const char *state = result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *constraint, *message;

	if (state == NULL) {
		const char *said = conn == NULL ? "" : PQerrorMessage(conn);

		return err_because(ERR_UNAVAILABLE, "database: %s: %.*s", what, (int)strcspn(said, "\n"),
			said[0] == '\0' ? "no connection" : said);
	}
	constraint = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
	message = may_quote(state) ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
	return err_because(state_error(state), "database: %s: SQLSTATE %s%s%s%s%s", what, state,
		constraint == NULL ? "" : " ", constraint == NULL ? "" : constraint, message == NULL ? "" : ": ",
		message == NULL ? "" : message);
}
