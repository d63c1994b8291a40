#include "idp/store/store.h"

static const struct db_column interaction_columns[] = {
	COLUMN(DB_TEXT, interaction_row, id),
	COLUMN(DB_TEXT, interaction_row, client),
	COLUMN(DB_JSON, interaction_row, request),
	COLUMN(DB_TEXT, interaction_row, return_to),
	COLUMN(DB_INT, interaction_row, level),
	COLUMN(DB_UUID, interaction_row, session_before),
	COLUMN(DB_UUID, interaction_row, consented_by),
	COLUMN(DB_TIME, interaction_row, created_at),
};
static const struct db_column ticket_columns[] = {
	COLUMN(DB_UUID, ticket_row, person),
	COLUMN(DB_INT, ticket_row, bound_level),
	COLUMN(DB_TEXT, ticket_row, serial),
};
static const struct db_column text_column[] = {COLUMN(DB_TEXT, text_row, text)};
static const struct db_column json_column[] = {COLUMN(DB_JSON, text_row, text)};
static const struct db_column id_column[] = {COLUMN(DB_UUID, uuid_row, id)};

/* clang-format off: SQL is laid out as SQL */
static const struct store_row rows[] = {
	/* id, browser, client, request, return_to, level, session or NULL, now, expires */
	COMMAND(ST_INTERACTION_ADD, "interaction_add",
		"INSERT INTO idp.interaction (id, browser, client, request, return_to, level, session_before, created_at, expires_at) "
		"VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
		PARAMS(DB_TEXT, DB_BYTES, DB_TEXT, DB_JSON, DB_TEXT, DB_INT, DB_UUID, DB_TIME, DB_TIME)),
	/* id, browser, now */
	QUERY(ST_INTERACTION_OF, "interaction_of",
		"SELECT id, client, request, return_to, level, session_before, consented_by, created_at FROM idp.interaction WHERE id = $1 AND browser = $2 AND expires_at > $3",
		PARAMS(DB_TEXT, DB_BYTES, DB_TIME), interaction_columns, interaction_row),
	COMMAND(ST_INTERACTION_DROP, "interaction_drop", "DELETE FROM idp.interaction WHERE id = $1", PARAMS(DB_TEXT)),
	/* person, client, scopes: is consent given to all of them? */
	QUERY(ST_CONSENT_OF, "consent_of",
		"SELECT client FROM idp.consent WHERE person = $1 AND client = $2 AND $3 <@ scopes",
		PARAMS(DB_UUID, DB_TEXT, DB_TEXTS), text_column, text_row),
	/* interaction, person, client, scopes, now, sector */
	QUERY(ST_CONSENT_GIVE, "consent_give",
		"WITH i AS (UPDATE idp.interaction SET consented_by = $2 WHERE id = $1 RETURNING id), "
		"k AS (INSERT INTO idp.consent AS old (person, client, scopes, given_at) SELECT $2, $3, $4, $5 FROM i "
		"ON CONFLICT (person, client) DO UPDATE SET given_at = $5, "
		"scopes = ARRAY(SELECT unnest(old.scopes) UNION SELECT unnest(excluded.scopes)) RETURNING person), "
		"e AS (" EVENT_INTO "SELECT $7, $8, $9, $10, $11, $12, $13, person, person, $6, 'web' FROM k) "
		"SELECT client FROM (SELECT $3 AS client FROM k) x",
		PARAMS(DB_TEXT, DB_UUID, DB_TEXT, DB_TEXTS, DB_TIME, DB_TEXT, EVENT_PARAMS), text_column, text_row),
	/* hash, interaction, person, bound level, serial, expires */
	COMMAND(ST_TICKET_ADD, "ticket_add",
		"INSERT INTO idp.card_ticket (hash, interaction, person, bound_level, serial, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
		PARAMS(DB_BYTES, DB_TEXT, DB_UUID, DB_INT, DB_TEXT, DB_TIME)),
	/* hash, interaction, now */
	QUERY(ST_TICKET_USE, "ticket_use",
		"DELETE FROM idp.card_ticket WHERE hash = $1 AND interaction = $2 AND expires_at > $3 RETURNING person, bound_level, serial",
		PARAMS(DB_BYTES, DB_TEXT, DB_TIME), ticket_columns, ticket_row),
	/* hash, client, request, expires, assertion jti or NULL, its end: a pushed request and its client's assertion in one commit */
	COMMAND(ST_PAR_ADD, "par_add",
		"WITH j AS (INSERT INTO idp.assertion_jti (client, jti, expires_at) SELECT $2, $5, $6 WHERE $5 IS NOT NULL ON CONFLICT DO NOTHING RETURNING 1) "
		"INSERT INTO idp.par (hash, client, request, expires_at) SELECT $1, $2, $3, $4 WHERE $5 IS NULL OR EXISTS (SELECT FROM j)",
		PARAMS(DB_BYTES, DB_TEXT, DB_JSON, DB_TIME, DB_BYTES, DB_TIME)),
	/* hash, client, now */
	QUERY(ST_PAR_USE, "par_use",
		"DELETE FROM idp.par WHERE hash = $1 AND client = $2 AND expires_at > $3 RETURNING request",
		PARAMS(DB_BYTES, DB_TEXT, DB_TIME), json_column, text_row),
	/* person, sector, a fresh subject: the person's subject in that sector, made at the first asking. No row: two asked at once, ask again. */
	QUERY(ST_SUBJECT_OF, "subject_of",
		"WITH n AS (INSERT INTO idp.subject (person, sector, sub) SELECT $1, $2, $3 "
		"WHERE NOT EXISTS (SELECT FROM idp.subject WHERE person = $1 AND sector = $2) ON CONFLICT (person, sector) DO NOTHING RETURNING sub) "
		"SELECT sub FROM n UNION ALL SELECT sub FROM idp.subject WHERE person = $1 AND sector = $2",
		PARAMS(DB_UUID, DB_TEXT, DB_TEXT), text_column, text_row),
	/* person, sector, sub: are they one? */
	QUERY(ST_SUBJECT_IS, "subject_is", "SELECT sub FROM idp.subject WHERE person = $1 AND sector = $2 AND sub = $3",
		PARAMS(DB_UUID, DB_TEXT, DB_TEXT), text_column, text_row),
	/* hash, client, redirect_uri, challenge, session, sector, sub, scopes, nonce, resource, level, required level, expires, interaction or NULL */
	QUERY(ST_CODE_ADD, "code_add",
		"WITH s AS (SELECT id, actor, principal, channel FROM idp.session WHERE id = $5 AND ended_at IS NULL), "
		"i AS (DELETE FROM idp.interaction WHERE id = $14 RETURNING 1), "
		"c AS (INSERT INTO idp.code (hash, client, redirect_uri, challenge, session, actor, principal, sector, channel, sub, scopes, nonce, resource, level, "
		"required_level, expires_at) SELECT $1, $2, $3, $4, s.id, s.actor, s.principal, $6, s.channel, $7, $8, $9, $10, $11, $12, $13 FROM s "
		"WHERE $14 IS NULL OR EXISTS (SELECT FROM i) RETURNING session, actor, principal, sector, channel), "
		"e AS (" EVENT_INTO
		"SELECT $15, $16, $17, $18, $19, $20, $21, actor, principal, sector, channel FROM c) "
		"SELECT session FROM c",
		PARAMS(DB_BYTES, DB_TEXT, DB_TEXT, DB_BYTES, DB_UUID, DB_TEXT, DB_TEXT, DB_TEXTS, DB_TEXT, DB_TEXT,
			DB_INT, DB_INT, DB_TIME, DB_TEXT, EVENT_PARAMS),
		id_column, uuid_row),
};
/* clang-format on */

const struct store_part store_flow = STORE_PART(rows);
