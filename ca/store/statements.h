/* statements: every SQL statement of mohar-cad, in one table, and the rows they give. Used by whatever in ca/ reads or writes the database. */
#ifndef MOHAR_CA_STORE_STATEMENTS_H
#define MOHAR_CA_STORE_STATEMENTS_H

#include "db/db.h"

enum ca_statement {
	CA_ACT_CONSUME, /* jti, expires: no row affected if it was used before */
	CA_ACT_FORGET,  /* before */
	CA_KEY_HOLDER,  /* spki_sha256 -> holder_row */
	CA_CERTIFICATE_ISSUE, /* see issue.c: certificate, key holder and event at once; no row affected if the key is another's */
	CA_CERTIFICATE_BY_SERIAL, /* serial -> certificate_row */
	CA_CERTIFICATE_STATUS,    /* serial, issuer -> status_row */
	CA_CERTIFICATE_REVOKE,    /* serial, at, reason, event's columns: no row affected if it was revoked before */
	CA_CERTIFICATE_LIST,      /* subject prefix or null, person or null, limit -> certificate_row */
	CA_CERTIFICATE_OF_KEY, /* issuer, profile, spki_sha256, not before this notAfter -> certificate_row, the one that lasts longest */
	CA_REVOKED_SINCE, /* since -> revoked_row */
	CA_REVOKED_OF,    /* issuer -> revoked_row, not expired at, by serial */
	CA_CRL_INSERT,    /* issuer, number, this_update, next_update, entries, der */
	CA_CRL_NEWEST,    /* issuer -> crl_row */
	CA_CRL_FORGET,    /* issuer, before number */
	CA_STATEMENT_COUNT
};

extern const struct db_statement ca_statements[CA_STATEMENT_COUNT];

struct holder_row {
	char *holder;
};

struct certificate_row {
	struct json_bytes serial;
	char *issuer, *profile, *subject;
	struct uuid person;
	bool has_person;
	unix_time not_before, not_after, issued_at, revoked_at; /* revoked_at 0: not */
	int64_t reason;
	struct json_bytes der;
	char *actor;
};

struct status_row {
	unix_time revoked_at; /* 0: not */
	int64_t reason;
};

struct revoked_row {
	struct json_bytes serial;
	char *issuer;
	unix_time revoked_at;
	int64_t reason;
};

struct crl_row {
	int64_t number;
	unix_time this_update, next_update;
	int64_t entries;
	struct json_bytes der;
};

#endif
