#include "idp/store/store.h"

#define SESSION_SELECT                                                                                            \
	"SELECT s.id, s.actor, s.principal, p.handle, p.name, s.channel, s.device, p.proofing, s.authenticator, " \
	"s.bound_level, s.ceiling, s.amr, s.auth_time, s.last_seen FROM idp.session s JOIN idp.person p ON p.id = s.principal "

static const struct db_column session_columns[] = {
	COLUMN(DB_UUID, session_row, id),
	COLUMN(DB_UUID, session_row, actor),
	COLUMN(DB_UUID, session_row, person),
	COLUMN(DB_TEXT, session_row, handle),
	COLUMN(DB_TEXT, session_row, name),
	COLUMN(DB_TEXT, session_row, channel),
	COLUMN(DB_TEXT, session_row, device),
	COLUMN(DB_INT, session_row, proofing),
	COLUMN(DB_INT, session_row, authenticator),
	COLUMN(DB_INT, session_row, bound_level),
	COLUMN(DB_INT, session_row, ceiling),
	COLUMN(DB_TEXTS, session_row, amr),
	COLUMN(DB_TIME, session_row, auth_time),
	COLUMN(DB_TIME, session_row, last_seen),
};
static const struct db_column id_column[] = {COLUMN(DB_UUID, uuid_row, id)};
static const struct db_column event_columns[] = {
	COLUMN(DB_UUID, event_row, id),
	COLUMN(DB_TIME, event_row, at),
	COLUMN(DB_TEXT, event_row, type),
	COLUMN(DB_TEXT, event_row, sector),
	COLUMN(DB_TEXT, event_row, channel),
	COLUMN(DB_TEXT, event_row, details),
};
static const struct db_column consent_columns[] = {
	COLUMN(DB_TEXT, consent_row, client),
	COLUMN(DB_JSON, consent_row, name),
	COLUMN(DB_TEXTS, consent_row, scopes),
	COLUMN(DB_TIME, consent_row, given_at),
};

/* clang-format off: SQL is laid out as SQL */
static const struct store_row rows[] = {
	/* hash, purpose, bound, expires */
	COMMAND(ST_CHALLENGE_ADD, "challenge_add",
		"INSERT INTO idp.challenge (hash, purpose, bound, expires_at) VALUES ($1, $2, $3, $4)",
		PARAMS(DB_BYTES, DB_TEXT, DB_BYTES, DB_TIME)),
	/* hash, purpose, bound, now */
	COMMAND(ST_CHALLENGE_USE, "challenge_use",
		"DELETE FROM idp.challenge WHERE hash = $1 AND purpose = $2 AND bound = $3 AND expires_at > $4",
		PARAMS(DB_BYTES, DB_TEXT, DB_BYTES, DB_TIME)),
	/* id, person, cookie hash, channel, authenticator, bound level, amr, device, now, credential or NULL, counter, backed up, former cookie's hash or NULL */
	QUERY(ST_SESSION_OPEN, "session_open",
		"WITH p AS (SELECT id FROM idp.person WHERE id = $2 AND frozen_at IS NULL), "
		"u AS (UPDATE idp.credential SET counter = $11, backed_up = $12, last_used_at = $9 WHERE id = $10 AND person = $2 AND removed_at IS NULL "
		"AND ((counter = 0 AND $11 = 0) OR counter < $11) RETURNING 1), "
		"s AS (INSERT INTO idp.session (id, hash, actor, principal, channel, authenticator, bound_level, ceiling, amr, auth_time, last_seen, device) "
		"SELECT $1, $3, p.id, p.id, $4, $5, $6, 3, $7, $9, $9, $8 FROM p WHERE $10 IS NULL OR EXISTS (SELECT FROM u) RETURNING id, actor, principal, channel), "
		"o AS (UPDATE idp.session SET ended_at = $9 WHERE hash = $13 AND ended_at IS NULL AND EXISTS (SELECT FROM s)), "
		"e AS (" EVENT_INTO "SELECT $14, $15, $16, $17, $18, $19, $20, actor, principal, NULL, channel FROM s) "
		"SELECT id FROM s",
		PARAMS(DB_UUID, DB_UUID, DB_BYTES, DB_TEXT, DB_INT, DB_INT, DB_TEXTS, DB_TEXT, DB_TIME, DB_BYTES,
			DB_INT, DB_BOOL, DB_BYTES, EVENT_PARAMS),
		id_column, uuid_row),
	/* cookie hash */
	QUERY(ST_SESSION_BY_HASH, "session_by_hash",
		SESSION_SELECT "WHERE s.hash = $1 AND s.ended_at IS NULL AND p.frozen_at IS NULL", PARAMS(DB_BYTES),
		session_columns, session_row),
	/* id, now, level now */
	COMMAND(ST_SESSION_SEEN, "session_seen",
		"UPDATE idp.session SET last_seen = $2, ceiling = least(ceiling, $3) WHERE id = $1 AND last_seen < $2 AND ended_at IS NULL",
		PARAMS(DB_UUID, DB_TIME, DB_INT)),
	/* cookie hash, now */
	QUERY(ST_SESSION_END, "session_end",
		"WITH s AS (UPDATE idp.session SET ended_at = $2 WHERE hash = $1 AND ended_at IS NULL RETURNING id, actor, principal, channel), "
		"e AS (" EVENT_INTO "SELECT $3, $4, $5, $6, $7, $8, $9, actor, principal, NULL, channel FROM s) "
		"SELECT id FROM s",
		PARAMS(DB_BYTES, DB_TIME, EVENT_PARAMS), id_column, uuid_row),
	QUERY(ST_SESSIONS_OF, "sessions_of",
		SESSION_SELECT "WHERE s.principal = $1 AND s.ended_at IS NULL ORDER BY s.auth_time DESC LIMIT 50",
		PARAMS(DB_UUID), session_columns, session_row),
	QUERY(ST_SESSION_END_ONE, "session_end_one",
		"WITH s AS (UPDATE idp.session SET ended_at = $3 WHERE id = $1 AND principal = $2 AND ended_at IS NULL RETURNING id, actor, principal, channel), "
		"e AS (" EVENT_INTO "SELECT $4, $5, $6, $7, $8, $9, $10, actor, principal, NULL, channel FROM s) "
		"SELECT id FROM s",
		PARAMS(DB_UUID, DB_UUID, DB_TIME, EVENT_PARAMS), id_column, uuid_row),
	/* actor, principal, sector, channel + event */
	COMMAND(ST_EVENT_ADD, "event_add", EVENT_INTO "VALUES ($5, $6, $7, $8, $9, $10, $11, $1, $2, $3, $4)",
		PARAMS(DB_TEXT, DB_UUID, DB_TEXT, DB_TEXT, EVENT_PARAMS)),
	QUERY(ST_EVENTS_OF, "events_of",
		"SELECT id, at, type, sector, channel, convert_from(private, 'UTF8') FROM idp.event WHERE principal = $1::text AND at < $2 ORDER BY at DESC LIMIT $3",
		PARAMS(DB_UUID, DB_TIME, DB_INT), event_columns, event_row),
	QUERY(ST_CONSENTS_OF, "consents_of",
		"SELECT k.client, c.name, k.scopes, k.given_at FROM idp.consent k JOIN idp.client c ON c.id = k.client WHERE k.person = $1 ORDER BY k.given_at DESC",
		PARAMS(DB_UUID), consent_columns, consent_row),
	/* person, client, now: its tokens go too */
	QUERY(ST_CONSENT_WITHDRAW, "consent_withdraw",
		"WITH k AS (DELETE FROM idp.consent WHERE person = $1 AND client = $2 RETURNING person), "
		"f AS (UPDATE idp.family SET revoked_at = $3 WHERE principal = $1 AND client = $2 AND revoked_at IS NULL), "
		"e AS (" EVENT_INTO "SELECT $4, $5, $6, $7, $8, $9, $10, person, person, NULL, 'web' FROM k) "
		"SELECT person FROM k",
		PARAMS(DB_UUID, DB_TEXT, DB_TIME, EVENT_PARAMS), id_column, uuid_row),
};
/* clang-format on */

const struct store_part store_session = STORE_PART(rows);
