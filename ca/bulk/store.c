#include "ca/bulk/store.h"

#include <stddef.h>

/* The event that goes with what the CTE `did` has done. */
#define EVENT(TYPE, AT, ACTOR, ID, SALT, ENTRY, PRIVATE)                                                         \
	" INSERT INTO ca.event (id, tree, at, type, actor, principal, channel, salt, entry, private) SELECT " ID \
	", 0, " AT ", '" TYPE "', " ACTOR ", " ACTOR ", 'quorum', " SALT ", " ENTRY ", " PRIVATE " FROM did"

static const enum db_type uuid_params[] = {DB_UUID};
static const enum db_type uuid_time_params[] = {DB_UUID, DB_TIME};

/* $1 id, $2 action, $3 criteria, $4 why, $5 proposer, $6 act, $7 quorum, $8 created_at, $9 expires_at, $10 keys_sha256, $11 keys_token, $12 state; the event's $13 id, $14 salt,
 * $15 entry, $16 private */
static const enum db_type add_params[] = {DB_UUID, DB_TEXT, DB_TEXT, DB_TEXT, DB_TEXT, DB_TEXT, DB_INT, DB_TIME,
	DB_TIME, DB_BYTES, DB_BYTES, DB_TEXT, DB_UUID, DB_BYTES, DB_BYTES, DB_BYTES};
#define ADD_SQL                                                                                                           \
	"WITH did AS (INSERT INTO ca.bulk (id, action, criteria, why, proposer, act, quorum, created_at, expires_at,"     \
	" keys_sha256, keys_token, state) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING 1)" EVENT( \
		"bulk.proposed", "$8", "$5", "$13", "$14", "$15", "$16")

#define AT(type, member)                                \
	{                                               \
		type, offsetof(struct bulk_row, member) \
	}
static const struct db_column bulk_columns[] = {
	AT(DB_UUID, id),
	AT(DB_TEXT, action),
	AT(DB_TEXT, criteria),
	AT(DB_TEXT, why),
	AT(DB_TEXT, proposer),
	AT(DB_INT, quorum),
	AT(DB_TIME, created_at),
	AT(DB_TIME, expires_at),
	AT(DB_BYTES, keys_sha256),
	AT(DB_BYTES, keys_token),
	AT(DB_TEXT, state),
	AT(DB_INT, count),
	AT(DB_BYTES, serials_sha256),
	AT(DB_TEXT, samples),
	AT(DB_TIME, started_at),
	AT(DB_TIME, ended_at),
	AT(DB_TEXT, problem),
	AT(DB_INT, changed),
	AT(DB_INT, approvals),
};
#undef AT
#define BULK_SQL                                                                                                     \
	"SELECT b.id, b.action, b.criteria, b.why, b.proposer, b.quorum, b.created_at, b.expires_at, b.keys_sha256," \
	" b.keys_token, b.state, b.count, b.serials_sha256, b.samples, b.started_at, b.ended_at, b.problem,"         \
	" (SELECT COALESCE(sum(s.count), 0)::bigint FROM ca.status_batch s WHERE s.bulk = b.id::text),"              \
	" (SELECT count(*) FROM ca.bulk_approval a WHERE a.bulk = b.id AND a.serials_sha256 = b.serials_sha256)"     \
	" FROM ca.bulk b"

static const enum db_type list_params[] = {DB_INT};
static const enum db_type keys_add_params[] = {DB_UUID, DB_INT, DB_BYTES};
static const struct db_column number_columns[] = {{DB_INT, offsetof(struct number_of_row, number)}};
static const enum db_type keys_part_params[] = {DB_UUID, DB_INT};
static const struct db_column keys_part_columns[] = {
	{DB_INT, offsetof(struct key_part_row, part)},
	{DB_BYTES, offsetof(struct key_part_row, hashes)},
};

static const enum db_type claim_params[] = {DB_TIME, DB_TIME};
static const struct db_column work_columns[] = {
	{DB_UUID, offsetof(struct work_row, id)},
	{DB_TEXT, offsetof(struct work_row, state)},
	{DB_TEXT, offsetof(struct work_row, action)},
	{DB_TEXT, offsetof(struct work_row, criteria)},
	{DB_TEXT, offsetof(struct work_row, proposer)},
	{DB_INT, offsetof(struct work_row, count)},
	{DB_BYTES, offsetof(struct work_row, serials_sha256)},
};

/* $1 id, $2 count, $3 serials_sha256, $4 samples, $5 at, $6 actor; the event's $7 id, $8 salt, $9 entry, $10 private */
static const enum db_type counted_params[] = {DB_UUID, DB_INT, DB_BYTES, DB_TEXT, DB_TIME, DB_TEXT, DB_UUID, DB_BYTES,
	DB_BYTES, DB_BYTES};
#define COUNTED_SQL                                                                                                \
	"WITH did AS (UPDATE ca.bulk SET state = 'proposed', count = $2, serials_sha256 = $3, samples = $4,"       \
	" leased_until = NULL WHERE id = $1 AND state = 'counting' RETURNING 1)" EVENT("bulk.counted", "$5", "$6", \
		"$7", "$8", "$9", "$10")

/* $1 id, $2 at, $3 problem, $4 actor; the event's $5 id, $6 salt, $7 entry, $8 private */
static const enum db_type failed_params[] = {DB_UUID, DB_TIME, DB_TEXT, DB_TEXT, DB_UUID, DB_BYTES, DB_BYTES, DB_BYTES};
#define FAILED_SQL                                                                                                \
	"WITH did AS (UPDATE ca.bulk SET state = 'failed', ended_at = $2, problem = $3, leased_until = NULL"      \
	" WHERE id = $1 AND state IN ('counting', 'running') RETURNING 1)" EVENT("bulk.failed", "$2", "$4", "$5", \
		"$6", "$7", "$8")

/* $1 bulk, $2 approver, $3 approver_key, $4 serials_sha256, $5 act, $6 at; the event's $7 id, $8 salt, $9 entry, $10 private */
static const enum db_type approve_params[] = {DB_UUID, DB_TEXT, DB_BYTES, DB_BYTES, DB_TEXT, DB_TIME, DB_UUID, DB_BYTES,
	DB_BYTES, DB_BYTES};
#define APPROVE_SQL                                                                                         \
	"WITH did AS (INSERT INTO ca.bulk_approval (bulk, approver, approver_key, serials_sha256, act, at)" \
	" VALUES ($1, $2, $3, $4, $5, $6) RETURNING 1)" EVENT("bulk.approved", "$6", "$2", "$7", "$8", "$9", "$10")
static const struct db_column approval_columns[] = {
	{DB_TEXT, offsetof(struct bulk_approval_row, approver)},
	{DB_BYTES, offsetof(struct bulk_approval_row, approver_key)},
	{DB_BYTES, offsetof(struct bulk_approval_row, serials_sha256)},
	{DB_TIME, offsetof(struct bulk_approval_row, at)},
};

/* $1 id, $2 at, $3 actor; the event's $4 id, $5 salt, $6 entry, $7 private */
static const enum db_type end_params[] = {DB_UUID, DB_TIME, DB_TEXT, DB_UUID, DB_BYTES, DB_BYTES, DB_BYTES};
#define DONE_SQL                                                                             \
	"WITH did AS (UPDATE ca.bulk SET state = 'done', ended_at = $2, leased_until = NULL" \
	" WHERE id = $1 AND state = 'running' RETURNING 1)" EVENT("bulk.done", "$2", "$3", "$4", "$5", "$6", "$7")
#define WITHDRAW_SQL                                                                                                   \
	"WITH did AS (UPDATE ca.bulk SET state = 'withdrawn', ended_at = $2, leased_until = NULL"                      \
	" WHERE id = $1 AND state IN ('uploading', 'counting', 'proposed') RETURNING 1)" EVENT("bulk.withdrawn", "$2", \
		"$3", "$4", "$5", "$6", "$7")

static const enum db_type page_end_params[] = {DB_BYTES, DB_INT};
static const struct db_column serial_columns[] = {{DB_BYTES, offsetof(struct serial_of_row, serial)}};

/* $1 issuer, $2 profile, $3 issued from, $4 issued before, $5 now, $6 to be resumed, $7 batch of requests, $8 an earlier bulk act, $9 is the key to be looked at? */
#define CRITERIA DB_TEXT, DB_TEXT, DB_TIME, DB_TIME, DB_TIME, DB_BOOL, DB_TEXT, DB_UUID, DB_BOOL
#define PICK_SQL                                                                                                              \
	"SELECT c.serial, CASE WHEN $9 THEN c.der END FROM ca.certificate c WHERE"                                            \
	" ($1::text IS NULL OR c.issuer = $1) AND ($2::text IS NULL OR c.profile = $2)"                                       \
	" AND c.issued_at >= COALESCE($3, '-infinity') AND c.issued_at < COALESCE($4, 'infinity')"                            \
	" AND c.not_after > $5 AND CASE WHEN $6 THEN c.revoked_at IS NOT NULL AND c.reason = 6 ELSE c.revoked_at IS NULL END" \
	" AND ($7::text IS NULL OR c.serial IN (SELECT r.serial FROM ca.request r WHERE r.batch = $7))"                       \
	" AND ($8::uuid IS NULL OR EXISTS (SELECT FROM ca.selection s WHERE s.id = $8 AND s.serial = c.serial))"
static const enum db_type pick_params[] = {CRITERIA, DB_BYTES, DB_BYTES};
static const enum db_type pick_keys_params[] = {CRITERIA, DB_BYTES};
static const struct db_column picked_columns[] = {
	{DB_BYTES, offsetof(struct picked_row, serial)},
	{DB_BYTES, offsetof(struct picked_row, der)},
};

static const enum db_type serials_params[] = {DB_UUID, DB_BYTES, DB_INT};
static const struct db_column serials_columns[] = {{DB_BYTES, offsetof(struct serials_of_row, serials)}};
static const enum db_type samples_params[] = {DB_UUID, DB_INT};
static const struct db_column sample_columns[] = {
	{DB_BYTES, offsetof(struct sample_row, serial)},
	{DB_TEXT, offsetof(struct sample_row, profile)},
	{DB_TEXT, offsetof(struct sample_row, subject)},
	{DB_TIME, offsetof(struct sample_row, issued_at)},
};

static const struct db_column resumed_columns[] = {
	{DB_INT, offsetof(struct resumed_row, count)},
	{DB_BYTES, offsetof(struct resumed_row, serials)},
	{DB_BYTES, offsetof(struct resumed_row, last)},
};
#define RESUME_SQL                                                                                                           \
	"WITH picked AS (SELECT s.serial FROM ca.selection s WHERE s.id = $1 AND s.serial > $2 ORDER BY s.serial LIMIT $3)," \
	" done AS (UPDATE ca.certificate c SET revoked_at = NULL, reason = NULL FROM picked p"                               \
	"  WHERE c.serial = p.serial AND c.revoked_at IS NOT NULL AND c.reason = 6 RETURNING c.serial)"                      \
	" SELECT (SELECT count(*) FROM done), (SELECT string_agg(serial, ''::bytea ORDER BY serial) FROM done),"             \
	"  (SELECT serial FROM picked ORDER BY serial DESC LIMIT 1)"
/* $1 bulk, $2 count, $3 serials, $4 at, $5 actor; the event's $6 id, $7 salt, $8 entry, $9 private */
static const enum db_type resumed_params[] = {DB_TEXT, DB_INT, DB_BYTES, DB_TIME, DB_TEXT, DB_UUID, DB_BYTES, DB_BYTES,
	DB_BYTES};
#define RESUMED_SQL                                                                                                          \
	"WITH did AS (INSERT INTO ca.status_batch (event, bulk, count, serials) VALUES ($6, $1, $2, $3) RETURNING 1)" EVENT( \
		"certificate.resumed-many", "$4", "$5", "$6", "$7", "$8", "$9")

const struct db_statement bulk_statements[BULK_STATEMENT_COUNT] = {
	[BULK_ADD] = DB_COMMAND("bulk_add", ADD_SQL, add_params),
	[BULK_GET] = DB_STATEMENT("bulk", BULK_SQL " WHERE b.id = $1", uuid_params, bulk_columns, struct bulk_row),
	[BULK_LIST] = DB_STATEMENT("bulk_list", BULK_SQL " ORDER BY b.created_at DESC, b.id LIMIT $1", list_params,
		bulk_columns, struct bulk_row),
	[BULK_KEYS_ADD] = DB_COMMAND("bulk_keys_add",
		"INSERT INTO ca.bulk_key (bulk, part, hashes) SELECT id, $2, $3 FROM ca.bulk WHERE id = $1 AND state = 'uploading'",
		keys_add_params),
	[BULK_KEYS_SIZE] = DB_STATEMENT("bulk_keys_size",
		"SELECT COALESCE(sum(octet_length(hashes)), 0)::bigint / 32 FROM ca.bulk_key WHERE bulk = $1",
		uuid_params, number_columns, struct number_of_row),
	[BULK_KEYS_PART] = DB_STATEMENT("bulk_keys_part",
		"SELECT part, hashes FROM ca.bulk_key WHERE bulk = $1 AND part > $2 ORDER BY part LIMIT 1",
		keys_part_params, keys_part_columns, struct key_part_row),
	[BULK_COUNTING] = DB_COMMAND("bulk_counting",
		"UPDATE ca.bulk SET state = 'counting' WHERE id = $1 AND state = 'uploading'", uuid_params),
	[BULK_CLAIM] = DB_STATEMENT("bulk_claim",
		"UPDATE ca.bulk SET leased_until = $2 WHERE id = (SELECT id FROM ca.bulk"
		"  WHERE state IN ('counting', 'running') AND (leased_until IS NULL OR leased_until < $1)"
		"  ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED)"
		" RETURNING id, state, action, criteria, proposer, count, serials_sha256",
		claim_params, work_columns, struct work_row),
	[BULK_LEASE] = DB_COMMAND("bulk_lease",
		"UPDATE ca.bulk SET leased_until = $2 WHERE id = $1 AND state IN ('counting', 'running')",
		uuid_time_params),
	[BULK_COUNTED] = DB_COMMAND("bulk_counted", COUNTED_SQL, counted_params),
	[BULK_FAILED] = DB_COMMAND("bulk_failed", FAILED_SQL, failed_params),
	[BULK_APPROVE] = DB_COMMAND("bulk_approve", APPROVE_SQL, approve_params),
	[BULK_APPROVALS] = DB_STATEMENT("bulk_approvals",
		"SELECT approver, approver_key, serials_sha256, at FROM ca.bulk_approval WHERE bulk = $1 ORDER BY at, approver",
		uuid_params, approval_columns, struct bulk_approval_row),
	[BULK_RUN] = DB_COMMAND("bulk_run",
		"UPDATE ca.bulk SET state = 'running', started_at = $2, leased_until = NULL WHERE id = $1 AND state = 'proposed'",
		uuid_time_params),
	[BULK_DONE] = DB_COMMAND("bulk_done", DONE_SQL, end_params),
	[BULK_WITHDRAW] = DB_COMMAND("bulk_withdraw", WITHDRAW_SQL, end_params),
	[BULK_PAGE_END] = DB_STATEMENT("bulk_page_end",
		"SELECT serial FROM ca.certificate WHERE serial > $1 ORDER BY serial OFFSET $2 LIMIT 1",
		page_end_params, serial_columns, struct serial_of_row),
	[BULK_PICK] =
		DB_STATEMENT("bulk_pick", PICK_SQL " AND c.serial > $10 AND ($11::bytea IS NULL OR c.serial <= $11)",
			pick_params, picked_columns, struct picked_row),
	[BULK_PICK_KEYS] = DB_STATEMENT("bulk_pick_keys",
		PICK_SQL
		" AND c.spki_sha256 IN (SELECT substr($10, n * 32 + 1, 32) FROM generate_series(0, octet_length($10) / 32 - 1) n)",
		pick_keys_params, picked_columns, struct picked_row),
	[BULK_SERIALS] = DB_STATEMENT("bulk_serials",
		"SELECT string_agg(p.serial, ''::bytea ORDER BY p.serial) FROM"
		" (SELECT serial FROM ca.selection WHERE id = $1 AND serial > $2 ORDER BY serial LIMIT $3) p",
		serials_params, serials_columns, struct serials_of_row),
	[BULK_SAMPLES] = DB_STATEMENT("bulk_samples",
		"SELECT c.serial, c.profile, c.subject, c.issued_at FROM"
		" (SELECT serial FROM ca.selection WHERE id = $1 ORDER BY serial LIMIT $2) s"
		" JOIN ca.certificate c ON c.serial = s.serial ORDER BY c.serial",
		samples_params, sample_columns, struct sample_row),
	[BULK_RESUME] = DB_STATEMENT("bulk_resume", RESUME_SQL, serials_params, resumed_columns, struct resumed_row),
	[BULK_RESUMED] = DB_COMMAND("bulk_resumed", RESUMED_SQL, resumed_params),
};
