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
 * $12 principal, $13 sector, $14 channel, $15 holder; the event's: $16 id, $17 salt, $18 entry, $19 private */
static const enum db_type issue_params[] = {DB_BYTES, DB_TEXT, DB_TEXT, DB_TEXT, DB_UUID, DB_BYTES, DB_TIME, DB_TIME,
	DB_BYTES, DB_TIME, DB_TEXT, DB_TEXT, DB_TEXT, DB_TEXT, DB_TEXT, DB_UUID, DB_BYTES, DB_BYTES, DB_BYTES};
#define ISSUE_SQL                                                                                                                     \
	"WITH holder AS ("                                                                                                            \
	"  INSERT INTO ca.key_holder AS k (spki_sha256, holder) VALUES ($6, $15)"                                                     \
	"  ON CONFLICT (spki_sha256) DO UPDATE SET holder = excluded.holder WHERE k.holder = excluded.holder RETURNING 1),"           \
	" issued AS ("                                                                                                                \
	"  INSERT INTO ca.certificate (serial, issuer, profile, subject, person, spki_sha256, not_before, not_after, der, issued_at," \
	"    actor, principal, sector, channel)"                                                                                      \
	"  SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14 FROM holder RETURNING serial)"                          \
	" INSERT INTO ca.event (id, tree, at, type, actor, principal, sector, channel, salt, entry, private)"                         \
	" SELECT $16, 0, $10, 'certificate.issued', $11, $12, $13, $14, $17, $18, $19 FROM issued"

#define CERTIFICATE_COLUMNS \
	"serial, issuer, profile, subject, person, person IS NOT NULL, not_before, not_after, issued_at, revoked_at, reason, der, actor"
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
};

static const enum db_type status_params[] = {DB_BYTES, DB_TEXT};
static const struct db_column status_columns[] = {
	{DB_TIME, offsetof(struct status_row, revoked_at)},
	{DB_INT, offsetof(struct status_row, reason)},
};

/* $1 serial, $2 at, $3 reason, $4 actor, $5 principal, $6 channel; the event's: $7 id, $8 salt, $9 entry, $10 private */
static const enum db_type revoke_params[] = {DB_BYTES, DB_TIME, DB_INT, DB_TEXT, DB_TEXT, DB_TEXT, DB_UUID, DB_BYTES,
	DB_BYTES, DB_BYTES};
#define REVOKE_SQL                                                                                                            \
	"WITH revoked AS ("                                                                                                   \
	"  UPDATE ca.certificate SET revoked_at = $2, reason = $3 WHERE serial = $1 AND revoked_at IS NULL RETURNING serial)" \
	" INSERT INTO ca.event (id, tree, at, type, actor, principal, channel, salt, entry, private)"                         \
	" SELECT $7, 0, $2, 'certificate.revoked', $4, $5, $6, $8, $9, $10 FROM revoked"

static const enum db_type list_params[] = {DB_TEXT, DB_UUID, DB_INT};
static const enum db_type of_key_params[] = {DB_TEXT, DB_TEXT, DB_BYTES, DB_TIME};

static const struct db_column revoked_columns[] = {
	{DB_BYTES, offsetof(struct revoked_row, serial)},
	{DB_TEXT, offsetof(struct revoked_row, issuer)},
	{DB_TIME, offsetof(struct revoked_row, revoked_at)},
	{DB_INT, offsetof(struct revoked_row, reason)},
};
static const enum db_type revoked_of_params[] = {DB_TEXT, DB_TIME};

static const enum db_type crl_insert_params[] = {DB_TEXT, DB_INT, DB_TIME, DB_TIME, DB_INT, DB_BYTES};
static const struct db_column crl_columns[] = {
	{DB_INT, offsetof(struct crl_row, number)},
	{DB_TIME, offsetof(struct crl_row, this_update)},
	{DB_TIME, offsetof(struct crl_row, next_update)},
	{DB_INT, offsetof(struct crl_row, entries)},
	{DB_BYTES, offsetof(struct crl_row, der)},
};
static const enum db_type crl_forget_params[] = {DB_TEXT, DB_INT};

const struct db_statement ca_statements[CA_STATEMENT_COUNT] = {
	[CA_ACT_CONSUME] = DB_COMMAND("act_consume",
		"INSERT INTO ca.act_jti (jti, expires) VALUES ($1, $2) ON CONFLICT DO NOTHING", act_consume_params),
	[CA_ACT_FORGET] = DB_COMMAND("act_forget", "DELETE FROM ca.act_jti WHERE expires < $1", time_params),
	[CA_KEY_HOLDER] = DB_STATEMENT("key_holder", "SELECT holder FROM ca.key_holder WHERE spki_sha256 = $1",
		bytes_params, holder_columns, struct holder_row),
	[CA_CERTIFICATE_ISSUE] = DB_COMMAND("certificate_issue", ISSUE_SQL, issue_params),
	[CA_CERTIFICATE_BY_SERIAL] = DB_STATEMENT("certificate_by_serial",
		"SELECT " CERTIFICATE_COLUMNS " FROM ca.certificate WHERE serial = $1", bytes_params,
		certificate_columns, struct certificate_row),
	[CA_CERTIFICATE_STATUS] = DB_STATEMENT("certificate_status",
		"SELECT revoked_at, reason FROM ca.certificate WHERE serial = $1 AND issuer = $2", status_params,
		status_columns, struct status_row),
	[CA_CERTIFICATE_REVOKE] = DB_COMMAND("certificate_revoke", REVOKE_SQL, revoke_params),
	[CA_CERTIFICATE_LIST] = DB_STATEMENT("certificate_list",
		"SELECT " CERTIFICATE_COLUMNS
		" FROM ca.certificate WHERE ($1::text IS NULL OR position(lower($1) IN lower(subject)) > 0)"
		" AND ($2::uuid IS NULL OR person = $2) ORDER BY issued_at DESC LIMIT $3",
		list_params, certificate_columns, struct certificate_row),
	[CA_CERTIFICATE_OF_KEY] = DB_STATEMENT("certificate_of_key",
		"SELECT " CERTIFICATE_COLUMNS
		" FROM ca.certificate WHERE issuer = $1 AND profile = $2 AND spki_sha256 = $3 AND not_after > $4"
		" AND revoked_at IS NULL ORDER BY not_after DESC LIMIT 1",
		of_key_params, certificate_columns, struct certificate_row),
	[CA_REVOKED_SINCE] = DB_STATEMENT("revoked_since",
		"SELECT serial, issuer, revoked_at, reason FROM ca.certificate WHERE revoked_at >= $1", time_params,
		revoked_columns, struct revoked_row),
	[CA_REVOKED_OF] = DB_STATEMENT("revoked_of",
		"SELECT serial, issuer, revoked_at, reason FROM ca.certificate WHERE issuer = $1 AND revoked_at IS NOT NULL AND not_after > $2"
		" ORDER BY serial",
		revoked_of_params, revoked_columns, struct revoked_row),
	[CA_CRL_INSERT] = DB_COMMAND("crl_insert",
		"INSERT INTO ca.crl (issuer, number, this_update, next_update, entries, der) VALUES ($1, $2, $3, $4, $5, $6)",
		crl_insert_params),
	[CA_CRL_NEWEST] = DB_STATEMENT("crl_newest",
		"SELECT number, this_update, next_update, entries, der FROM ca.crl WHERE issuer = $1 ORDER BY number DESC LIMIT 1",
		text_params, crl_columns, struct crl_row),
	[CA_CRL_FORGET] =
		DB_COMMAND("crl_forget", "DELETE FROM ca.crl WHERE issuer = $1 AND number < $2", crl_forget_params),
};
