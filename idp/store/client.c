#include "idp/store/store.h"

static const struct db_column client_columns[] = {
	COLUMN(DB_TEXT, client_row, id),
	COLUMN(DB_JSON, client_row, name),
	COLUMN(DB_TEXT, client_row, sector),
	COLUMN(DB_TEXT, client_row, agency),
	COLUMN(DB_TEXT, client_row, auth_method),
	COLUMN(DB_BYTES, client_row, secret_hash),
	COLUMN(DB_JSON, client_row, jwks),
	COLUMN(DB_TEXTS, client_row, grants),
	COLUMN(DB_TEXTS, client_row, redirect_uris),
	COLUMN(DB_TEXTS, client_row, post_logout_redirect_uris),
	COLUMN(DB_TEXTS, client_row, scopes),
	COLUMN(DB_TEXTS, client_row, resources),
	COLUMN(DB_INT, client_row, min_level),
	COLUMN(DB_INT, client_row, max_level),
	COLUMN(DB_BOOL, client_row, require_par),
};
static const struct db_column text_column[] = {COLUMN(DB_TEXT, text_row, text)};

#define CLIENT_COLUMNS                                                                                                         \
	"id, name, sector, agency, auth_method, secret_hash, jwks, grants, redirect_uris, post_logout_redirect_uris, scopes, " \
	"resources, min_level, max_level, require_par"

/* clang-format off: SQL is laid out as SQL */
static const struct store_row rows[] = {
	/* name, now */
	COMMAND(ST_SECTOR_ADD, "sector_add",
		"INSERT INTO idp.sector (name, created_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
		PARAMS(DB_TEXT, DB_TIME)),
	/* client_columns in their order, now */
	COMMAND(ST_CLIENT_ADD, "client_add",
		"INSERT INTO idp.client (" CLIENT_COLUMNS
		", created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
		PARAMS(DB_TEXT, DB_JSON, DB_TEXT, DB_TEXT, DB_TEXT, DB_BYTES, DB_JSON, DB_TEXTS, DB_TEXTS, DB_TEXTS,
			DB_TEXTS, DB_TEXTS, DB_INT, DB_INT, DB_BOOL, DB_TIME)),
	QUERY(ST_CLIENT_BY_ID, "client_by_id",
		"SELECT " CLIENT_COLUMNS " FROM idp.client WHERE id = $1 AND revoked_at IS NULL", PARAMS(DB_TEXT),
		client_columns, client_row),
	/* id, new secret hash or NULL, new keys or NULL: as its method wants */
	COMMAND(ST_CLIENT_ROTATE, "client_rotate",
		"UPDATE idp.client SET secret_hash = $2, jwks = $3 WHERE id = $1 AND revoked_at IS NULL",
		PARAMS(DB_TEXT, DB_BYTES, DB_JSON)),
	/* id, now: its tokens go too */
	QUERY(ST_CLIENT_REVOKE, "client_revoke",
		"WITH c AS (UPDATE idp.client SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL RETURNING id), "
		"f AS (UPDATE idp.family SET revoked_at = $2 WHERE client = $1 AND revoked_at IS NULL) "
		"SELECT id FROM c",
		PARAMS(DB_TEXT, DB_TIME), text_column, text_row),
	/* jti, expires: ERR_EXISTS if it was used */
	COMMAND(ST_ACT_JTI, "act_jti", "INSERT INTO idp.act_jti (jti, expires_at) VALUES ($1, $2)",
		PARAMS(DB_TEXT, DB_TIME)),
	/* client, SHA-256 of the jti, expires: ERR_EXISTS if it was used */
	COMMAND(ST_ASSERTION_JTI, "assertion_jti",
		"INSERT INTO idp.assertion_jti (client, jti, expires_at) VALUES ($1, $2, $3)",
		PARAMS(DB_TEXT, DB_BYTES, DB_TIME)),
	/* now, an hour ago, a day ago: what has been of no use for a while. Redeemed codes and spent refresh tokens stay long enough to recognise a replay. */
	COMMAND(ST_SWEEP, "sweep",
		"WITH a AS (DELETE FROM idp.challenge WHERE expires_at < $1), b AS (DELETE FROM idp.interaction WHERE expires_at < $1), "
		"c AS (DELETE FROM idp.card_ticket WHERE expires_at < $1), d AS (DELETE FROM idp.par WHERE expires_at < $1), "
		"e AS (DELETE FROM idp.code WHERE expires_at < $2), f AS (DELETE FROM idp.access_token WHERE expires_at < $2), "
		"g AS (DELETE FROM idp.refresh_token WHERE expires_at < $3), h AS (DELETE FROM idp.act_jti WHERE expires_at < $1) "
		"DELETE FROM idp.assertion_jti WHERE expires_at < $1",
		PARAMS(DB_TIME, DB_TIME, DB_TIME)),
};
/* clang-format on */

const struct store_part store_client = STORE_PART(rows);
