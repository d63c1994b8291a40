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
	DECISION_REFUSE,     /* with its event */
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
	ACT_SPEND, /* a registrar's order, once */
	EVENT_ADD,
	SIGNING_KEY_BEGIN,
	SIGNING_KEY_BY_ID,
	SIGNING_KEY_LOCK,
	SIGNING_KEY_BY_CODE,
	SIGNING_KEY_ANSWER, /* the citizen's credential; the code is used up */
	SIGNING_KEY_BIND,
	SIGNING_KEY_CERTIFY,
	SIGNING_KEYS_OF,     /* a person */
	SIGNING_KEY_CURRENT, /* the newest that can sign, by key or person */
	SIGNING_KEY_FREEZE,
	SIGNING_KEY_RAISE,
	SIGNING_REQUEST_NEW,
	SIGNING_REQUEST_BY_ID,
	SIGNING_REQUEST_BY_KEY, /* client, Idempotency-Key */
	SIGNING_REQUEST_AGAIN,  /* another address of a pending one */
	SIGNING_REQUEST_CLAIM,  /* a pending one, to answer it */
	SIGNING_REQUEST_RELEASE,
	SIGNING_REQUEST_ANSWER, /* with its event, in one statement */
	CEREMONY_ADD,           /* a transcript's hash with its event, once */
	CEREMONY_BY_HASH,
	SIGNER_STATEMENTS
};
extern const struct db_statement signer_statements[SIGNER_STATEMENTS];

/* A decision as stored. Owned texts; db_row_free. */
struct decision_row {
	struct uuid id;
	char *type, *agency, *client, *subject, *outcome, *facts, *state, *office, *jws, *revocation, *refusal;
	struct json_list reasons;
	int64_t version, status_list, status_index;
	unix_time received_at, due, sealed_at, revoked_at, refused_at;
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

/* A citizen's signing key as stored. Owned; db_row_free. */
struct signing_key_row {
	struct uuid id;
	char *person, *name, *state, *certificate, *chain;
	struct json_bytes blob, challenge, watch, spki_sha256, credential_id, credential_key;
	int64_t generation;
	unix_time begun_at, expires, frozen_at;
};

/* A ceremony that was held. */
struct ceremony_row {
	struct uuid event;
};

/* What an agency asks to have signed. Owned; db_row_free. */
struct signing_request_row {
	struct uuid id, key;
	char *agency, *description, *state, *principal, *signatures;
	struct json_bytes code_hash, again_hash, digests;
	struct json_list names;
	int64_t digest_size;
	unix_time created_at, expires, answered_at;
};

#endif
