/* store: the statement table of mohar-idpd, all its SQL. Used by every handler, by number: db_pool_one(d->db, ST_PERSON_BY_ID, ...). The parameters of a statement stand beside its SQL, in
 * the file of its noun; a statement that records an event takes the seven of record.h last. */
#ifndef MOHAR_IDP_STORE_STORE_H
#define MOHAR_IDP_STORE_STORE_H

#include "db/db.h"
#include "idp/store/rows.h"

enum statement {
	/* person.c */
	ST_PERSON_ADD,
	ST_PERSON_BY_ID,     /* id -> person_row */
	ST_PERSON_BY_HANDLE, /* handle -> person_row */
	ST_PERSON_FREEZE,
	ST_DATA_KEYS,
	ST_DATA_KEY_ADD,
	ST_NUMBER_ADD,
	ST_NUMBER_FIND,
	ST_OFFICE_ADD,
	ST_APPOINTMENT_ADD,
	ST_APPOINTMENTS_OF,
	/* credential.c */
	ST_CREDENTIAL_BY_ID, /* id -> credential_row */
	ST_CREDENTIALS_OF,   /* person -> credential_row list */
	ST_CREDENTIAL_ADD, /* id, person, cose_key, algorithm, counter, user_verified, backup_eligible, backed_up, aaguid, format, trust, authenticator, bound_level, name, now + event */
	ST_CREDENTIAL_RENAME, /* id, person, name */
	ST_CREDENTIAL_REMOVE, /* id, person, now + event */
	ST_CARD_ADD,
	ST_CARD_BY_SPKI,
	ST_ACTIVATION_ADD,
	ST_ACTIVATION_PEEK, /* SHA-256 of the code, now -> activation_row; consumes nothing */
	ST_ACTIVATION_BIND, /* SHA-256 of the code, now, then ST_CREDENTIAL_ADD's from cose_key on, without now: see the SQL -> uuid_row (person); consumes the code and adds the credential at once */
	/* session.c */
	ST_CHALLENGE_ADD,
	ST_CHALLENGE_USE,
	ST_SESSION_OPEN,
	ST_SESSION_BY_HASH,
	ST_SESSION_SEEN,
	ST_SESSION_END,
	ST_SESSIONS_OF,     /* person -> session_row list, open ones */
	ST_SESSION_END_ONE, /* session id, person, now + event: from the account page */
	ST_EVENT_ADD,
	ST_EVENTS_OF,        /* person, before, how many -> event_row list, newest first */
	ST_CONSENTS_OF,      /* person -> consent_row list */
	ST_CONSENT_WITHDRAW, /* person, client, now + event */
	/* flow.c */
	ST_INTERACTION_ADD,
	ST_INTERACTION_OF,
	ST_INTERACTION_DROP,
	ST_CONSENT_OF,
	ST_CONSENT_GIVE,
	ST_TICKET_ADD,
	ST_TICKET_USE,
	ST_PAR_ADD,
	ST_PAR_USE,
	ST_SUBJECT_OF,
	ST_SUBJECT_IS,
	ST_CODE_ADD,
	/* token.c */
	ST_CODE_REDEEM,
	ST_CODE_AUTOPSY,
	ST_REFRESH_REDEEM,
	ST_REFRESH_AUTOPSY,
	ST_SERVICE_GRANT,
	ST_FAMILY_REVOKE,
	ST_TOKEN_REVOKE,
	ST_ACCESS_FIND,
	/* client.c */
	ST_SECTOR_ADD,
	ST_CLIENT_ADD,
	ST_CLIENT_BY_ID,
	ST_CLIENT_ROTATE,
	ST_CLIENT_REVOKE,
	ST_ACT_JTI,
	ST_ASSERTION_JTI,
	ST_SWEEP,
	STATEMENTS
};

/* The whole table, STATEMENTS long. Filled at the first call, which main makes before there are threads. Aborts if a number has no statement: the unit test calls it too. */
const struct db_statement *store_table(void);

/* Frees what a row, or a list of rows, of statement n owns, and zeroes it. */
void store_free(enum statement n, void *row);
void store_list_free(enum statement n, struct json_list *rows);

/* Makes AUTO(person_row) p = {0}; free itself, whatever statement of that shape filled it. */
#define STORE_AUTO(type, number)                         \
	static inline void type##_free(struct type *row) \
	{                                                \
		store_free((number), row);               \
	}
STORE_AUTO(person_row, ST_PERSON_BY_ID)
STORE_AUTO(credential_row, ST_CREDENTIAL_BY_ID)
STORE_AUTO(card_row, ST_CARD_BY_SPKI)
STORE_AUTO(activation_row, ST_ACTIVATION_PEEK)
STORE_AUTO(client_row, ST_CLIENT_BY_ID)
STORE_AUTO(session_row, ST_SESSION_BY_HASH)
STORE_AUTO(interaction_row, ST_INTERACTION_OF)
STORE_AUTO(ticket_row, ST_TICKET_USE)
STORE_AUTO(text_row, ST_SUBJECT_OF)
STORE_AUTO(grant_row, ST_CODE_REDEEM)
STORE_AUTO(autopsy_row, ST_CODE_AUTOPSY)
STORE_AUTO(access_row, ST_ACCESS_FIND)

/* ---- for the files of this folder ---- */
struct store_row {
	enum statement number;
	struct db_statement statement;
};
struct store_part {
	const struct store_row *rows;
	size_t count;
};
extern const struct store_part store_person, store_credential, store_session, store_flow, store_token, store_client;

#define STORE_PART(rows)                                 \
	{                                                \
		(rows), sizeof(rows) / sizeof((rows)[0]) \
	}
#define PARAMS(...) ((const enum db_type[]){__VA_ARGS__})
#define COLUMNS(...) ((const struct db_column[]){__VA_ARGS__})
#define COLUMN(type, row, member)                    \
	{                                            \
		(type), offsetof(struct row, member) \
	}
/* NAME, SQL, PARAMS(...), a column array, its row struct. */
#define QUERY(number, name, sql, params, columns, row)                         \
	{                                                                      \
		(number), DB_STATEMENT(name, sql, params, columns, struct row) \
	}
/* The same, for callers of several threads at once (db.h). */
#define QUERY_TOGETHER(number, name, sql, params, columns, row)                         \
	{                                                                               \
		(number), DB_STATEMENT_TOGETHER(name, sql, params, columns, struct row) \
	}
#define COMMAND(number, name, sql, params)              \
	{                                               \
		(number), DB_COMMAND(name, sql, params) \
	}
/* The seven parameters of an event, always the last (record_params). */
#define EVENT_PARAMS DB_UUID, DB_INT, DB_TIME, DB_TEXT, DB_BYTES, DB_BYTES, DB_BYTES
#define EVENT_INTO \
	"INSERT INTO idp.event (id, tree, at, type, salt, entry, private, actor, principal, sector, channel) "

#endif
