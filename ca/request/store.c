#include "ca/request/store.h"

#include <stddef.h>

/* The event that goes with an act, from a CTE `did` that has a row if it was done: its type is the literal given. */
#define EVENT(TYPE, AT, ACTOR, PRINCIPAL, CHANNEL, ID, SALT, ENTRY, PRIVATE)                                     \
	" INSERT INTO ca.event (id, tree, at, type, actor, principal, channel, salt, entry, private) SELECT " ID \
	", 0, " AT ", " TYPE ", " ACTOR ", " PRINCIPAL ", " CHANNEL ", " SALT ", " ENTRY ", " PRIVATE " FROM did"

/* $1 id, $2 profile, $3 role, $4 approvals, $5 person, $6 handle, $7 subject, $8 names, $9 title, $10 csr, $11 blob, $12 spki_sha256, $13 issue_sha256, $14 batch,
 * $15 applicant, $16 applicant_key, $17 act, $18 created_at, $19 expires_at, $20 principal, $21 channel; the event's: $22 id, $23 salt, $24 entry, $25 private */
static const enum db_type add_params[] = {DB_UUID, DB_TEXT, DB_TEXT, DB_INT, DB_UUID, DB_TEXT, DB_TEXT, DB_TEXT,
	DB_TEXT, DB_BYTES, DB_BYTES, DB_BYTES, DB_BYTES, DB_TEXT, DB_TEXT, DB_BYTES, DB_TEXT, DB_TIME, DB_TIME, DB_TEXT,
	DB_TEXT, DB_UUID, DB_BYTES, DB_BYTES, DB_BYTES};
#define ADD_SQL                                                                                                              \
	"WITH did AS (INSERT INTO ca.request (id, profile, role, approvals, person, handle, subject, names, title, csr,"     \
	" blob, spki_sha256, issue_sha256, batch, applicant, applicant_key, act, created_at, expires_at)"                    \
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) RETURNING 1)" EVENT( \
		"'request.submitted'", "$18", "$15", "$20", "$21", "$22", "$23", "$24", "$25")

#define REQUEST_COLUMNS                                                                                                    \
	"id, profile, role, approvals, person, person IS NOT NULL, handle, subject, names, title, csr, blob, spki_sha256," \
	" issue_sha256, batch, applicant, applicant_key, created_at, expires_at, state, ended_at, ended_by, reason, serial"
#define AT(type, member)                                   \
	{                                                  \
		type, offsetof(struct request_row, member) \
	}
static const struct db_column request_columns[] = {
	AT(DB_UUID, id),
	AT(DB_TEXT, profile),
	AT(DB_TEXT, role),
	AT(DB_INT, approvals),
	AT(DB_UUID, person),
	AT(DB_BOOL, has_person),
	AT(DB_TEXT, handle),
	AT(DB_TEXT, subject),
	AT(DB_TEXT, names),
	AT(DB_TEXT, title),
	AT(DB_BYTES, csr),
	AT(DB_BYTES, blob),
	AT(DB_BYTES, spki_sha256),
	AT(DB_BYTES, issue_sha256),
	AT(DB_TEXT, batch),
	AT(DB_TEXT, applicant),
	AT(DB_BYTES, applicant_key),
	AT(DB_TIME, created_at),
	AT(DB_TIME, expires_at),
	AT(DB_TEXT, state),
	AT(DB_TIME, ended_at),
	AT(DB_TEXT, ended_by),
	AT(DB_TEXT, reason),
	AT(DB_BYTES, serial),
};
#undef AT
static const enum db_type uuid_params[] = {DB_UUID};

/* The filter of request.h: $1 state, $2 profile, $3 applicant, $4 batch, $5 text in the title, $6 now, $7 person; the place after which: $8 time, $9 id; $10 limit */
static const enum db_type list_params[] = {DB_TEXT, DB_TEXT, DB_TEXT, DB_TEXT, DB_TEXT, DB_TIME, DB_UUID, DB_TIME,
	DB_UUID, DB_INT};
#define FILTERED                                                                                                  \
	"SELECT " REQUEST_COLUMNS " FROM ca.request WHERE ($1::text IS NULL OR"                                   \
	"  CASE $1 WHEN 'waiting' THEN state = 'waiting' AND expires_at > $6"                                     \
	"   WHEN 'expired' THEN state = 'waiting' AND expires_at <= $6 ELSE state = $1 END)"                      \
	" AND ($2::text IS NULL OR profile = $2) AND ($3::text IS NULL OR applicant = $3)"                        \
	" AND ($4::text IS NULL OR batch = $4) AND ($5::text IS NULL OR position(lower($5) IN lower(title)) > 0)" \
	" AND ($7::uuid IS NULL OR person = $7)"

/* $1 request, $2 approver, $3 approver_key, $4 issue_sha256, $5 act, $6 at, $7 principal, $8 channel; the event's: $9 id, $10 salt, $11 entry, $12 private */
static const enum db_type approve_params[] = {DB_UUID, DB_TEXT, DB_BYTES, DB_BYTES, DB_TEXT, DB_TIME, DB_TEXT, DB_TEXT,
	DB_UUID, DB_BYTES, DB_BYTES, DB_BYTES};
#define APPROVE_SQL                                                                                               \
	"WITH did AS (INSERT INTO ca.request_approval (request, approver, approver_key, issue_sha256, act, at)"   \
	" VALUES ($1, $2, $3, $4, $5, $6) RETURNING 1)" EVENT("'request.approved'", "$6", "$2", "$7", "$8", "$9", \
		"$10", "$11", "$12")

static const struct db_column approval_columns[] = {
	{DB_TEXT, offsetof(struct approval_row, approver)},
	{DB_BYTES, offsetof(struct approval_row, approver_key)},
	{DB_BYTES, offsetof(struct approval_row, issue_sha256)},
	{DB_TIME, offsetof(struct approval_row, at)},
};

static const enum db_type made_params[] = {DB_BYTES, DB_TEXT, DB_TIME, DB_UUID, DB_TEXT};
static const struct db_column made_columns[] = {
	{DB_BYTES, offsetof(struct made_row, serial)},
	{DB_BYTES, offsetof(struct made_row, der)},
};

/* $1 id, $2 state, $3 at, $4 by, $5 reason, $6 serial, $7 principal, $8 channel, $9 the event's type; its $10 id, $11 salt, $12 entry, $13 private */
static const enum db_type end_params[] = {DB_UUID, DB_TEXT, DB_TIME, DB_TEXT, DB_TEXT, DB_BYTES, DB_TEXT, DB_TEXT,
	DB_TEXT, DB_UUID, DB_BYTES, DB_BYTES, DB_BYTES};
#define END_SQL                                                                                                      \
	"WITH did AS (UPDATE ca.request SET state = $2, ended_at = $3, ended_by = $4, reason = $5, serial = $6"      \
	" WHERE id = $1 AND state = 'waiting' RETURNING 1)" EVENT("$9", "$3", "$4", "$7", "$8", "$10", "$11", "$12", \
		"$13")

static const enum db_type summary_params[] = {DB_TIME, DB_TIME, DB_TIME};
static const struct db_column summary_columns[] = {
	{DB_TEXT, offsetof(struct summary_row, profile)},
	{DB_INT, offsetof(struct summary_row, waiting)},
	{DB_INT, offsetof(struct summary_row, expired)},
	{DB_TIME, offsetof(struct summary_row, oldest)},
	{DB_INT, offsetof(struct summary_row, issued_hour)},
	{DB_INT, offsetof(struct summary_row, issued_day)},
};
#define SUMMARY_SQL                                                                                                             \
	"WITH queue AS (SELECT profile, count(*) FILTER (WHERE expires_at > $1) AS waiting,"                                    \
	"  count(*) FILTER (WHERE expires_at <= $1 AND expires_at > $3) AS expired,"                                            \
	"  min(created_at) FILTER (WHERE expires_at > $1) AS oldest FROM ca.request WHERE state = 'waiting' GROUP BY profile)," \
	" made AS (SELECT profile, count(*) FILTER (WHERE issued_at > $2) AS hour, count(*) AS day"                             \
	"  FROM ca.certificate WHERE issued_at > $3 GROUP BY profile)"                                                          \
	" SELECT COALESCE(q.profile, m.profile), COALESCE(q.waiting, 0), COALESCE(q.expired, 0), q.oldest,"                     \
	"  COALESCE(m.hour, 0), COALESCE(m.day, 0) FROM queue q FULL JOIN made m ON m.profile = q.profile ORDER BY 1"

/* $1 text in the subject, $2 person, $3 profile, $4 issuer, $5 status, $6 spki_sha256, $7 issued from, $8 issued before, $9 now; the place before which: $10 time, $11 serial; $12 limit */
static const enum db_type certificates_params[] = {DB_TEXT, DB_UUID, DB_TEXT, DB_TEXT, DB_TEXT, DB_BYTES, DB_TIME,
	DB_TIME, DB_TIME, DB_TIME, DB_BYTES, DB_INT};
static const struct db_column found_columns[] = {
	{DB_BYTES, offsetof(struct found_row, serial)},
	{DB_TEXT, offsetof(struct found_row, issuer)},
	{DB_TEXT, offsetof(struct found_row, profile)},
	{DB_TEXT, offsetof(struct found_row, subject)},
	{DB_UUID, offsetof(struct found_row, person)},
	{DB_BOOL, offsetof(struct found_row, has_person)},
	{DB_TIME, offsetof(struct found_row, not_before)},
	{DB_TIME, offsetof(struct found_row, not_after)},
	{DB_TIME, offsetof(struct found_row, issued_at)},
	{DB_TIME, offsetof(struct found_row, revoked_at)},
	{DB_INT, offsetof(struct found_row, reason)},
	{DB_TEXT, offsetof(struct found_row, actor)},
	{DB_TEXT, offsetof(struct found_row, channel)},
	{DB_UUID, offsetof(struct found_row, event)},
	{DB_BOOL, offsetof(struct found_row, has_event)},
};
#define CERTIFICATES_SQL                                                                                                     \
	"SELECT serial, issuer, profile, subject, person, person IS NOT NULL, not_before, not_after, issued_at, revoked_at," \
	"  reason, actor, channel, event, event IS NOT NULL FROM ca.certificate"                                             \
	" WHERE ($1::text IS NULL OR position(lower($1) IN lower(subject)) > 0) AND ($2::uuid IS NULL OR person = $2)"       \
	"  AND ($3::text IS NULL OR profile = $3) AND ($4::text IS NULL OR issuer = $4)"                                     \
	"  AND ($5::text IS NULL OR $5 = CASE WHEN reason = 6 THEN 'suspended' WHEN revoked_at IS NOT NULL THEN 'revoked'"   \
	"   WHEN not_after < $9 THEN 'expired' ELSE 'good' END)"                                                             \
	"  AND ($6::bytea IS NULL OR spki_sha256 = $6)"                                                                      \
	"  AND issued_at >= COALESCE($7, '-infinity') AND issued_at < COALESCE($8, 'infinity')"                              \
	"  AND issued_at <= COALESCE($10, 'infinity') AND ($10::timestamptz IS NULL OR (issued_at, serial) < ($10, $11))"    \
	" ORDER BY issued_at DESC, serial DESC LIMIT $12"

const struct db_statement request_statements[REQ_STATEMENT_COUNT] = {
	[REQ_ADD] = DB_COMMAND("request_add", ADD_SQL, add_params),
	[REQ_GET] = DB_STATEMENT("request", "SELECT " REQUEST_COLUMNS " FROM ca.request WHERE id = $1", uuid_params,
		request_columns, struct request_row),
	[REQ_OLDEST] = DB_STATEMENT("request_oldest",
		FILTERED
		" AND created_at >= COALESCE($8, '-infinity') AND ($8::timestamptz IS NULL OR (created_at, id) > ($8, $9))"
		" ORDER BY created_at, id LIMIT $10",
		list_params, request_columns, struct request_row),
	[REQ_NEWEST] = DB_STATEMENT("request_newest",
		FILTERED
		" AND created_at <= COALESCE($8, 'infinity') AND ($8::timestamptz IS NULL OR (created_at, id) < ($8, $9))"
		" ORDER BY created_at DESC, id DESC LIMIT $10",
		list_params, request_columns, struct request_row),
	[REQ_APPROVE] = DB_COMMAND("request_approve", APPROVE_SQL, approve_params),
	[REQ_APPROVALS] = DB_STATEMENT("request_approvals",
		"SELECT approver, approver_key, issue_sha256, at FROM ca.request_approval WHERE request = $1 ORDER BY at, approver",
		uuid_params, approval_columns, struct approval_row),
	[REQ_MADE] = DB_STATEMENT("request_made",
		"SELECT serial, der FROM ca.certificate WHERE spki_sha256 = $1 AND profile = $2 AND issued_at >= $3"
		" AND person IS NOT DISTINCT FROM $4 AND subject = $5 AND channel = 'queue' ORDER BY issued_at LIMIT 1",
		made_params, made_columns, struct made_row),
	[REQ_END] = DB_COMMAND("request_end", END_SQL, end_params),
	[REQ_SUMMARY] =
		DB_STATEMENT("request_summary", SUMMARY_SQL, summary_params, summary_columns, struct summary_row),
	[REQ_CERTIFICATES] =
		DB_STATEMENT("certificates", CERTIFICATES_SQL, certificates_params, found_columns, struct found_row),
};
