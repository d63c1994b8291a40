#include "signer/store/store.h"

#include <stddef.h>

#define DECISION_COLUMNS                                                                                                          \
	"id, type, type_version, agency, client, subject, outcome, facts, reasons, state, office, jws, revocation, status_list, " \
	"status_index, received_at, due, sealed_at, revoked_at, event"
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
	{DB_INT, AT(decision_row, status_list)},
	{DB_INT, AT(decision_row, status_index)},
	{DB_TIME, AT(decision_row, received_at)},
	{DB_TIME, AT(decision_row, due)},
	{DB_TIME, AT(decision_row, sealed_at)},
	{DB_TIME, AT(decision_row, revoked_at)},
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

static const enum db_type receive_params[] = {DB_UUID, DB_TEXT, DB_INT, DB_TEXT, DB_TEXT, DB_TEXT, DB_TEXT, DB_TEXT,
	DB_JSON, DB_TEXTS, DB_TIME, DB_TIME};
static const enum db_type uuid_params[] = {DB_UUID};
static const enum db_type request_params[] = {DB_TEXT, DB_TEXT, DB_TEXT, DB_TEXT, DB_TEXT, DB_JSON, DB_TEXTS};
static const enum db_type list_params[] = {DB_TEXT, DB_TEXT, DB_INT};
static const enum db_type seal_params[] = {DB_UUID, DB_TEXT, DB_TEXT, DB_TEXT, DB_TIME, DB_INT, DB_INT, DB_TEXT,
	/* event: */ DB_UUID, DB_INT, DB_TEXT, DB_BYTES, DB_BYTES, DB_BYTES};
static const enum db_type revoke_params[] = {DB_UUID, DB_TEXT, DB_TEXT, DB_TIME, /* event: */ DB_UUID, DB_INT, DB_BYTES,
	DB_BYTES, DB_BYTES};
static const enum db_type take_params[] = {DB_INT};
static const enum db_type new_list_params[] = {DB_INT, DB_INT, DB_INT};
static const enum db_type login_params[] = {DB_BYTES, DB_BYTES, DB_TEXT, DB_TEXT, DB_UUID, DB_TIME};
static const enum db_type login_take_params[] = {DB_BYTES, DB_BYTES, DB_TIME};
static const enum db_type session_params[] = {DB_BYTES, DB_TEXT, DB_INT, DB_JSON, DB_TEXT, DB_TIME, DB_TIME};
static const enum db_type session_find_params[] = {DB_BYTES, DB_TIME};
static const enum db_type bytes_params[] = {DB_BYTES};

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
};
