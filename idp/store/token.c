#include "idp/store/store.h"

/* clang-format off: SQL is laid out as SQL */
/* A person's offices, where the scope is granted. o: alias that has scopes and principal; now: its parameter. */
#define OFFICES(o, scopes, now)                                                                         \
	"CASE WHEN 'offices' = ANY(" scopes                                                             \
	") THEN (SELECT coalesce(jsonb_agg(jsonb_build_object('agency', a.agency, 'office', a.office, " \
	"'title', a.title) ORDER BY a.valid_from), '[]') FROM idp.appointment a WHERE a.person = " o    \
	".principal AND a.ended_at IS NULL "                                                            \
	"AND a.valid_from <= " now " AND a.valid_until > " now ") END"
/* clang-format on */

static const struct db_column grant_columns[] = {
	COLUMN(DB_UUID, grant_row, family),
	COLUMN(DB_UUID, grant_row, person),
	COLUMN(DB_TEXT, grant_row, sub),
	COLUMN(DB_TEXT, grant_row, nonce),
	COLUMN(DB_TEXT, grant_row, resource),
	COLUMN(DB_TEXT, grant_row, sector),
	COLUMN(DB_TEXTS, grant_row, scopes),
	COLUMN(DB_TEXTS, grant_row, amr),
	COLUMN(DB_INT, grant_row, level),
	COLUMN(DB_INT, grant_row, required_level),
	COLUMN(DB_INT, grant_row, proofing),
	COLUMN(DB_INT, grant_row, authenticator),
	COLUMN(DB_INT, grant_row, bound_level),
	COLUMN(DB_INT, grant_row, ceiling),
	COLUMN(DB_TIME, grant_row, auth_time),
	COLUMN(DB_TEXT, grant_row, name),
	COLUMN(DB_TEXT, grant_row, birthdate),
	COLUMN(DB_TEXT, grant_row, gender),
	COLUMN(DB_JSON, grant_row, offices),
	COLUMN(DB_BOOL, grant_row, refreshable),
};
static const struct db_column autopsy_columns[] = {
	COLUMN(DB_TEXT, autopsy_row, client),
	COLUMN(DB_UUID, autopsy_row, family),
	COLUMN(DB_BOOL, autopsy_row, used),
	COLUMN(DB_BOOL, autopsy_row, expired),
	COLUMN(DB_BOOL, autopsy_row, revoked),
};
static const struct db_column access_columns[] = {
	COLUMN(DB_TEXT, access_row, client),
	COLUMN(DB_TEXT, access_row, sub),
	COLUMN(DB_TEXTS, access_row, scopes),
	COLUMN(DB_TEXT, access_row, name),
	COLUMN(DB_TEXT, access_row, birthdate),
	COLUMN(DB_TEXT, access_row, gender),
	COLUMN(DB_JSON, access_row, offices),
};
static const struct db_column id_column[] = {COLUMN(DB_UUID, uuid_row, id)};

/* clang-format off: SQL is laid out as SQL */
/* Consumes the client's assertion in the same statement: parameters client, jti hash or NULL, its end. */
#define JTI(client, jti, until)                                                                            \
	"j AS (INSERT INTO idp.assertion_jti (client, jti, expires_at) SELECT " client ", " jti ", " until \
	" WHERE " jti " IS NOT NULL "                                                                      \
	"ON CONFLICT DO NOTHING RETURNING 1), "
#define JTI_GOOD(jti) "(" jti " IS NULL OR EXISTS (SELECT FROM j))"

static const struct store_row rows[] = {
	/* code hash, client, redirect_uri, PKCE hash, now, family, access token hash, its end, refresh token hash or NULL, its end, jti, its end:
	 * the whole exchange. Of two at once the second waits for the row and then finds it used; of two in one statement only one gets the row. Rows are taken in the
	 * order of their hashes, so that two statements never wait for each other. expires_at is compared with an addition, and ended_at and frozen_at have no index,
	 * so that the primary keys are the only way to the rows, whatever the server believes of the tables' sizes. */
	QUERY_TOGETHER(ST_CODE_REDEEM, "code_redeem",
		"WITH u AS MATERIALIZED (SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) WITH ORDINALITY "
		"AS u(hash, client, redirect_uri, challenge, now, family, access, access_end, refresh, refresh_end, jti, jti_end, event, tree, at, type, salt, entry, private, n) "
		"ORDER BY hash), "
		"j AS (INSERT INTO idp.assertion_jti (client, jti, expires_at) SELECT client, jti, jti_end FROM u WHERE jti IS NOT NULL ORDER BY client, jti "
		"ON CONFLICT DO NOTHING RETURNING client, jti), "
		"c AS (UPDATE idp.code k SET used_at = u.now, family = u.family FROM u, idp.session s, idp.person p "
		"WHERE k.hash = u.hash AND k.client = u.client AND k.redirect_uri = u.redirect_uri AND k.challenge = u.challenge AND k.expires_at + interval '0' > u.now "
		"AND k.used_at IS NULL AND s.id = k.session AND s.ended_at IS NULL AND p.id = k.principal AND p.frozen_at IS NULL "
		"AND (u.jti IS NULL OR (EXISTS (SELECT FROM j WHERE j.client = u.client AND j.jti = u.jti) "
		"AND NOT EXISTS (SELECT FROM u v WHERE v.client = u.client AND v.jti = u.jti AND v.n < u.n))) "
		"RETURNING k.*, u.access, u.access_end, u.refresh_end, u.event, u.tree, u.at, u.type, u.salt, u.entry, u.private, u.n, "
		"CASE WHEN 'offline_access' = ANY(k.scopes) THEN u.refresh END AS refresh, "
		"s.amr, s.auth_time, s.authenticator, s.bound_level, s.ceiling, p.proofing, p.name, p.birthdate, p.gender), "
		"f AS (INSERT INTO idp.family (id, client, session, actor, principal, sub, required_level, sector, channel, scopes, resource, created_at) "
		"SELECT family, client, session, actor, principal, sub, required_level, sector, channel, scopes, resource, used_at FROM c), "
		"a AS (INSERT INTO idp.access_token (hash, family, scopes, expires_at) SELECT access, family, scopes, access_end FROM c), "
		"r AS (INSERT INTO idp.refresh_token (hash, family, expires_at) SELECT refresh, family, refresh_end FROM c WHERE refresh IS NOT NULL), "
		"e AS (" EVENT_INTO
		"SELECT event, tree, at, type, salt, entry, private, actor, principal, sector, channel FROM c) "
		"SELECT family, principal, sub, nonce, resource, sector, scopes, amr, level, required_level, proofing, authenticator, bound_level, ceiling, auth_time, "
		"name, birthdate, gender, " OFFICES("c", "c.scopes", "c.used_at") ", refresh IS NOT NULL, n FROM c",
		PARAMS(DB_BYTES, DB_TEXT, DB_TEXT, DB_BYTES, DB_TIME, DB_UUID, DB_BYTES, DB_TIME, DB_BYTES, DB_TIME,
			DB_BYTES, DB_TIME, EVENT_PARAMS),
		grant_columns, grant_row),
	/* code hash, now, client: a code that its own client could not redeem is burnt with the asking */
	QUERY(ST_CODE_AUTOPSY, "code_autopsy",
		"WITH k AS (SELECT client, family, used_at, expires_at FROM idp.code WHERE hash = $1), "
		"b AS (UPDATE idp.code SET used_at = $2 WHERE hash = $1 AND client = $3 AND used_at IS NULL) "
		"SELECT client, family, used_at IS NOT NULL, expires_at <= $2, false FROM k",
		PARAMS(DB_BYTES, DB_TIME, DB_TEXT), autopsy_columns, autopsy_row),
	/* refresh hash, client, scopes asked or NULL, now, access hash, its end, new refresh hash, its end, jti, its end */
	QUERY(ST_REFRESH_REDEEM, "refresh_redeem",
		"WITH " JTI("$2", "$9",
			"$10") "r AS (UPDATE idp.refresh_token t SET used_at = $4 FROM idp.family f, idp.session s, idp.person p "
			       "WHERE t.hash = $1 AND t.used_at IS NULL AND t.expires_at > $4 AND f.id = t.family AND f.client = $2 AND f.revoked_at IS NULL "
			       "AND coalesce($3, f.scopes) <@ f.scopes AND s.id = f.session AND p.id = f.principal AND p.frozen_at IS NULL AND " JTI_GOOD(
				       "$9") " RETURNING f.id, f.principal, f.actor, f.sub, f.resource, f.sector, f.channel, coalesce($3, f.scopes) AS scopes, f.required_level, t.expires_at, "
					     "s.amr, s.auth_time, s.authenticator, s.bound_level, s.ceiling, p.proofing, p.name, p.birthdate, p.gender), "
					     "a AS (INSERT INTO idp.access_token (hash, family, scopes, expires_at) SELECT $5, id, scopes, $6 FROM r), "
					     "n AS (INSERT INTO idp.refresh_token (hash, family, expires_at) SELECT $7, id, least($8, expires_at) FROM r), "
					     "e AS (" EVENT_INTO
					     "SELECT $11, $12, $13, $14, $15, $16, $17, actor, principal, sector, channel FROM r) "
					     "SELECT id, principal, sub, NULL::text, resource, sector, scopes, amr, 3::smallint, required_level, proofing, authenticator, bound_level, ceiling, auth_time, "
					     "name, birthdate, gender, " OFFICES("r", "r.scopes", "$4") ", true FROM r",
		PARAMS(DB_BYTES, DB_TEXT, DB_TEXTS, DB_TIME, DB_BYTES, DB_TIME, DB_BYTES, DB_TIME, DB_BYTES, DB_TIME,
			EVENT_PARAMS),
		grant_columns, grant_row),
	/* refresh hash, now */
	QUERY(ST_REFRESH_AUTOPSY, "refresh_autopsy",
		"SELECT f.client, f.id, t.used_at IS NOT NULL, t.expires_at <= $2, f.revoked_at IS NOT NULL "
		"OR EXISTS (SELECT FROM idp.person p WHERE p.id = f.principal AND p.frozen_at IS NOT NULL) "
		"FROM idp.refresh_token t JOIN idp.family f ON f.id = t.family WHERE t.hash = $1",
		PARAMS(DB_BYTES, DB_TIME), autopsy_columns, autopsy_row),
	/* family, client, sector, scopes, resource, now, jti, its end: a service's own token */
	QUERY(ST_SERVICE_GRANT, "service_grant",
		"WITH " JTI("$2", "$7",
			"$8") "f AS (INSERT INTO idp.family (id, client, sector, channel, scopes, resource, created_at) SELECT $1, $2, $3, 'api', $4, $5, $6 "
			      "WHERE " JTI_GOOD(
				      "$7") " RETURNING id, sector), "
					    "e AS (" EVENT_INTO
					    "SELECT $9, $10, $11, $12, $13, $14, $15, NULL, NULL, sector, 'api' FROM f) "
					    "SELECT id FROM f",
		PARAMS(DB_UUID, DB_TEXT, DB_TEXT, DB_TEXTS, DB_TEXT, DB_TIME, DB_BYTES, DB_TIME, EVENT_PARAMS),
		id_column, uuid_row),
	/* family, now */
	QUERY(ST_FAMILY_REVOKE, "family_revoke",
		"WITH f AS (UPDATE idp.family SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL RETURNING id, actor, principal, sector, channel), "
		"e AS (" EVENT_INTO "SELECT $3, $4, $5, $6, $7, $8, $9, actor, principal, sector, channel FROM f) "
		"SELECT id FROM f",
		PARAMS(DB_UUID, DB_TIME, EVENT_PARAMS), id_column, uuid_row),
	/* token hash, client, now: the family of a refresh or access token of this client */
	QUERY(ST_TOKEN_REVOKE, "token_revoke",
		"WITH t AS (SELECT family FROM idp.refresh_token WHERE hash = $1 UNION ALL SELECT family FROM idp.access_token WHERE hash = $1), "
		"f AS (UPDATE idp.family SET revoked_at = $3 FROM t WHERE id = t.family AND client = $2 AND revoked_at IS NULL "
		"RETURNING id, actor, principal, sector, channel), "
		"e AS (" EVENT_INTO "SELECT $4, $5, $6, $7, $8, $9, $10, actor, principal, sector, channel FROM f) "
		"SELECT id FROM f",
		PARAMS(DB_BYTES, DB_TEXT, DB_TIME, EVENT_PARAMS), id_column, uuid_row),
	/* access token hash, now */
	QUERY(ST_ACCESS_FIND, "access_find",
		"SELECT f.client, f.sub, t.scopes, p.name, p.birthdate, p.gender, " OFFICES("f", "t.scopes",
			"$2") " FROM idp.access_token t JOIN idp.family f ON f.id = t.family JOIN idp.person p ON p.id = f.principal "
			      "WHERE t.hash = $1 AND t.expires_at > $2 AND f.revoked_at IS NULL AND p.frozen_at IS NULL",
		PARAMS(DB_BYTES, DB_TIME), access_columns, access_row),
};
/* clang-format on */

const struct store_part store_token = STORE_PART(rows);
