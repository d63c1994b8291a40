#include "idp/store/store.h"

#define CREDENTIAL_SELECT                                                                                              \
	"SELECT c.id, c.person, c.cose_key, c.algorithm, c.counter, c.user_verified, c.backup_eligible, c.backed_up, " \
	"c.aaguid, c.format, c.trust, c.authenticator, c.bound_level, c.name, c.created_at, c.last_used_at, "          \
	"p.user_handle, p.frozen_at FROM idp.credential c JOIN idp.person p ON p.id = c.person "

static const struct db_column credential_columns[] = {
	COLUMN(DB_BYTES, credential_row, id),
	COLUMN(DB_UUID, credential_row, person),
	COLUMN(DB_BYTES, credential_row, cose_key),
	COLUMN(DB_INT, credential_row, algorithm),
	COLUMN(DB_INT, credential_row, counter),
	COLUMN(DB_BOOL, credential_row, user_verified),
	COLUMN(DB_BOOL, credential_row, backup_eligible),
	COLUMN(DB_BOOL, credential_row, backed_up),
	COLUMN(DB_BYTES, credential_row, aaguid),
	COLUMN(DB_TEXT, credential_row, format),
	COLUMN(DB_INT, credential_row, trust),
	COLUMN(DB_INT, credential_row, authenticator),
	COLUMN(DB_INT, credential_row, bound_level),
	COLUMN(DB_TEXT, credential_row, name),
	COLUMN(DB_TIME, credential_row, created_at),
	COLUMN(DB_TIME, credential_row, last_used_at),
	COLUMN(DB_BYTES, credential_row, user_handle),
	COLUMN(DB_TIME, credential_row, frozen_at),
};
static const struct db_column id_column[] = {COLUMN(DB_UUID, uuid_row, id)};
static const struct db_column card_columns[] = {
	COLUMN(DB_UUID, card_row, person),
	COLUMN(DB_INT, card_row, bound_level),
	COLUMN(DB_TEXT, card_row, serial),
};
static const struct db_column activation_columns[] = {
	COLUMN(DB_UUID, activation_row, person),
	COLUMN(DB_INT, activation_row, level),
	COLUMN(DB_TEXT, activation_row, name),
	COLUMN(DB_TEXT, activation_row, handle),
	COLUMN(DB_BYTES, activation_row, user_handle),
	COLUMN(DB_TIME, activation_row, expires_at),
};

#define CREDENTIAL_INTO                                                                                                     \
	"INSERT INTO idp.credential (id, person, cose_key, algorithm, counter, user_verified, backup_eligible, backed_up, " \
	"aaguid, format, trust, authenticator, bound_level, name, created_at) "

/* clang-format off: SQL is laid out as SQL */
static const struct store_row rows[] = {
	QUERY(ST_CREDENTIAL_BY_ID, "credential_by_id", CREDENTIAL_SELECT "WHERE c.id = $1 AND c.removed_at IS NULL",
		PARAMS(DB_BYTES), credential_columns, credential_row),
	QUERY(ST_CREDENTIALS_OF, "credentials_of",
		CREDENTIAL_SELECT "WHERE c.person = $1 AND c.removed_at IS NULL ORDER BY c.created_at", PARAMS(DB_UUID),
		credential_columns, credential_row),
	/* id, person, cose_key, algorithm, counter, user_verified, backup_eligible, backed_up, aaguid, format, trust, authenticator, bound_level, name, now */
	QUERY(ST_CREDENTIAL_ADD, "credential_add",
		"WITH c AS (" CREDENTIAL_INTO
		"SELECT $1, p.id, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15 FROM idp.person p WHERE p.id = $2 AND p.frozen_at IS NULL "
		"RETURNING person), "
		"e AS (" EVENT_INTO "SELECT $16, $17, $18, $19, $20, $21, $22, person, person, NULL, 'web' FROM c) "
		"SELECT person FROM c",
		PARAMS(DB_BYTES, DB_UUID, DB_BYTES, DB_INT, DB_INT, DB_BOOL, DB_BOOL, DB_BOOL, DB_BYTES, DB_TEXT,
			DB_INT, DB_INT, DB_INT, DB_TEXT, DB_TIME, EVENT_PARAMS),
		id_column, uuid_row),
	COMMAND(ST_CREDENTIAL_RENAME, "credential_rename",
		"UPDATE idp.credential SET name = $3 WHERE id = $1 AND person = $2 AND removed_at IS NULL",
		PARAMS(DB_BYTES, DB_UUID, DB_TEXT)),
	/* the last means of logging in is not the citizen's to remove: a registrar's new activation would be needed */
	QUERY(ST_CREDENTIAL_REMOVE, "credential_remove",
		"WITH c AS (UPDATE idp.credential SET removed_at = $3 WHERE id = $1 AND person = $2 AND removed_at IS NULL AND "
		"(EXISTS (SELECT FROM idp.credential o WHERE o.person = $2 AND o.id <> $1 AND o.removed_at IS NULL) OR "
		"EXISTS (SELECT FROM idp.card k WHERE k.person = $2 AND k.removed_at IS NULL)) RETURNING person), "
		"e AS (" EVENT_INTO "SELECT $4, $5, $6, $7, $8, $9, $10, person, person, NULL, 'web' FROM c) "
		"SELECT person FROM c",
		PARAMS(DB_BYTES, DB_UUID, DB_TIME, EVENT_PARAMS), id_column, uuid_row),
	/* spki hash, person, serial, bound level, registrar, now */
	COMMAND(ST_CARD_ADD, "card_add",
		"INSERT INTO idp.card (spki_sha256, person, serial, bound_level, registrar, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
		PARAMS(DB_BYTES, DB_UUID, DB_TEXT, DB_INT, DB_TEXT, DB_TIME)),
	/* spki hash, serial */
	QUERY(ST_CARD_BY_SPKI, "card_by_spki",
		"SELECT c.person, c.bound_level, c.serial FROM idp.card c JOIN idp.person p ON p.id = c.person "
		"WHERE c.spki_sha256 = $1 AND c.serial = $2 AND c.removed_at IS NULL AND p.frozen_at IS NULL",
		PARAMS(DB_BYTES, DB_TEXT), card_columns, card_row),
	/* code hash, person, level, registrar, now, expires */
	COMMAND(ST_ACTIVATION_ADD, "activation_add",
		"INSERT INTO idp.activation (code_hash, person, level, registrar, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
		PARAMS(DB_BYTES, DB_UUID, DB_INT, DB_TEXT, DB_TIME, DB_TIME)),
	QUERY(ST_ACTIVATION_PEEK, "activation_peek",
		"SELECT a.person, a.level, p.name, p.handle, p.user_handle, a.expires_at FROM idp.activation a JOIN idp.person p ON p.id = a.person "
		"WHERE a.code_hash = $1 AND a.used_at IS NULL AND a.expires_at > $2 AND p.frozen_at IS NULL",
		PARAMS(DB_BYTES, DB_TIME), activation_columns, activation_row),
	/* code hash, now, id, cose_key, algorithm, counter, user_verified, backup_eligible, backed_up, aaguid, format, trust, authenticator, name: bound at the code's level */
	QUERY(ST_ACTIVATION_BIND, "activation_bind",
		"WITH a AS (UPDATE idp.activation SET used_at = $2 FROM idp.person p WHERE code_hash = $1 AND used_at IS NULL AND expires_at > $2 "
		"AND p.id = person AND p.frozen_at IS NULL RETURNING person, level), "
		"c AS (" CREDENTIAL_INTO
		"SELECT $3, a.person, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, a.level, $14, $2 FROM a RETURNING person), "
		"e AS (" EVENT_INTO "SELECT $15, $16, $17, $18, $19, $20, $21, person, person, NULL, 'web' FROM c) "
		"SELECT person FROM c",
		PARAMS(DB_BYTES, DB_TIME, DB_BYTES, DB_BYTES, DB_INT, DB_INT, DB_BOOL, DB_BOOL, DB_BOOL, DB_BYTES,
			DB_TEXT, DB_INT, DB_INT, DB_TEXT, EVENT_PARAMS),
		id_column, uuid_row),
};
/* clang-format on */

const struct store_part store_credential = STORE_PART(rows);
