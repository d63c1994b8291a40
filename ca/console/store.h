/* store: every SQL statement of the console that no other room has, in one table with a pool of its own, and the rows they give. Used inside ca/console only. */
#ifndef MOHAR_CA_CONSOLE_STORE_H
#define MOHAR_CA_CONSOLE_STORE_H

#include "db/db.h"

enum console_statement {
	CON_LOGIN_NEW,    /* state, cookie, nonce, verifier, back, expires, now: what has expired goes */
	CON_LOGIN_TAKE,   /* state, cookie, now -> console_login_row; only once */
	CON_SESSION_NEW,  /* id, token, actor, level, form, auth_time, expires, now: what has expired goes */
	CON_SESSION_FIND, /* id, token, now -> console_session_row */
	CON_SESSION_END,  /* id */
	CON_NEWEST,       /* place, limit -> listed_certificate, as all four */
	CON_OF_SUBJECT,   /* the same, and how the subject begins */
	CON_OF_PERSON,    /* ... the person */
	CON_OF_KEY,       /* ... the SHA-256 of the key */
	CON_REQUEST_OF,   /* spki_sha256, serial -> request_of_row */
	CON_STATEMENT_COUNT
};

extern const struct db_statement console_statements[CON_STATEMENT_COUNT];

struct console_login_row {
	char *nonce, *verifier, *back;
};

struct console_session_row {
	char *actor, *form;
	int64_t level;
	unix_time auth_time, expires;
};

struct listed_certificate {
	struct json_bytes serial;
	char *profile, *subject;
	unix_time not_after, issued_at, revoked_at; /* revoked_at 0: not */
	int64_t reason;
};

struct request_of_row {
	struct uuid id;
	char *applicant;
	unix_time created_at;
};

#endif
