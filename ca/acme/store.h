/* store: every SQL statement of ACME, in one table with a pool of its own, and the rows they give. Used by whatever in ca/acme reads or writes the database. */
#ifndef MOHAR_CA_ACME_STORE_H
#define MOHAR_CA_ACME_STORE_H

#include "db/db.h"

enum acme_statement {
	ACME_SECRET_MAKE,    /* nonce_key: no row affected if there is one */
	ACME_SECRET,         /* -> secret_row */
	ACME_NONCE_USE,      /* nonce, expires: no row affected if it was used before */
	ACME_BINDING_ADD,    /* see eab.c: binding and event at once */
	ACME_BINDING_REVOKE, /* kid, at, event's columns: no row affected if unknown or revoked */
	ACME_BINDING,        /* kid -> binding_row */
	ACME_BINDING_LIST,   /* limit -> binding_row, the newest first */
	ACME_ACCOUNT_ADD, /* see account.c: takes one of the binding's accounts, event at once: no row affected if there is none left */
	ACME_ACCOUNT,         /* id -> account_row */
	ACME_ACCOUNT_BY_KEY,  /* thumbprint -> account_row */
	ACME_ACCOUNT_CONTACT, /* id, contact */
	ACME_ACCOUNT_STATUS,  /* id, from, to, event's columns: no row affected if it is not in from */
	ACME_ACCOUNT_KEY, /* id, old thumbprint, thumbprint, jwk, spki_sha256, event's columns. ERR_EXISTS: another account's key */
	ACME_ORDER_ADD, /* see order.c: order, authorizations and challenges at once: no row affected beyond the hourly limit. ERR_EXISTS: replaced already */
	ACME_ORDER,     /* id, account, now -> order_row */
	ACME_ORDERS_OF, /* account, after which order or null, limit -> order_id_row */
	ACME_ORDER_CLAIM, /* id, account, spki_sha256, now: no row affected if it is not ready */
	ACME_ORDER_DONE,  /* id, serial */
	ACME_ORDER_BACK,  /* id: what was claimed is ready again */
	ACME_ORDER_MEND, /* before: orders left in processing by an instance that died get their certificate, or are ready again */
	ACME_ORDER_RELEASE,      /* replaces, now: an order that came to nothing replaces nothing */
	ACME_AUTHORIZATION,      /* id, account -> authorization_row */
	ACME_AUTHORIZATION_END,  /* id, account: deactivated. No row affected if it is over */
	ACME_AUTHORIZATION_HELD, /* account, name, wildcard, now -> authorization_id_row */
	ACME_CHALLENGES,         /* authorization -> challenge_row */
	ACME_CHALLENGE,          /* id, account -> challenge_row */
	ACME_CHALLENGE_BEGIN,    /* id, account, now: no row affected if it has begun, or its authorization is over */
	ACME_CHALLENGE_CLAIM,    /* now, leased until -> job_row */
	ACME_CHALLENGE_PASSED,   /* id, at, authorization's end */
	ACME_CHALLENGE_RETRY,    /* id, problem, due at */
	ACME_CHALLENGE_FAILED,   /* id, problem, at */
	ACME_FAILURES,           /* account, since -> count_row */
	ACME_SWEEP_NONCES,       /* now */
	ACME_SWEEP_ORDERS,       /* before */
	ACME_SWEEP_BINDINGS,     /* now: wipes the keys of those that ended */
	ACME_STATEMENT_COUNT
};

extern const struct db_statement acme_statements[ACME_STATEMENT_COUNT];

struct secret_row {
	struct json_bytes nonce_key;
};

struct binding_row {
	char *kid, *agency, *actor;
	struct json_list names;
	struct json_bytes mac_key; /* empty when wiped */
	int64_t accounts;
	unix_time created_at, expires, revoked_at; /* revoked_at 0: not */
};

struct account_row {
	struct uuid id;
	char *thumbprint, *jwk, *status, *agency;
	struct json_bytes spki_sha256;
	struct json_list contact;
	struct json_list names;    /* of its binding */
	unix_time binding_revoked; /* 0: not */
	unix_time created_at;
};

struct order_row {
	struct uuid id;
	char *status;
	struct json_list names;
	unix_time created_at, expires;
	struct json_list authorizations; /* UUID texts */
	int64_t valid, over;             /* authorizations that are valid, and that can no longer be */
	struct json_bytes serial, replaces;
};

struct order_id_row {
	struct uuid id;
	unix_time created_at;
};

struct authorization_row {
	struct uuid id, order_id;
	char *name, *status;
	bool wildcard;
	unix_time expires;
};

struct authorization_id_row {
	struct uuid id;
};

struct challenge_row {
	struct uuid id, authorization_id;
	char *type, *token, *status, *problem;
	unix_time validated_at, due_at;
	int64_t attempts;
	char *authorization_status;
	unix_time authorization_expires;
};

struct job_row {
	struct uuid id;
	char *type, *token, *name, *thumbprint;
	int64_t attempts; /* this one counted */
	char *agency;
};

struct count_row {
	int64_t count;
};

#endif
