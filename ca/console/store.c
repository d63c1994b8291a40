#include "ca/console/store.h"

#include <stddef.h>

static const enum db_type login_new_params[] = {DB_BYTES, DB_BYTES, DB_TEXT, DB_TEXT, DB_TEXT, DB_TIME, DB_TIME};
static const enum db_type login_take_params[] = {DB_BYTES, DB_BYTES, DB_TIME};
static const struct db_column login_columns[] = {
	{DB_TEXT, offsetof(struct console_login_row, nonce)},
	{DB_TEXT, offsetof(struct console_login_row, verifier)},
	{DB_TEXT, offsetof(struct console_login_row, back)},
};

static const enum db_type session_new_params[] = {DB_BYTES, DB_BYTES, DB_TEXT, DB_INT, DB_TEXT, DB_TIME, DB_TIME,
	DB_TIME};
static const struct db_column session_columns[] = {
	{DB_TEXT, offsetof(struct console_session_row, actor)},
	{DB_TEXT, offsetof(struct console_session_row, form)},
	{DB_INT, offsetof(struct console_session_row, level)},
	{DB_TIME, offsetof(struct console_session_row, auth_time)},
	{DB_TIME, offsetof(struct console_session_row, expires)},
};
static const enum db_type bytes_params[] = {DB_BYTES};

/* Each search is a statement of its own, by the one index that serves it. $1 and $2: the place, after which the page begins; $3 limit. */
static const enum db_type newest_params[] = {DB_TIME, DB_BYTES, DB_INT};
static const enum db_type of_text_params[] = {DB_TIME, DB_BYTES, DB_INT, DB_TEXT};
static const enum db_type of_person_params[] = {DB_TIME, DB_BYTES, DB_INT, DB_UUID};
static const enum db_type of_key_params[] = {DB_TIME, DB_BYTES, DB_INT, DB_BYTES};
static const struct db_column listed_columns[] = {
	{DB_BYTES, offsetof(struct listed_certificate, serial)},
	{DB_TEXT, offsetof(struct listed_certificate, profile)},
	{DB_TEXT, offsetof(struct listed_certificate, subject)},
	{DB_TIME, offsetof(struct listed_certificate, not_after)},
	{DB_TIME, offsetof(struct listed_certificate, issued_at)},
	{DB_TIME, offsetof(struct listed_certificate, revoked_at)},
	{DB_INT, offsetof(struct listed_certificate, reason)},
};
#define PAGE_OF(CONDITION)                                                                              \
	"SELECT serial, profile, subject, not_after, issued_at, revoked_at, reason FROM ca.certificate" \
	" WHERE (issued_at, serial) < (COALESCE($1, 'infinity'), $2)" CONDITION                         \
	" ORDER BY issued_at DESC, serial DESC LIMIT $3"

static const enum db_type request_of_params[] = {DB_BYTES, DB_BYTES};
static const struct db_column request_of_columns[] = {
	{DB_UUID, offsetof(struct request_of_row, id)},
	{DB_TEXT, offsetof(struct request_of_row, applicant)},
	{DB_TIME, offsetof(struct request_of_row, created_at)},
};

const struct db_statement console_statements[CON_STATEMENT_COUNT] = {
	[CON_LOGIN_NEW] = DB_COMMAND("console_login_new",
		"WITH past AS (DELETE FROM ca.console_login WHERE expires < $7)"
		" INSERT INTO ca.console_login (state, cookie, nonce, verifier, back, expires) VALUES ($1, $2, $3, $4, $5, $6)",
		login_new_params),
	[CON_LOGIN_TAKE] = DB_STATEMENT("console_login_take",
		"DELETE FROM ca.console_login WHERE state = $1 AND cookie = $2 AND expires > $3 RETURNING nonce, verifier, back",
		login_take_params, login_columns, struct console_login_row),
	[CON_SESSION_NEW] = DB_COMMAND("console_session_new",
		"WITH past AS (DELETE FROM ca.console_session WHERE expires < $8)"
		" INSERT INTO ca.console_session (id, token, actor, level, form, auth_time, expires) VALUES ($1, $2, $3, $4, $5, $6, $7)",
		session_new_params),
	[CON_SESSION_FIND] = DB_STATEMENT("console_session_find",
		"SELECT actor, form, level, auth_time, expires FROM ca.console_session WHERE id = $1 AND token = $2 AND expires > $3",
		login_take_params, session_columns, struct console_session_row),
	[CON_SESSION_END] =
		DB_COMMAND("console_session_end", "DELETE FROM ca.console_session WHERE id = $1", bytes_params),
	[CON_NEWEST] =
		DB_STATEMENT("console_newest", PAGE_OF(""), newest_params, listed_columns, struct listed_certificate),
	/* by certificate_subject, which is in order of bytes; the highest character of all ends the range */
	[CON_OF_SUBJECT] =
		DB_STATEMENT("console_of_subject", PAGE_OF(" AND subject ~>=~ $4 AND subject ~<~ ($4 || chr(1114111))"),
			of_text_params, listed_columns, struct listed_certificate),
	[CON_OF_PERSON] = DB_STATEMENT("console_of_person", PAGE_OF(" AND person = $4"), of_person_params,
		listed_columns, struct listed_certificate),
	[CON_OF_KEY] = DB_STATEMENT("console_of_key", PAGE_OF(" AND spki_sha256 = $4"), of_key_params, listed_columns,
		struct listed_certificate),
	[CON_REQUEST_OF] = DB_STATEMENT("console_request_of",
		"SELECT id, applicant, created_at FROM ca.request WHERE spki_sha256 = $1 AND serial = $2",
		request_of_params, request_of_columns, struct request_of_row),
};
