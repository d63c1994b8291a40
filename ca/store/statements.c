#include "ca/store/statements.h"

#include <stddef.h>

static const enum db_type act_consume_params[] = {DB_TEXT, DB_TIME};
static const enum db_type time_params[] = {DB_TIME};
static const enum db_type bytes_params[] = {DB_BYTES};
static const enum db_type text_params[] = {DB_TEXT};

static const struct db_column holder_columns[] = {
	{DB_TEXT, offsetof(struct holder_row, holder)},
};

/* $1 serial, $2 issuer, $3 profile, $4 subject, $5 person, $6 spki_sha256, $7 not_before, $8 not_after, $9 der, $10 issued_at, $11 actor,
 * $12 principal, $13 sector, $14 channel, $15 holder; the event's: $16 id, $17 salt, $18 entry, $19 private; $20 shard */
static const enum db_type issue_params[] = {DB_BYTES, DB_TEXT, DB_TEXT, DB_TEXT, DB_UUID, DB_BYTES, DB_TIME, DB_TIME,
	DB_BYTES, DB_TIME, DB_TEXT, DB_TEXT, DB_TEXT, DB_TEXT, DB_TEXT, DB_UUID, DB_BYTES, DB_BYTES, DB_BYTES, DB_INT};
/* Of two in one statement that want the same key for different holders the first gets it. */
#define ISSUE_SQL                                                                                                                                 \
	"WITH q AS (SELECT * FROM unnest($1::bytea[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::bytea[], $7::timestamptz[],"            \
	"  $8::timestamptz[], $9::bytea[], $10::timestamptz[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::uuid[],"     \
	"  $17::bytea[], $18::bytea[], $19::bytea[], $20::bigint[]) WITH ORDINALITY AS q (serial, issuer, profile, subject, person, spki_sha256," \
	"  not_before, not_after, der, issued_at, actor, principal, sector, channel, holder, event, salt, entry, private, shard, n)),"            \
	" held AS ("                                                                                                                              \
	"  INSERT INTO ca.key_holder AS k (spki_sha256, holder) SELECT DISTINCT ON (spki_sha256) spki_sha256, holder FROM q"                      \
	"  ORDER BY spki_sha256, n"                                                                                                               \
	"  ON CONFLICT (spki_sha256) DO UPDATE SET holder = excluded.holder WHERE k.holder = excluded.holder"                                     \
	"  RETURNING spki_sha256, holder),"                                                                                                       \
	" issued AS ("                                                                                                                            \
	"  INSERT INTO ca.certificate (serial, issuer, profile, subject, person, spki_sha256, not_before, not_after, der, issued_at,"             \
	"    actor, principal, sector, channel, shard, event)"                                                                                    \
	"  SELECT serial, issuer, profile, subject, person, spki_sha256, not_before, not_after, der, issued_at, actor, principal, sector,"        \
	"    channel, shard, event FROM q JOIN held USING (spki_sha256, holder) RETURNING serial),"                                               \
	" logged AS ("                                                                                                                            \
	"  INSERT INTO ca.event (id, tree, at, type, actor, principal, sector, channel, salt, entry, private)"                                    \
	"  SELECT event, 0, issued_at, 'certificate.issued', actor, principal, sector, channel, salt, entry, private"                             \
	"  FROM q JOIN issued USING (serial))"                                                                                                    \
	" SELECT q.holder, q.n FROM q JOIN issued USING (serial)"

#define CERTIFICATE_COLUMNS                                                                                                               \
	"serial, issuer, profile, subject, person, person IS NOT NULL, not_before, not_after, issued_at, revoked_at, reason, der, actor," \
	" event, event IS NOT NULL"
static const struct db_column certificate_columns[] = {
	{DB_BYTES, offsetof(struct certificate_row, serial)},
	{DB_TEXT, offsetof(struct certificate_row, issuer)},
	{DB_TEXT, offsetof(struct certificate_row, profile)},
	{DB_TEXT, offsetof(struct certificate_row, subject)},
	{DB_UUID, offsetof(struct certificate_row, person)},
	{DB_BOOL, offsetof(struct certificate_row, has_person)},
	{DB_TIME, offsetof(struct certificate_row, not_before)},
	{DB_TIME, offsetof(struct certificate_row, not_after)},
	{DB_TIME, offsetof(struct certificate_row, issued_at)},
	{DB_TIME, offsetof(struct certificate_row, revoked_at)},
	{DB_INT, offsetof(struct certificate_row, reason)},
	{DB_BYTES, offsetof(struct certificate_row, der)},
	{DB_TEXT, offsetof(struct certificate_row, actor)},
	{DB_UUID, offsetof(struct certificate_row, event)},
	{DB_BOOL, offsetof(struct certificate_row, has_event)},
};

static const enum db_type status_params[] = {DB_BYTES, DB_TEXT};
static const struct db_column status_columns[] = {
	{DB_TIME, offsetof(struct status_row, revoked_at)},
	{DB_INT, offsetof(struct status_row, reason)},
	{DB_TIME, offsetof(struct status_row, not_after)},
};

/* $1 serial, $2 at, $3 reason, $4 actor, $5 principal, $6 channel; the event's: $7 id, $8 salt, $9 entry, $10 private. A hold may become final, and keeps its date then. */
static const enum db_type revoke_params[] = {DB_BYTES, DB_TIME, DB_INT, DB_TEXT, DB_TEXT, DB_TEXT, DB_UUID, DB_BYTES,
	DB_BYTES, DB_BYTES};
#define REVOKE_SQL                                                                                    \
	"WITH revoked AS ("                                                                           \
	"  UPDATE ca.certificate SET revoked_at = COALESCE(revoked_at, $2), reason = $3"              \
	"  WHERE serial = $1 AND (revoked_at IS NULL OR reason = 6 AND $3 <> 6) RETURNING serial)"    \
	" INSERT INTO ca.event (id, tree, at, type, actor, principal, channel, salt, entry, private)" \
	" SELECT $7, 0, $2, CASE $3 WHEN 6 THEN 'certificate.suspended' ELSE 'certificate.revoked' END, $4, $5, $6, $8, $9, $10 FROM revoked"

/* As above, without the reason: $1 serial, $2 at, $3 actor ... $9 private */
static const enum db_type resume_params[] = {DB_BYTES, DB_TIME, DB_TEXT, DB_TEXT, DB_TEXT, DB_UUID, DB_BYTES, DB_BYTES,
	DB_BYTES};
#define RESUME_SQL                                                                                                        \
	"WITH resumed AS ("                                                                                               \
	"  UPDATE ca.certificate SET revoked_at = NULL, reason = NULL WHERE serial = $1 AND reason = 6 RETURNING serial)" \
	" INSERT INTO ca.event (id, tree, at, type, actor, principal, channel, salt, entry, private)"                     \
	" SELECT $6, 0, $2, 'certificate.resumed', $3, $4, $5, $7, $8, $9 FROM resumed"

/* The query of many.h: $1 issuer, $2 profile, $3 issued from, $4 issued before, $5 selection, $6 now */
#define MATCHES                                                                                                                      \
	"c.revoked_at IS NULL AND c.not_after > $6 AND ($1::text IS NULL OR c.issuer = $1) AND ($2::text IS NULL OR c.profile = $2)" \
	" AND c.issued_at >= COALESCE($3, '-infinity') AND c.issued_at < COALESCE($4, 'infinity')"
static const enum db_type suspend_count_params[] = {DB_TEXT, DB_TEXT, DB_TIME, DB_TIME, DB_UUID, DB_TIME};
static const struct db_column number_columns[] = {{DB_INT, offsetof(struct number_row, number)}};
#define SUSPEND_COUNT_SQL                                                                                                       \
	"SELECT CASE WHEN $5::uuid IS NULL"                                                                                     \
	"  THEN (SELECT count(*) FROM ca.certificate c WHERE " MATCHES ")"                                                      \
	"  ELSE (SELECT count(*) FROM ca.selection s JOIN ca.certificate c ON c.serial = s.serial WHERE s.id = $5 AND " MATCHES \
	") END"

/* and $7 limit; $8 after serial */
static const enum db_type suspend_batch_params[] = {DB_TEXT, DB_TEXT, DB_TIME, DB_TIME, DB_UUID, DB_TIME, DB_INT};
static const enum db_type suspend_selected_params[] = {DB_TEXT, DB_TEXT, DB_TIME, DB_TIME, DB_UUID, DB_TIME, DB_INT,
	DB_BYTES};
static const struct db_column batch_columns[] = {
	{DB_INT, offsetof(struct batch_row, count)},
	{DB_BYTES, offsetof(struct batch_row, serials)},
	{DB_TIME, offsetof(struct batch_row, issued_at)},
	{DB_BYTES, offsetof(struct batch_row, last)},
};
#define SUSPEND "UPDATE ca.certificate c SET revoked_at = $6, reason = 6 FROM picked p WHERE c.serial = p.serial AND "
#define SUSPEND_BATCH_SQL                                                                                        \
	"WITH picked AS (SELECT c.serial, c.issued_at FROM ca.certificate c WHERE $5::uuid IS NULL AND " MATCHES \
	"  ORDER BY c.issued_at LIMIT $7),"                                                                      \
	" done AS (" SUSPEND "c.revoked_at IS NULL RETURNING c.serial, p.issued_at)"                             \
	" SELECT count(*), string_agg(serial, ''::bytea ORDER BY serial), max(issued_at), NULL::bytea FROM done"
#define SUSPEND_SELECTED_SQL                                                                                                        \
	"WITH picked AS (SELECT s.serial FROM ca.selection s WHERE s.id = $5 AND s.serial > $8 ORDER BY s.serial LIMIT $7),"        \
	" done AS (" SUSPEND MATCHES " RETURNING c.serial)"                                                                         \
	" SELECT (SELECT count(*) FROM done), (SELECT string_agg(serial, ''::bytea ORDER BY serial) FROM done), NULL::timestamptz," \
	"  (SELECT serial FROM picked ORDER BY serial DESC LIMIT 1)"

/* $1 bulk, $2 count, $3 serials, $4 at, $5 actor, $6 principal, $7 channel; $8 id, $9 salt, $10 entry, $11 private */
static const enum db_type suspend_event_params[] = {DB_TEXT, DB_INT, DB_BYTES, DB_TIME, DB_TEXT, DB_TEXT, DB_TEXT,
	DB_UUID, DB_BYTES, DB_BYTES, DB_BYTES};
#define SUSPEND_EVENT_SQL                                                                                                   \
	"WITH batch AS (INSERT INTO ca.status_batch (event, bulk, count, serials) VALUES ($8, $1, $2, $3) RETURNING event)" \
	" INSERT INTO ca.event (id, tree, at, type, actor, principal, channel, salt, entry, private)"                       \
	" SELECT event, 0, $4, 'certificate.suspended-many', $5, $6, $7, $9, $10, $11 FROM batch"

static const enum db_type selection_add_params[] = {DB_UUID, DB_BYTES};
static const enum db_type uuid_params[] = {DB_UUID};
#define SELECTION_ADD_SQL                                                                             \
	"INSERT INTO ca.selection (id, serial)"                                                       \
	" SELECT $1, substr($2, n * 16 + 1, 16) FROM generate_series(0, octet_length($2) / 16 - 1) n" \
	" ON CONFLICT DO NOTHING"

static const enum db_type of_key_params[] = {DB_TEXT, DB_TEXT, DB_BYTES, DB_TIME};

#define HORIZON "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
static const enum db_type int_params[] = {DB_INT};
static const struct db_column change_columns[] = {
	{DB_INT, offsetof(struct change_row, horizon)},
	{DB_INT, offsetof(struct change_row, txid)},
	{DB_TEXT, offsetof(struct change_row, issuer)},
	{DB_INT, offsetof(struct change_row, shard)},
	{DB_BYTES, offsetof(struct change_row, serials)},
};
#define CHANGES_SQL                                                                                            \
	"SELECT now.horizon, c.txid, c.issuer, c.shard, c.serials FROM (SELECT " HORIZON " AS horizon) AS now" \
	" LEFT JOIN ca.status_change c ON c.txid >= $1"

static const enum db_type list_state_params[] = {DB_TEXT, DB_INT};
static const struct db_column list_state_columns[] = {
	{DB_INT, offsetof(struct list_state_row, horizon)},
	{DB_INT, offsetof(struct list_state_row, number)},
	{DB_INT, offsetof(struct list_state_row, base)},
	{DB_INT, offsetof(struct list_state_row, base_seen)},
	{DB_BOOL, offsetof(struct list_state_row, base_whole)},
	{DB_TIME, offsetof(struct list_state_row, base_updated)},
};
/* Numbers go on from where the lists of an earlier version ended. */
#define LIST_STATE_SQL                                                                                                                        \
	"SELECT now.horizon, GREATEST("                                                                                                       \
	"  (SELECT COALESCE(max(number), 0) FROM ca.revocation_list WHERE issuer = $1 AND shard = $2),"                                       \
	"  (SELECT COALESCE(max(number), 0) FROM ca.crl WHERE issuer = $1 AND $2 = 0)), base.number, base.seen, base.whole, base.this_update" \
	" FROM (SELECT " HORIZON " AS horizon) AS now LEFT JOIN LATERAL ("                                                                    \
	"  SELECT number, seen, whole, this_update FROM ca.revocation_list WHERE issuer = $1 AND shard = $2 AND scheduled"                    \
	"  ORDER BY number DESC LIMIT 1) AS base ON true"

static const struct db_column listed_columns[] = {
	{DB_BYTES, offsetof(struct listed_row, serial)},
	{DB_TIME, offsetof(struct listed_row, revoked_at)},
	{DB_INT, offsetof(struct listed_row, reason)},
	{DB_TIME, offsetof(struct listed_row, not_after)},
};
static const enum db_type list_all_params[] = {DB_TEXT, DB_TIME, DB_INT};
static const enum db_type list_shard_params[] = {DB_TEXT, DB_TIME, DB_INT, DB_INT};
#define LISTED \
	"SELECT serial, revoked_at, reason, not_after FROM ca.certificate WHERE issuer = $1 AND revoked_at IS NOT NULL AND not_after > $2"

static const struct db_column serials_columns[] = {{DB_BYTES, offsetof(struct serials_row, serials)}};
static const enum db_type list_changes_params[] = {DB_TEXT, DB_INT, DB_INT};

/* $1 issuer, $2 shard, $3 number, $4 scheduled, $5 seen, $6 this_update, $7 next_update, $8 entries, $9 whole, $10 der, $11 base, $12 delta */
static const enum db_type list_insert_params[] = {DB_TEXT, DB_INT, DB_INT, DB_BOOL, DB_INT, DB_TIME, DB_TIME, DB_INT,
	DB_BOOL, DB_BYTES, DB_INT, DB_BYTES};
static const struct db_column list_columns[] = {
	{DB_INT, offsetof(struct list_row, number)},
	{DB_INT, offsetof(struct list_row, horizon)},
	{DB_INT, offsetof(struct list_row, seen)},
	{DB_TIME, offsetof(struct list_row, this_update)},
	{DB_TIME, offsetof(struct list_row, next_update)},
	{DB_INT, offsetof(struct list_row, entries)},
	{DB_BOOL, offsetof(struct list_row, whole)},
	{DB_BYTES, offsetof(struct list_row, der)},
	{DB_BYTES, offsetof(struct list_row, delta)},
};
static const enum db_type list_forget_params[] = {DB_TEXT, DB_INT, DB_INT, DB_INT};

static const enum db_type valid_of_params[] = {DB_TEXT, DB_TIME, DB_BYTES, DB_TIME, DB_INT};
static const enum db_type serials_of_params[] = {DB_TEXT, DB_BYTES, DB_INT};
static const enum db_type proof_event_params[] = {DB_UUID, DB_TIME, DB_BYTES, DB_BYTES, DB_BYTES};
static const struct db_column serial_columns[] = {
	{DB_BYTES, offsetof(struct serial_row, serial)},
	{DB_TEXT, offsetof(struct serial_row, issuer)},
	{DB_TIME, offsetof(struct serial_row, issued_at)},
};

const struct db_statement ca_statements[CA_STATEMENT_COUNT] = {
	[CA_ACT_CONSUME] = DB_COMMAND("act_consume",
		"INSERT INTO ca.act_jti (jti, expires) VALUES ($1, $2) ON CONFLICT DO NOTHING", act_consume_params),
	[CA_ACT_FORGET] = DB_COMMAND("act_forget", "DELETE FROM ca.act_jti WHERE expires < $1", time_params),
	[CA_KEY_HOLDER] = DB_STATEMENT_TOGETHER("key_holder",
		"SELECT k.holder, q.n FROM unnest($1::bytea[]) WITH ORDINALITY AS q (spki_sha256, n) JOIN ca.key_holder k USING (spki_sha256)",
		bytes_params, holder_columns, struct holder_row),
	[CA_CERTIFICATE_ISSUE] =
		DB_STATEMENT_TOGETHER("certificate_issue", ISSUE_SQL, issue_params, holder_columns, struct holder_row),
	[CA_CERTIFICATE_BY_SERIAL] = DB_STATEMENT("certificate_by_serial",
		"SELECT " CERTIFICATE_COLUMNS " FROM ca.certificate WHERE serial = $1", bytes_params,
		certificate_columns, struct certificate_row),
	[CA_CERTIFICATE_STATUS] = DB_STATEMENT("certificate_status",
		"SELECT revoked_at, reason, not_after FROM ca.certificate WHERE serial = $1 AND issuer = $2",
		status_params, status_columns, struct status_row),
	[CA_CERTIFICATE_REVOKE] = DB_COMMAND("certificate_revoke", REVOKE_SQL, revoke_params),
	[CA_CERTIFICATE_OF_KEY] = DB_STATEMENT("certificate_of_key",
		"SELECT " CERTIFICATE_COLUMNS
		" FROM ca.certificate WHERE issuer = $1 AND profile = $2 AND spki_sha256 = $3 AND not_after > $4"
		" AND revoked_at IS NULL ORDER BY not_after DESC LIMIT 1",
		of_key_params, certificate_columns, struct certificate_row),
	[CA_CERTIFICATE_RESUME] = DB_COMMAND("certificate_resume", RESUME_SQL, resume_params),
	[CA_SUSPEND_COUNT] = DB_STATEMENT("suspend_count", SUSPEND_COUNT_SQL, suspend_count_params, number_columns,
		struct number_row),
	[CA_SUSPEND_BATCH] =
		DB_STATEMENT("suspend_batch", SUSPEND_BATCH_SQL, suspend_batch_params, batch_columns, struct batch_row),
	[CA_SUSPEND_SELECTED] = DB_STATEMENT("suspend_selected", SUSPEND_SELECTED_SQL, suspend_selected_params,
		batch_columns, struct batch_row),
	[CA_SUSPEND_EVENT] = DB_COMMAND("suspend_event", SUSPEND_EVENT_SQL, suspend_event_params),
	[CA_SELECTION_ADD] = DB_COMMAND("selection_add", SELECTION_ADD_SQL, selection_add_params),
	[CA_SELECTION_DROP] = DB_COMMAND("selection_drop", "DELETE FROM ca.selection WHERE id = $1", uuid_params),
	[CA_CHANGES] = DB_STATEMENT("changes", CHANGES_SQL, int_params, change_columns, struct change_row),
	[CA_SHARDS] = DB_STATEMENT("shards", "SELECT COALESCE(max(shard), 0) FROM ca.revocation_list WHERE issuer = $1",
		text_params, number_columns, struct number_row),
	[CA_LIST_STATE] = DB_STATEMENT("list_state", LIST_STATE_SQL, list_state_params, list_state_columns,
		struct list_state_row),
	[CA_LIST_ALL] = DB_STATEMENT("list_all", LISTED " ORDER BY serial LIMIT $3", list_all_params, listed_columns,
		struct listed_row),
	[CA_LIST_SHARD] = DB_STATEMENT("list_shard", LISTED " AND shard = $4 ORDER BY serial LIMIT $3",
		list_shard_params, listed_columns, struct listed_row),
	[CA_LIST_CHANGES] = DB_STATEMENT("list_changes",
		"SELECT serials FROM ca.status_change WHERE issuer = $1 AND txid >= $2 AND ($3 < 0 OR shard = $3)",
		list_changes_params, serials_columns, struct serials_row),
	[CA_LIST_INSERT] = DB_COMMAND("list_insert",
		"INSERT INTO ca.revocation_list"
		" (issuer, shard, number, scheduled, seen, this_update, next_update, entries, whole, der, base, delta)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, NULLIF($11, 0), $12)",
		list_insert_params),
	[CA_LIST_NEWEST] = DB_STATEMENT("list_newest",
		"SELECT number, " HORIZON
		", seen, this_update, next_update, entries, whole, der, delta FROM ca.revocation_list"
		" WHERE issuer = $1 AND shard = $2 ORDER BY number DESC LIMIT 1",
		list_state_params, list_columns, struct list_row),
	[CA_LIST_FORGET] = DB_COMMAND("list_forget",
		"DELETE FROM ca.revocation_list WHERE issuer = $1 AND shard = $2 AND number < $3 AND NOT (scheduled AND number >= $4)",
		list_forget_params),
	[CA_SERIALS_OF] = DB_STATEMENT("serials_of",
		"SELECT serial, issuer, issued_at FROM ca.certificate WHERE issuer = $1 AND serial > $2 ORDER BY serial LIMIT $3",
		serials_of_params, serial_columns, struct serial_row),
	[CA_PROOF_EVENT] = DB_COMMAND("proof_event",
		"INSERT INTO ca.event (id, tree, at, type, actor, principal, channel, salt, entry, private)"
		" VALUES ($1, 0, $2, 'status.disagreement', 'mohar-cad', 'mohar-cad', 'local', $3, $4, $5)",
		proof_event_params),
	[CA_VALID_OF] = DB_STATEMENT("valid_of",
		"SELECT serial, issuer, issued_at FROM ca.certificate WHERE profile = $1 AND (issued_at, serial) > ($2, $3)"
		" AND not_after > $4 AND revoked_at IS NULL ORDER BY issued_at, serial LIMIT $5",
		valid_of_params, serial_columns, struct serial_row),
};
