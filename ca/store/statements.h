/* statements: every SQL statement of mohar-cad, in one table, and the rows they give. Used by whatever in ca/ reads or writes the database. */
#ifndef MOHAR_CA_STORE_STATEMENTS_H
#define MOHAR_CA_STORE_STATEMENTS_H

#include "db/db.h"

enum ca_statement {
	CA_ACT_CONSUME,       /* jti, expires: no row affected if it was used before */
	CA_ACT_FORGET,        /* before */
	CA_KEY_HOLDER,        /* spki_sha256 -> holder_row */
	CA_CERTIFICATE_ISSUE, /* see issue.c: certificate, key holder and event at once -> holder_row; none if the key is another's. Calls of several threads go together, with one commit */
	CA_CERTIFICATE_BY_SERIAL, /* serial -> certificate_row */
	CA_CERTIFICATE_STATUS,    /* serial, issuer -> status_row */
	CA_CERTIFICATE_REVOKE, /* serial, at, reason (6: suspend), event's columns: no row affected if its status does not allow it */
	CA_CERTIFICATE_RESUME, /* serial, at, event's columns: no row affected if it is not suspended */
	CA_SUSPEND_COUNT,      /* query -> number_row */
	CA_SUSPEND_BATCH,      /* query, at, limit: the next in order of issue -> batch_row */
	CA_SUSPEND_SELECTED,   /* query, at, limit: the next in order of serial -> batch_row */
	CA_SUSPEND_EVENT,      /* bulk, count, serials, and the event's columns */
	CA_SELECTION_ADD,      /* id, serials one after the other */
	CA_SELECTION_DROP,     /* id */
	CA_CERTIFICATE_OF_KEY, /* issuer, profile, spki_sha256, not before this notAfter -> certificate_row, the one that lasts longest */
	CA_CHANGES, /* from transaction -> change_row, the first of them perhaps without an issuer: for its horizon */
	CA_SHARDS,  /* issuer -> number_row: the highest shard that has a list */
	CA_LIST_STATE,   /* issuer, shard -> list_state_row */
	CA_LIST_ALL,     /* issuer, not expired at, limit -> listed_row by serial, of all shards */
	CA_LIST_SHARD,   /* issuer, not expired at, limit, shard -> listed_row by serial */
	CA_LIST_CHANGES, /* issuer, from transaction, shard or -1 for all -> serials_row */
	CA_LIST_INSERT,  /* see crl_renew.c; ERR_EXISTS: another instance was quicker */
	CA_LIST_NEWEST,  /* issuer, shard -> list_row */
	CA_LIST_FORGET,  /* issuer, shard, before number, but for scheduled ones from number on */
	CA_VALID_OF, /* profile, after time of issue and serial, now, limit -> serial_row by time of issue and serial */
	CA_SERIALS_OF,  /* issuer, after serial, limit -> serial_row by serial, of all */
	CA_PROOF_EVENT, /* the event's columns */
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
	struct uuid event; /* in the log */
	bool has_event;
};

struct status_row {
	unix_time revoked_at; /* 0: not */
	int64_t reason;       /* 6: only suspended */
	unix_time not_after;
};

struct number_row {
	int64_t number;
};

struct batch_row {
	int64_t count;
	struct json_bytes serials; /* of those that were changed, sorted, one after the other */
	unix_time issued_at;       /* of the last one; by query */
	struct json_bytes last;    /* the last serial that was looked at; by selection. Empty: there are no more */
};

struct change_row {
	int64_t horizon; /* every transaction below this has ended, and is seen */
	int64_t txid;
	char *issuer; /* NULL: nothing has changed */
	int64_t shard;
	struct json_bytes serials; /* one after the other */
};

struct list_state_row {
	int64_t horizon;
	int64_t number;    /* of the newest list; 0: none yet */
	int64_t base;      /* of the newest scheduled one; 0: none yet */
	int64_t base_seen; /* its horizon */
	bool base_whole;
	unix_time base_updated; /* its thisUpdate */
};

struct listed_row {
	struct json_bytes serial;
	unix_time revoked_at;
	int64_t reason;
	unix_time not_after;
};

struct serials_row {
	struct json_bytes serials;
};

struct serial_row {
	struct json_bytes serial;
	char *issuer;
	unix_time issued_at;
};

struct list_row {
	int64_t number;
	int64_t horizon, seen; /* now; when it was made */
	unix_time this_update, next_update;
	int64_t entries;
	bool whole;
	struct json_bytes der, delta; /* delta empty: none */
};

#endif
