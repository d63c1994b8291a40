/* store: signerd's whole SQL, one row a statement, and the structs that rows land in. Used by every handler of signer/. */
#ifndef MOHAR_SIGNER_STORE_STORE_H
#define MOHAR_SIGNER_STORE_STORE_H

#include "db/db.h"

enum signer_statement {
	DECISION_RECEIVE, /* a pending one */
	DECISION_BY_ID,
	DECISION_BY_REQUEST, /* client, Idempotency-Key */
	DECISION_LOCK,       /* pending, FOR UPDATE */
	DECISION_SEAL,       /* with its event, in one statement */
	DECISION_REVOKE,     /* with its event */
	DECISION_LIST,
	STATUS_TAKE, /* the next index of a list */
	STATUS_NEW_LIST,
	STATUS_LISTS,
	STATUS_REVOKED, /* the indexes of a list that are revoked */
	OFFICER_LOGIN_NEW,
	OFFICER_LOGIN_TAKE,
	OFFICER_SESSION_NEW,
	OFFICER_SESSION_FIND,
	OFFICER_SESSION_END,
	SIGNER_STATEMENTS
};
extern const struct db_statement signer_statements[SIGNER_STATEMENTS];

/* A decision as stored. Owned texts; db_row_free. */
struct decision_row {
	struct uuid id;
	char *type, *agency, *client, *subject, *outcome, *facts, *state, *office, *jws, *revocation;
	struct json_list reasons;
	int64_t version, status_list, status_index;
	unix_time received_at, due, sealed_at, revoked_at;
	struct uuid event;
};

struct status_take_row {
	int64_t list, index;
};
struct number_row {
	int64_t n;
};

struct officer_login_row {
	char *nonce, *verifier;
	struct uuid decision;
};

struct officer_session_row {
	char *actor, *offices, *form;
	int64_t level;
	unix_time auth_time;
};

#endif
