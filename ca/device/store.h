/* store: every SQL statement of EST and CMP, in one table with a pool of its own, and the rows they give. Used by whatever in ca/device and ca/cmp reads or writes the database. */
#ifndef MOHAR_CA_DEVICE_STORE_H
#define MOHAR_CA_DEVICE_STORE_H

#include "db/db.h"

enum device_statement {
	DEVICE_ADD,       /* see operator.c: enrolment and event at once */
	DEVICE_REVOKE,    /* id, actor, event's columns: no row affected if unknown or revoked */
	DEVICE_GET,       /* id -> enrolment_row */
	DEVICE_LIST,      /* limit -> enrolment_row, the newest first */
	DEVICE_TAKE,      /* id, now: one use. No row affected if there is none left, or it has ended */
	DEVICE_GIVE_BACK, /* id: of what came to nothing */
	DEVICE_KEY_SEEN,  /* spki_sha256 -> seen_row: how often the key was certified */
	CMP_BEGIN, /* id, sender, nonce, now, expires: no row affected if the id was used before. Forgets those that are over */
	CMP_WAIT, /* id, nonce, serial, cert_hash: the certificate is to be confirmed */
	CMP_GET,  /* id -> transaction_row */
	CMP_DONE, /* id, from state: no row affected if it is not in it */
	DEVICE_STATEMENT_COUNT
};

extern const struct db_statement device_statements[DEVICE_STATEMENT_COUNT];

struct enrolment_row {
	char *id, *agency, *profile;
	struct json_list names;
	int64_t uses;
	unix_time created_at, expires, revoked_at; /* revoked_at 0: not */
	char *actor;
};

struct seen_row {
	int64_t count;
};

struct transaction_row {
	char *sender;
	struct json_bytes nonce;
	char *state;
	struct json_bytes serial, cert_hash;
};

#endif
