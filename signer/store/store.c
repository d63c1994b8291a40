#include "signer/store/store.h"

#include <stddef.h>

#define DECISION_COLUMNS                                                                                                                   \
	"id, type, type_version, agency, client, subject, outcome, facts, reasons, state, office, jws, revocation, refusal, status_list, " \
	"status_index, received_at, due, sealed_at, revoked_at, refused_at, event"
#define KEY_COLUMNS                                                                                              \
	"id, person, name, state, certificate, chain, blob, challenge, watch_hash, spki_sha256, credential_id, " \
	"credential_key, generation, begun_at, expires, frozen_at"
#define REQUEST_COLUMNS                                                                                                    \
	"id, key, agency, description, state, principal, signatures, code_hash, again_hash, digests, names, digest_size, " \
	"created_at, expires, answered_at"
#define EVENT_COLUMNS "id, tree, at, type, actor, principal, sector, channel, salt, entry, private"
#define AT(type, member) offsetof(struct type, member)

static const struct db_column decision_columns[] = {
	{DB_UUID, AT(decision_row, id)},
	{DB_TEXT, AT(decision_row, type)},
	{DB_INT, AT(decision_row, version)},
	{DB_TEXT, AT(decision_row, agency)},
	{DB_TEXT, AT(decision_row, client)},
	{DB_TEXT, AT(decision_row, subject)},
	{DB_TEXT, AT(decision_row, outcome)},
	{DB_JSON, AT(decision_row, facts)},
	{DB_TEXTS, AT(decision_row, reasons)},
	{DB_TEXT, AT(decision_row, state)},
	{DB_TEXT, AT(decision_row, office)},
	{DB_TEXT, AT(decision_row, jws)},
	{DB_TEXT, AT(decision_row, revocation)},
	{DB_TEXT, AT(decision_row, refusal)},
	{DB_INT, AT(decision_row, status_list)},
	{DB_INT, AT(decision_row, status_index)},
	{DB_TIME, AT(decision_row, received_at)},
	{DB_TIME, AT(decision_row, due)},
	{DB_TIME, AT(decision_row, sealed_at)},
	{DB_TIME, AT(decision_row, revoked_at)},
	{DB_TIME, AT(decision_row, refused_at)},
	{DB_UUID, AT(decision_row, event)},
};
static const struct db_column take_columns[] = {{DB_INT, AT(status_take_row, list)},
	{DB_INT, AT(status_take_row, index)}};
static const struct db_column number_columns[] = {{DB_INT, AT(number_row, n)}};
static const struct db_column login_columns[] = {{DB_TEXT, AT(officer_login_row, nonce)},
	{DB_TEXT, AT(officer_login_row, verifier)}, {DB_UUID, AT(officer_login_row, decision)}};
static const struct db_column session_columns[] = {
	{DB_TEXT, AT(officer_session_row, actor)},
	{DB_JSON, AT(officer_session_row, offices)},
	{DB_TEXT, AT(officer_session_row, form)},
	{DB_INT, AT(officer_session_row, level)},
	{DB_TIME, AT(officer_session_row, auth_time)},
};

static const struct db_column key_columns[] = {
	{DB_UUID, AT(signing_key_row, id)},
	{DB_TEXT, AT(signing_key_row, person)},
	{DB_TEXT, AT(signing_key_row, name)},
	{DB_TEXT, AT(signing_key_row, state)},
	{DB_TEXT, AT(signing_key_row, certificate)},
	{DB_TEXT, AT(signing_key_row, chain)},
	{DB_BYTES, AT(signing_key_row, blob)},
	{DB_BYTES, AT(signing_key_row, challenge)},
	{DB_BYTES, AT(signing_key_row, watch)},
	{DB_BYTES, AT(signing_key_row, spki_sha256)},
	{DB_BYTES, AT(signing_key_row, credential_id)},
	{DB_BYTES, AT(signing_key_row, credential_key)},
	{DB_INT, AT(signing_key_row, generation)},
	{DB_TIME, AT(signing_key_row, begun_at)},
	{DB_TIME, AT(signing_key_row, expires)},
	{DB_TIME, AT(signing_key_row, frozen_at)},
};
static const struct db_column ceremony_columns[] = {{DB_UUID, AT(ceremony_row, event)}};
static const struct db_column request_columns[] = {
	{DB_UUID, AT(signing_request_row, id)},
	{DB_UUID, AT(signing_request_row, key)},
	{DB_TEXT, AT(signing_request_row, agency)},
	{DB_TEXT, AT(signing_request_row, description)},
	{DB_TEXT, AT(signing_request_row, state)},
	{DB_TEXT, AT(signing_request_row, principal)},
	{DB_JSON, AT(signing_request_row, signatures)},
	{DB_BYTES, AT(signing_request_row, code_hash)},
	{DB_BYTES, AT(signing_request_row, again_hash)},
	{DB_BYTES, AT(signing_request_row, digests)},
	{DB_TEXTS, AT(signing_request_row, names)},
	{DB_INT, AT(signing_request_row, digest_size)},
	{DB_TIME, AT(signing_request_row, created_at)},
	{DB_TIME, AT(signing_request_row, expires)},
	{DB_TIME, AT(signing_request_row, answered_at)},
};

static const enum db_type receive_params[] = {DB_UUID, DB_TEXT, DB_INT, DB_TEXT, DB_TEXT, DB_TEXT, DB_TEXT, DB_TEXT,
	DB_JSON, DB_TEXTS, DB_TIME, DB_TIME};
static const enum db_type uuid_params[] = {DB_UUID};
static const enum db_type request_params[] = {DB_TEXT, DB_TEXT, DB_TEXT, DB_TEXT, DB_TEXT, DB_JSON, DB_TEXTS};
static const enum db_type list_params[] = {DB_TEXT, DB_TEXT, DB_INT};
static const enum db_type seal_params[] = {DB_UUID, DB_TEXT, DB_TEXT, DB_TEXT, DB_TIME, DB_INT, DB_INT, DB_TEXT,
	/* event: */ DB_UUID, DB_INT, DB_TEXT, DB_BYTES, DB_BYTES, DB_BYTES};
static const enum db_type revoke_params[] = {DB_UUID, DB_TEXT, DB_TEXT, DB_TIME, /* event: */ DB_UUID, DB_INT, DB_BYTES,
	DB_BYTES, DB_BYTES};
static const enum db_type refuse_params[] = {DB_UUID, DB_TEXT, DB_TEXT, DB_TEXT, DB_TIME, /* event: */ DB_UUID, DB_INT,
	DB_BYTES, DB_BYTES, DB_BYTES};
static const enum db_type take_params[] = {DB_INT};
static const enum db_type new_list_params[] = {DB_INT, DB_INT, DB_INT};
static const enum db_type login_params[] = {DB_BYTES, DB_BYTES, DB_TEXT, DB_TEXT, DB_UUID, DB_TIME};
static const enum db_type login_take_params[] = {DB_BYTES, DB_BYTES, DB_TIME};
static const enum db_type session_params[] = {DB_BYTES, DB_TEXT, DB_INT, DB_JSON, DB_TEXT, DB_TIME, DB_TIME};
static const enum db_type session_find_params[] = {DB_BYTES, DB_TIME};
static const enum db_type bytes_params[] = {DB_BYTES};
static const enum db_type text_params[] = {DB_TEXT};
static const enum db_type spend_params[] = {DB_TEXT, DB_TIME, DB_TIME};
static const enum db_type event_params[] = {DB_UUID, DB_INT, DB_TIME, DB_TEXT, DB_TEXT, DB_TEXT, DB_TEXT, DB_TEXT,
	DB_BYTES, DB_BYTES, DB_BYTES};
static const enum db_type begin_params[] = {DB_UUID, DB_TEXT, DB_TEXT, DB_TEXT, DB_TIME, DB_TIME, DB_BYTES, DB_BYTES,
	DB_BYTES, DB_BYTES, DB_BYTES};
static const enum db_type by_code_params[] = {DB_BYTES, DB_TIME};
static const enum db_type answer_params[] = {DB_BYTES, DB_TIME, DB_BYTES, DB_BYTES};
static const enum db_type bind_params[] = {DB_UUID, DB_BYTES};
static const enum db_type certify_params[] = {DB_UUID, DB_TEXT, DB_TEXT, DB_TIME};
static const enum db_type current_params[] = {DB_UUID, DB_TEXT};
static const enum db_type freeze_params[] = {DB_UUID, DB_TIME};
static const enum db_type raise_params[] = {DB_UUID, DB_BYTES, DB_INT};
static const enum db_type ask_params[] = {DB_UUID, DB_BYTES, DB_UUID, DB_TEXT, DB_TEXT, DB_INT, DB_BYTES, DB_TEXTS,
	DB_TEXT, DB_TEXT, DB_TIME, DB_TIME, DB_TEXT};
static const enum db_type by_key_params[] = {DB_TEXT, DB_TEXT};
static const enum db_type again_params[] = {DB_UUID, DB_BYTES, DB_TIME};
static const enum db_type claim_params[] = {DB_UUID, DB_UUID, DB_TIME, DB_TIME};
static const enum db_type release_params[] = {DB_UUID, DB_UUID};
static const enum db_type ceremony_params[] = {DB_BYTES, DB_UUID, DB_INT, DB_TIME, DB_BYTES, DB_BYTES, DB_BYTES};
static const enum db_type reply_params[] = {DB_UUID, DB_UUID, DB_TEXT, DB_TIME, DB_JSON, /* event: */ DB_UUID, DB_INT,
	DB_TEXT, DB_BYTES, DB_BYTES, DB_BYTES};

const struct db_statement signer_statements[SIGNER_STATEMENTS] = {
	[DECISION_RECEIVE] = DB_COMMAND("decision_receive",
		"INSERT INTO signer.decision (id, type, type_version, agency, client, request_key, subject, outcome, facts, reasons, received_at, due, "
		"state, actor, principal, sector, channel) "
		"VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'pending', $5, $5, $4, 'api')",
		receive_params),
	[DECISION_BY_ID] =
		DB_STATEMENT("decision_by_id", "SELECT " DECISION_COLUMNS " FROM signer.decision WHERE id = $1",
			uuid_params, decision_columns, struct decision_row),
	[DECISION_BY_REQUEST] = DB_STATEMENT("decision_by_request",
		"SELECT " DECISION_COLUMNS
		" FROM signer.decision WHERE client = $1 AND request_key = $2 AND type = $3 AND subject = $4 AND outcome = $5 "
		"AND facts = $6 AND reasons = $7",
		request_params, decision_columns, struct decision_row),
	[DECISION_LOCK] = DB_STATEMENT("decision_lock",
		"SELECT " DECISION_COLUMNS " FROM signer.decision WHERE id = $1 AND state = 'pending' FOR UPDATE",
		uuid_params, decision_columns, struct decision_row),
	/* The seal and its event are one statement: neither is there without the other. */
	[DECISION_SEAL] = DB_COMMAND("decision_seal",
		"WITH e AS (INSERT INTO signer.event (" EVENT_COLUMNS ") "
		"SELECT $9, $10, $5, $11, NULL, NULL, agency, $8, $12, $13, $14 FROM signer.decision WHERE id = $1 AND state = 'pending' RETURNING id) "
		"UPDATE signer.decision SET state = 'sealed', jws = $2, office = $3, actor = $4, principal = $4, channel = $8, sealed_at = $5, "
		"status_list = $6, status_index = $7, event = e.id FROM e WHERE decision.id = $1 AND state = 'pending'",
		seal_params),
	[DECISION_REVOKE] = DB_COMMAND("decision_revoke",
		"WITH u AS (UPDATE signer.decision SET state = 'revoked', revoked_at = $4, revocation = $2 "
		"WHERE id = $1 AND agency = $3 AND state = 'sealed' RETURNING agency) "
		"INSERT INTO signer.event (" EVENT_COLUMNS ") "
		"SELECT $5, $6, $4, 'decision.revoked', NULL, NULL, agency, 'api', $7, $8, $9 FROM u",
		revoke_params),
	[DECISION_REFUSE] = DB_COMMAND("decision_refuse",
		"WITH u AS (UPDATE signer.decision SET state = 'refused', refusal = $2, office = $3, actor = $4, principal = $4, channel = 'web', "
		"refused_at = $5, event = $6 WHERE id = $1 AND state = 'pending' RETURNING agency) "
		"INSERT INTO signer.event (" EVENT_COLUMNS ") "
		"SELECT $6, $7, $5, 'decision.refused', NULL, NULL, agency, 'web', $8, $9, $10 FROM u",
		refuse_params),
	[DECISION_LIST] = DB_STATEMENT("decision_list",
		"SELECT " DECISION_COLUMNS
		" FROM signer.decision WHERE agency = $1 AND ($2::text IS NULL OR state = $2) ORDER BY due LIMIT $3",
		list_params, decision_columns, struct decision_row),
	[STATUS_TAKE] = DB_STATEMENT("status_take",
		"UPDATE signer.status_list SET used = used + 1 WHERE id = (SELECT id FROM signer.status_list WHERE used < entries ORDER BY id LIMIT $1) "
		"AND used < entries RETURNING id, (start + (used - 1) * step) % entries",
		take_params, take_columns, struct status_take_row),
	[STATUS_NEW_LIST] = DB_COMMAND("status_new_list",
		"INSERT INTO signer.status_list (entries, step, start) VALUES ($1, $2, $3)", new_list_params),
	[STATUS_LISTS] = {"status_lists", "SELECT id FROM signer.status_list ORDER BY id", NULL, 0, number_columns, 1,
		sizeof(struct number_row)},
	[STATUS_REVOKED] = DB_STATEMENT("status_revoked",
		"SELECT status_index FROM signer.decision WHERE status_list = $1 AND state = 'revoked'", take_params,
		number_columns, struct number_row),
	[OFFICER_LOGIN_NEW] = DB_COMMAND("officer_login_new",
		"INSERT INTO signer.officer_login (state, cookie, nonce, verifier, decision, expires) VALUES ($1, $2, $3, $4, $5, $6)",
		login_params),
	[OFFICER_LOGIN_TAKE] = DB_STATEMENT("officer_login_take",
		"DELETE FROM signer.officer_login WHERE state = $1 AND cookie = $2 AND expires > $3 RETURNING nonce, verifier, decision",
		login_take_params, login_columns, struct officer_login_row),
	[OFFICER_SESSION_NEW] = DB_COMMAND("officer_session_new",
		"INSERT INTO signer.officer_session (id, actor, principal, sector, channel, level, offices, form, auth_time, expires) "
		"VALUES ($1, $2, $2, 'signer', 'web', $3, $4, $5, $6, $7)",
		session_params),
	[OFFICER_SESSION_FIND] = DB_STATEMENT("officer_session_find",
		"SELECT actor, offices, form, level, auth_time FROM signer.officer_session WHERE id = $1 AND expires > $2",
		session_find_params, session_columns, struct officer_session_row),
	[OFFICER_SESSION_END] =
		DB_COMMAND("officer_session_end", "DELETE FROM signer.officer_session WHERE id = $1", bytes_params),
	[ACT_SPEND] = DB_COMMAND("act_spend",
		"WITH past AS (DELETE FROM signer.act_jti WHERE expires < $3) INSERT INTO signer.act_jti (jti, expires) VALUES ($1, $2)",
		spend_params),
	[EVENT_ADD] = DB_COMMAND("event_add",
		"INSERT INTO signer.event (" EVENT_COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
		event_params),
	[SIGNING_KEY_BEGIN] = DB_COMMAND("signing_key_begin",
		"INSERT INTO signer.signing_key (id, person, name, state, actor, principal, sector, channel, begun_at, expires, code_hash, "
		"watch_hash, challenge, spki_sha256, blob) "
		"VALUES ($1, $2, $3, 'begun', $4, $2, 'signer', 'counter', $5, $6, $7, $8, $9, $10, $11)",
		begin_params),
	[SIGNING_KEY_BY_ID] =
		DB_STATEMENT("signing_key_by_id", "SELECT " KEY_COLUMNS " FROM signer.signing_key WHERE id = $1",
			uuid_params, key_columns, struct signing_key_row),
	[SIGNING_KEY_LOCK] = DB_STATEMENT("signing_key_lock",
		"SELECT " KEY_COLUMNS " FROM signer.signing_key WHERE id = $1 FOR UPDATE", uuid_params, key_columns,
		struct signing_key_row),
	[SIGNING_KEY_BY_CODE] = DB_STATEMENT("signing_key_by_code",
		"SELECT " KEY_COLUMNS " FROM signer.signing_key WHERE code_hash = $1 AND expires > $2", by_code_params,
		key_columns, struct signing_key_row),
	[SIGNING_KEY_ANSWER] = DB_COMMAND("signing_key_answer",
		"UPDATE signer.signing_key SET state = 'answered', credential_id = $3, credential_key = $4 "
		"WHERE code_hash = $1 AND expires > $2 AND state = 'begun'",
		answer_params),
	[SIGNING_KEY_BIND] = DB_COMMAND("signing_key_bind",
		"UPDATE signer.signing_key SET state = 'born', blob = $2, generation = 1 WHERE id = $1 AND state = 'answered'",
		bind_params),
	[SIGNING_KEY_CERTIFY] = DB_COMMAND("signing_key_certify",
		"UPDATE signer.signing_key SET state = 'certified', certificate = $2, chain = $3, certified_at = $4 "
		"WHERE id = $1 AND state = 'born'",
		certify_params),
	[SIGNING_KEYS_OF] = DB_STATEMENT("signing_keys_of",
		"SELECT " KEY_COLUMNS
		" FROM signer.signing_key WHERE person = $1 AND generation > 0 ORDER BY begun_at DESC, id LIMIT 200",
		text_params, key_columns, struct signing_key_row),
	[SIGNING_KEY_CURRENT] = DB_STATEMENT("signing_key_current",
		"SELECT " KEY_COLUMNS
		" FROM signer.signing_key WHERE (id = $1 OR person = $2) AND state = 'certified' AND frozen_at IS NULL "
		"ORDER BY certified_at DESC, id LIMIT 1",
		current_params, key_columns, struct signing_key_row),
	[SIGNING_KEY_FREEZE] = DB_COMMAND("signing_key_freeze",
		"UPDATE signer.signing_key SET frozen_at = $2 WHERE id = $1 AND frozen_at IS NULL", freeze_params),
	[SIGNING_KEY_RAISE] = DB_COMMAND("signing_key_raise",
		"UPDATE signer.signing_key SET frozen_at = NULL, blob = $2, generation = $3 WHERE id = $1 AND frozen_at IS NOT NULL",
		raise_params),
	[SIGNING_REQUEST_NEW] = DB_COMMAND("signing_request_new",
		"INSERT INTO signer.signing_request (id, code_hash, key, agency, description, digest_size, digests, names, state, actor, principal, "
		"sector, channel, created_at, expires, client, request_key) "
		"VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'pending', $9, $10, $4, 'api', $11, $12, $9, $13)",
		ask_params),
	[SIGNING_REQUEST_BY_ID] = DB_STATEMENT("signing_request_by_id",
		"SELECT " REQUEST_COLUMNS " FROM signer.signing_request WHERE id = $1", uuid_params, request_columns,
		struct signing_request_row),
	[SIGNING_REQUEST_BY_KEY] = DB_STATEMENT("signing_request_by_key",
		"SELECT " REQUEST_COLUMNS " FROM signer.signing_request WHERE client = $1 AND request_key = $2",
		by_key_params, request_columns, struct signing_request_row),
	[SIGNING_REQUEST_AGAIN] = DB_COMMAND("signing_request_again",
		"UPDATE signer.signing_request SET again_hash = $2 WHERE id = $1 AND state = 'pending' AND expires > $3",
		again_params),
	[SIGNING_REQUEST_CLAIM] = DB_COMMAND("signing_request_claim",
		"UPDATE signer.signing_request SET claim = $2, claimed_until = $4 "
		"WHERE id = $1 AND state = 'pending' AND (claimed_until IS NULL OR claimed_until <= $3)",
		claim_params),
	[SIGNING_REQUEST_RELEASE] = DB_COMMAND("signing_request_release",
		"UPDATE signer.signing_request SET claim = NULL, claimed_until = NULL WHERE id = $1 AND claim = $2 AND state = 'pending'",
		release_params),
	/* Neither the answer nor its event is there without the other; who lost the claim has neither. */
	[SIGNING_REQUEST_ANSWER] = DB_COMMAND("signing_request_answer",
		"WITH u AS (UPDATE signer.signing_request SET state = $3, actor = principal, channel = 'web', answered_at = $4, signatures = $5, "
		"event = $6, claim = NULL, claimed_until = NULL WHERE id = $1 AND claim = $2 AND state = 'pending' RETURNING principal, agency) "
		"INSERT INTO signer.event (" EVENT_COLUMNS ") "
		"SELECT $6, $7, $4, $8, principal, principal, agency, 'web', $9, $10, $11 FROM u",
		reply_params),
	[CEREMONY_ADD] = DB_COMMAND("ceremony_add",
		"WITH c AS (INSERT INTO signer.ceremony (sha256, event, at) VALUES ($1, $2, $4) ON CONFLICT (sha256) DO NOTHING RETURNING event) "
		"INSERT INTO signer.event (" EVENT_COLUMNS ") "
		"SELECT c.event, $3, $4, 'ceremony.held', NULL, NULL, 'signer', 'api', $5, $6, $7 FROM c",
		ceremony_params),
	[CEREMONY_BY_HASH] = DB_STATEMENT("ceremony_by_hash", "SELECT event FROM signer.ceremony WHERE sha256 = $1",
		bytes_params, ceremony_columns, struct ceremony_row),
};
