#include "ca/acme/store.h"

#include <stddef.h>

#define COLUMNS(name) static const struct db_column name[]
#define PARAMS(name) static const enum db_type name[]

PARAMS(bytes_params) = {DB_BYTES};
PARAMS(text_params) = {DB_TEXT};
PARAMS(time_params) = {DB_TIME};
PARAMS(int_params) = {DB_INT};
PARAMS(uuid_params) = {DB_UUID};
PARAMS(nonce_params) = {DB_BYTES, DB_TIME};
static const enum db_type no_params[1];

/* The last five parameters of whatever is logged: id, at, salt, entry, private. */
#define EVENT_TYPES DB_UUID, DB_TIME, DB_BYTES, DB_BYTES, DB_BYTES
#define EVENT_INTO "INSERT INTO ca.event (id, tree, at, type, actor, principal, channel, salt, entry, private)"

COLUMNS(secret_columns) = {{DB_BYTES, offsetof(struct secret_row, nonce_key)}};

/* $1 kid, $2 agency, $3 names, $4 mac_key, $5 accounts, $6 expires, $7 actor; event $8 to $12 */
PARAMS(binding_add_params) = {DB_TEXT, DB_TEXT, DB_TEXTS, DB_BYTES, DB_INT, DB_TIME, DB_TEXT, EVENT_TYPES};
#define BINDING_ADD_SQL                                                                                     \
	"WITH added AS ("                                                                                   \
	"  INSERT INTO ca.acme_binding (kid, agency, names, mac_key, accounts, created_at, expires, actor)" \
	"  VALUES ($1, $2, $3, $4, $5, $9, $6, $7) RETURNING kid)"                                          \
	" " EVENT_INTO                                                                                      \
	" SELECT $8, 0, $9, 'acme.binding.added', $7, 'agency:' || $2, 'card', $10, $11, $12 FROM added"

/* $1 kid, $2 actor; event $3 to $7 */
PARAMS(binding_revoke_params) = {DB_TEXT, DB_TEXT, EVENT_TYPES};
#define BINDING_REVOKE_SQL                                                                                   \
	"WITH revoked AS ("                                                                                  \
	"  UPDATE ca.acme_binding SET revoked_at = $4, mac_key = NULL WHERE kid = $1 AND revoked_at IS NULL" \
	"  RETURNING agency)"                                                                                \
	" " EVENT_INTO                                                                                       \
	" SELECT $3, 0, $4, 'acme.binding.revoked', $2, 'agency:' || agency, 'card', $5, $6, $7 FROM revoked"

#define BINDING_COLUMNS "kid, agency, names, mac_key, accounts, created_at, expires, revoked_at, actor"
COLUMNS(binding_columns) = {
	{DB_TEXT, offsetof(struct binding_row, kid)},
	{DB_TEXT, offsetof(struct binding_row, agency)},
	{DB_TEXTS, offsetof(struct binding_row, names)},
	{DB_BYTES, offsetof(struct binding_row, mac_key)},
	{DB_INT, offsetof(struct binding_row, accounts)},
	{DB_TIME, offsetof(struct binding_row, created_at)},
	{DB_TIME, offsetof(struct binding_row, expires)},
	{DB_TIME, offsetof(struct binding_row, revoked_at)},
	{DB_TEXT, offsetof(struct binding_row, actor)},
};

/* $1 id, $2 thumbprint, $3 jwk, $4 spki_sha256, $5 contact, $6 kid, $7 actor; event $8 to $12 */
PARAMS(account_add_params) = {DB_UUID, DB_TEXT, DB_TEXT, DB_BYTES, DB_TEXTS, DB_TEXT, DB_TEXT, EVENT_TYPES};
#define ACCOUNT_ADD_SQL                                                                                           \
	"WITH taken AS ("                                                                                         \
	"  UPDATE ca.acme_binding SET accounts = accounts - 1, mac_key = CASE WHEN accounts > 1 THEN mac_key END" \
	"  WHERE kid = $6 AND accounts > 0 AND revoked_at IS NULL AND expires > $9 RETURNING kid, agency),"       \
	" added AS ("                                                                                             \
	"  INSERT INTO ca.acme_account (id, thumbprint, jwk, spki_sha256, contact, status, binding, created_at)"  \
	"  SELECT $1, $2, $3, $4, $5, 'valid', kid, $9 FROM taken RETURNING id)"                                  \
	" " EVENT_INTO                                                                                            \
	" SELECT $8, 0, $9, 'acme.account.added', $7, 'agency:' || agency, 'acme', $10, $11, $12 FROM added, taken"

#define ACCOUNT_COLUMNS                                                                                                \
	"a.id, a.thumbprint, a.jwk, a.spki_sha256, a.contact, a.status, a.created_at, b.agency, b.names, b.revoked_at" \
	" FROM ca.acme_account a JOIN ca.acme_binding b ON b.kid = a.binding"
COLUMNS(account_columns) = {
	{DB_UUID, offsetof(struct account_row, id)},
	{DB_TEXT, offsetof(struct account_row, thumbprint)},
	{DB_TEXT, offsetof(struct account_row, jwk)},
	{DB_BYTES, offsetof(struct account_row, spki_sha256)},
	{DB_TEXTS, offsetof(struct account_row, contact)},
	{DB_TEXT, offsetof(struct account_row, status)},
	{DB_TIME, offsetof(struct account_row, created_at)},
	{DB_TEXT, offsetof(struct account_row, agency)},
	{DB_TEXTS, offsetof(struct account_row, names)},
	{DB_TIME, offsetof(struct account_row, binding_revoked)},
};
PARAMS(contact_params) = {DB_UUID, DB_TEXTS};

/* $1 id, $2 from, $3 to, $4 actor; event $5 to $9. Who gives up the account gives up what it has proved, too. */
PARAMS(account_status_params) = {DB_UUID, DB_TEXT, DB_TEXT, DB_TEXT, EVENT_TYPES};
#define ACCOUNT_STATUS_SQL                                                                                                        \
	"WITH changed AS ("                                                                                                       \
	"  UPDATE ca.acme_account SET status = $3 WHERE id = $1 AND status = $2 RETURNING id, binding),"                          \
	" ended AS ("                                                                                                             \
	"  UPDATE ca.acme_authorization z SET status = 'deactivated' FROM changed"                                                \
	"  WHERE z.account = changed.id AND z.status IN ('pending', 'valid') RETURNING 1)"                                        \
	" " EVENT_INTO                                                                                                            \
	" SELECT $5, 0, $6, 'acme.account.' || $3, $4, 'agency:' || b.agency, 'acme', $7, $8, $9 FROM changed, ca.acme_binding b" \
	" WHERE b.kid = changed.binding"

/* $1 id, $2 old thumbprint, $3 thumbprint, $4 jwk, $5 spki_sha256, $6 actor; event $7 to $11 */
PARAMS(account_key_params) = {DB_UUID, DB_TEXT, DB_TEXT, DB_TEXT, DB_BYTES, DB_TEXT, EVENT_TYPES};
#define ACCOUNT_KEY_SQL                                                                                                          \
	"WITH changed AS ("                                                                                                      \
	"  UPDATE ca.acme_account SET thumbprint = $3, jwk = $4, spki_sha256 = $5"                                               \
	"  WHERE id = $1 AND thumbprint = $2 AND status = 'valid' RETURNING binding)"                                            \
	" " EVENT_INTO                                                                                                           \
	" SELECT $7, 0, $8, 'acme.account.key', $6, 'agency:' || b.agency, 'acme', $9, $10, $11 FROM changed, ca.acme_binding b" \
	" WHERE b.kid = changed.binding"

/* $1 id, $2 account, $3 names, $4 now, $5 expires, $6 replaces, $7 authorizations' ids, $8 their names, $9 wildcard ('t', 'f'), $10 challenges' ids, $11 their
 * authorizations, $12 types, $13 tokens, $14 since, $15 most orders since. */
PARAMS(order_add_params) = {DB_UUID, DB_UUID, DB_TEXTS, DB_TIME, DB_TIME, DB_BYTES, DB_TEXTS, DB_TEXTS, DB_TEXTS,
	DB_TEXTS, DB_TEXTS, DB_TEXTS, DB_TEXTS, DB_TIME, DB_INT};
#define ORDER_ADD_SQL                                                                                               \
	"WITH added AS ("                                                                                           \
	"  INSERT INTO ca.acme_order (id, account, names, status, created_at, expires, replaces)"                   \
	"  SELECT $1, $2, $3, 'pending', $4, $5, $6"                                                                \
	"  WHERE (SELECT count(*) FROM ca.acme_order WHERE account = $2 AND created_at > $14) < $15 RETURNING id)," \
	" authorized AS ("                                                                                          \
	"  INSERT INTO ca.acme_authorization (id, order_id, account, name, wildcard, status, expires)"              \
	"  SELECT a.id::uuid, added.id, $2, a.name, a.wildcard::boolean, 'pending', $5"                             \
	"  FROM added, unnest($7, $8, $9) AS a (id, name, wildcard) RETURNING id)"                                  \
	" INSERT INTO ca.acme_challenge (id, authorization_id, type, token, status)"                                \
	" SELECT c.id::uuid, authorized.id, c.type, c.token, 'pending'"                                             \
	" FROM unnest($10, $11, $12, $13) AS c (id, authorization_id, type, token)"                                 \
	" JOIN authorized ON authorized.id = c.authorization_id::uuid"

/* An authorization that is not valid by its end cannot become valid. */
#define AUTHORIZATION_OVER "(z.status IN ('invalid', 'deactivated') OR z.expires <= $3)"
PARAMS(order_params) = {DB_UUID, DB_UUID, DB_TIME};
#define ORDER_SQL                                                                                                      \
	"SELECT o.id, o.status, o.names, o.created_at, o.expires, o.serial, o.replaces,"                               \
	" array_agg(z.id::text ORDER BY z.name, z.id), count(*) FILTER (WHERE z.status = 'valid' AND z.expires > $3)," \
	" count(*) FILTER (WHERE " AUTHORIZATION_OVER ")"                                                              \
	" FROM ca.acme_order o JOIN ca.acme_authorization z ON z.order_id = o.id"                                      \
	" WHERE o.id = $1 AND o.account = $2 GROUP BY o.id"
COLUMNS(order_columns) = {
	{DB_UUID, offsetof(struct order_row, id)},
	{DB_TEXT, offsetof(struct order_row, status)},
	{DB_TEXTS, offsetof(struct order_row, names)},
	{DB_TIME, offsetof(struct order_row, created_at)},
	{DB_TIME, offsetof(struct order_row, expires)},
	{DB_BYTES, offsetof(struct order_row, serial)},
	{DB_BYTES, offsetof(struct order_row, replaces)},
	{DB_TEXTS, offsetof(struct order_row, authorizations)},
	{DB_INT, offsetof(struct order_row, valid)},
	{DB_INT, offsetof(struct order_row, over)},
};

PARAMS(orders_of_params) = {DB_UUID, DB_UUID, DB_INT};
COLUMNS(order_id_columns) = {
	{DB_UUID, offsetof(struct order_id_row, id)},
	{DB_TIME, offsetof(struct order_id_row, created_at)},
};
#define ORDERS_OF_SQL                                                                                            \
	"SELECT id, created_at FROM ca.acme_order WHERE account = $1"                                            \
	" AND ($2::uuid IS NULL OR (created_at, id) < (SELECT created_at, id FROM ca.acme_order WHERE id = $2))" \
	" ORDER BY created_at DESC, id DESC LIMIT $3"

/* Of two that finalize at once, exactly one gets the row. */
PARAMS(order_claim_params) = {DB_UUID, DB_UUID, DB_BYTES, DB_TIME};
#define ORDER_CLAIM_SQL                                                                            \
	"UPDATE ca.acme_order o SET status = 'processing', spki_sha256 = $3, processing_at = $4"   \
	" WHERE id = $1 AND account = $2 AND status = 'pending' AND expires > $4 AND NOT EXISTS (" \
	"  SELECT FROM ca.acme_authorization z WHERE z.order_id = o.id AND (z.status <> 'valid' OR z.expires <= $4))"
PARAMS(order_done_params) = {DB_UUID, DB_BYTES};
/* Issued, and then the instance died before it could say so: the certificate is found by key and time. */
#define ORDER_MEND_SQL                                                                                                               \
	"WITH stuck AS ("                                                                                                            \
	"  SELECT o.id, (SELECT c.serial FROM ca.certificate c WHERE c.spki_sha256 = o.spki_sha256 AND c.channel = 'acme'"           \
	"    AND c.actor = 'acme:' || o.account AND c.issued_at >= o.processing_at ORDER BY c.issued_at LIMIT 1) AS serial"          \
	"  FROM ca.acme_order o WHERE o.status = 'processing' AND o.processing_at < $1)"                                             \
	" UPDATE ca.acme_order o SET status = CASE WHEN stuck.serial IS NULL THEN 'pending' ELSE 'valid' END, serial = stuck.serial" \
	" FROM stuck WHERE o.id = stuck.id AND o.status = 'processing'"
#define ORDER_RELEASE_SQL                                                                                             \
	"UPDATE ca.acme_order o SET status = 'invalid' WHERE replaces = $1 AND status = 'pending' AND (expires <= $2" \
	" OR EXISTS (SELECT FROM ca.acme_authorization z WHERE z.order_id = o.id AND z.status IN ('invalid', 'deactivated')))"

PARAMS(of_account_params) = {DB_UUID, DB_UUID};
COLUMNS(authorization_columns) = {
	{DB_UUID, offsetof(struct authorization_row, id)},
	{DB_UUID, offsetof(struct authorization_row, order_id)},
	{DB_TEXT, offsetof(struct authorization_row, name)},
	{DB_BOOL, offsetof(struct authorization_row, wildcard)},
	{DB_TEXT, offsetof(struct authorization_row, status)},
	{DB_TIME, offsetof(struct authorization_row, expires)},
};
PARAMS(authorization_held_params) = {DB_UUID, DB_TEXT, DB_BOOL, DB_TIME};
COLUMNS(authorization_id_columns) = {{DB_UUID, offsetof(struct authorization_id_row, id)}};

#define CHALLENGE_COLUMNS                                                                                       \
	"c.id, c.authorization_id, c.type, c.token, c.status, c.problem, c.validated_at, c.due_at, c.attempts," \
	" z.status, z.expires FROM ca.acme_challenge c JOIN ca.acme_authorization z ON z.id = c.authorization_id"
COLUMNS(challenge_columns) = {
	{DB_UUID, offsetof(struct challenge_row, id)},
	{DB_UUID, offsetof(struct challenge_row, authorization_id)},
	{DB_TEXT, offsetof(struct challenge_row, type)},
	{DB_TEXT, offsetof(struct challenge_row, token)},
	{DB_TEXT, offsetof(struct challenge_row, status)},
	{DB_TEXT, offsetof(struct challenge_row, problem)},
	{DB_TIME, offsetof(struct challenge_row, validated_at)},
	{DB_TIME, offsetof(struct challenge_row, due_at)},
	{DB_INT, offsetof(struct challenge_row, attempts)},
	{DB_TEXT, offsetof(struct challenge_row, authorization_status)},
	{DB_TIME, offsetof(struct challenge_row, authorization_expires)},
};
PARAMS(challenge_begin_params) = {DB_UUID, DB_UUID, DB_TIME};
#define CHALLENGE_BEGIN_SQL                                                                                    \
	"UPDATE ca.acme_challenge c SET status = 'processing', due_at = $3"                                    \
	" FROM ca.acme_authorization z WHERE c.id = $1 AND c.status = 'pending' AND z.id = c.authorization_id" \
	" AND z.account = $2 AND z.status = 'pending' AND z.expires > $3"

/* The oldest that is due, for one worker of one instance: whoever dies with it gives it back when the lease ends. */
PARAMS(challenge_claim_params) = {DB_TIME, DB_TIME};
#define CHALLENGE_CLAIM_SQL                                                                                                    \
	"UPDATE ca.acme_challenge c SET leased_until = $2, attempts = attempts + 1"                                            \
	" FROM ca.acme_authorization z JOIN ca.acme_account a ON a.id = z.account JOIN ca.acme_binding b ON b.kid = a.binding" \
	" WHERE z.id = c.authorization_id AND c.id = ("                                                                        \
	"  SELECT id FROM ca.acme_challenge WHERE status = 'processing' AND due_at <= $1"                                      \
	"  AND (leased_until IS NULL OR leased_until <= $1) ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)"                   \
	" RETURNING c.id, c.type, c.token, z.name, a.thumbprint, c.attempts, b.agency"
COLUMNS(job_columns) = {
	{DB_UUID, offsetof(struct job_row, id)},
	{DB_TEXT, offsetof(struct job_row, type)},
	{DB_TEXT, offsetof(struct job_row, token)},
	{DB_TEXT, offsetof(struct job_row, name)},
	{DB_TEXT, offsetof(struct job_row, thumbprint)},
	{DB_INT, offsetof(struct job_row, attempts)},
	{DB_TEXT, offsetof(struct job_row, agency)},
};
PARAMS(challenge_passed_params) = {DB_UUID, DB_TIME, DB_TIME};
#define CHALLENGE_PASSED_SQL                                                                                                     \
	"WITH passed AS ("                                                                                                       \
	"  UPDATE ca.acme_challenge SET status = 'valid', validated_at = $2, problem = NULL, due_at = NULL, leased_until = NULL" \
	"  WHERE id = $1 AND status = 'processing' RETURNING authorization_id)"                                                  \
	" UPDATE ca.acme_authorization z SET status = 'valid', expires = $3 FROM passed"                                         \
	" WHERE z.id = passed.authorization_id AND z.status = 'pending'"
PARAMS(challenge_retry_params) = {DB_UUID, DB_TEXT, DB_TIME};
PARAMS(challenge_failed_params) = {DB_UUID, DB_TEXT, DB_TIME};
#define CHALLENGE_FAILED_SQL                                                                                                     \
	"WITH failed AS ("                                                                                                       \
	"  UPDATE ca.acme_challenge SET status = 'invalid', problem = $2, validated_at = $3, due_at = NULL, leased_until = NULL" \
	"  WHERE id = $1 AND status = 'processing' RETURNING authorization_id)"                                                  \
	" UPDATE ca.acme_authorization z SET status = 'invalid' FROM failed"                                                     \
	" WHERE z.id = failed.authorization_id AND z.status = 'pending'"
PARAMS(since_params) = {DB_UUID, DB_TIME};
COLUMNS(count_columns) = {{DB_INT, offsetof(struct count_row, count)}};

const struct db_statement acme_statements[ACME_STATEMENT_COUNT] = {
	[ACME_SECRET_MAKE] = DB_COMMAND("acme_secret_make",
		"INSERT INTO ca.acme_secret (nonce_key) VALUES ($1) ON CONFLICT DO NOTHING", bytes_params),
	[ACME_SECRET] = {.name = "acme_secret",
		.sql = "SELECT nonce_key FROM ca.acme_secret",
		.params = no_params,
		.columns = secret_columns,
		.column_count = 1,
		.row_size = sizeof(struct secret_row)},
	[ACME_NONCE_USE] = DB_COMMAND("acme_nonce_use",
		"INSERT INTO ca.acme_nonce (nonce, expires) VALUES ($1, $2) ON CONFLICT DO NOTHING", nonce_params),
	[ACME_BINDING_ADD] = DB_COMMAND("acme_binding_add", BINDING_ADD_SQL, binding_add_params),
	[ACME_BINDING_REVOKE] = DB_COMMAND("acme_binding_revoke", BINDING_REVOKE_SQL, binding_revoke_params),
	[ACME_BINDING] = DB_STATEMENT("acme_binding", "SELECT " BINDING_COLUMNS " FROM ca.acme_binding WHERE kid = $1",
		text_params, binding_columns, struct binding_row),
	[ACME_BINDING_LIST] = DB_STATEMENT("acme_binding_list",
		"SELECT " BINDING_COLUMNS " FROM ca.acme_binding ORDER BY created_at DESC, kid LIMIT $1", int_params,
		binding_columns, struct binding_row),
	[ACME_ACCOUNT_ADD] = DB_COMMAND("acme_account_add", ACCOUNT_ADD_SQL, account_add_params),
	[ACME_ACCOUNT] = DB_STATEMENT("acme_account", "SELECT " ACCOUNT_COLUMNS " WHERE a.id = $1", uuid_params,
		account_columns, struct account_row),
	[ACME_ACCOUNT_BY_KEY] = DB_STATEMENT("acme_account_by_key",
		"SELECT " ACCOUNT_COLUMNS " WHERE a.thumbprint = $1", text_params, account_columns, struct account_row),
	[ACME_ACCOUNT_CONTACT] = DB_COMMAND("acme_account_contact",
		"UPDATE ca.acme_account SET contact = $2 WHERE id = $1 AND status = 'valid'", contact_params),
	[ACME_ACCOUNT_STATUS] = DB_COMMAND("acme_account_status", ACCOUNT_STATUS_SQL, account_status_params),
	[ACME_ACCOUNT_KEY] = DB_COMMAND("acme_account_key", ACCOUNT_KEY_SQL, account_key_params),
	[ACME_ORDER_ADD] = DB_COMMAND("acme_order_add", ORDER_ADD_SQL, order_add_params),
	[ACME_ORDER] = DB_STATEMENT("acme_order", ORDER_SQL, order_params, order_columns, struct order_row),
	[ACME_ORDERS_OF] =
		DB_STATEMENT("acme_orders_of", ORDERS_OF_SQL, orders_of_params, order_id_columns, struct order_id_row),
	[ACME_ORDER_CLAIM] = DB_COMMAND("acme_order_claim", ORDER_CLAIM_SQL, order_claim_params),
	[ACME_ORDER_DONE] = DB_COMMAND("acme_order_done",
		"UPDATE ca.acme_order SET status = 'valid', serial = $2 WHERE id = $1 AND status IN ('processing', 'pending')",
		order_done_params),
	[ACME_ORDER_BACK] = DB_COMMAND("acme_order_back",
		"UPDATE ca.acme_order SET status = 'pending' WHERE id = $1 AND status = 'processing'", uuid_params),
	[ACME_ORDER_MEND] = DB_COMMAND("acme_order_mend", ORDER_MEND_SQL, time_params),
	[ACME_ORDER_RELEASE] = DB_COMMAND("acme_order_release", ORDER_RELEASE_SQL, nonce_params),
	[ACME_AUTHORIZATION] = DB_STATEMENT("acme_authorization",
		"SELECT id, order_id, name, wildcard, status, expires FROM ca.acme_authorization WHERE id = $1 AND account = $2",
		of_account_params, authorization_columns, struct authorization_row),
	[ACME_AUTHORIZATION_END] = DB_COMMAND("acme_authorization_end",
		"UPDATE ca.acme_authorization SET status = 'deactivated' WHERE id = $1 AND account = $2 AND status IN ('pending', 'valid')",
		of_account_params),
	[ACME_AUTHORIZATION_HELD] = DB_STATEMENT("acme_authorization_held",
		"SELECT id FROM ca.acme_authorization WHERE account = $1 AND name = $2 AND (wildcard OR NOT $3)"
		" AND status = 'valid' AND expires > $4 LIMIT 1",
		authorization_held_params, authorization_id_columns, struct authorization_id_row),
	[ACME_CHALLENGES] = DB_STATEMENT("acme_challenges",
		"SELECT " CHALLENGE_COLUMNS " WHERE c.authorization_id = $1 ORDER BY c.type", uuid_params,
		challenge_columns, struct challenge_row),
	[ACME_CHALLENGE] =
		DB_STATEMENT("acme_challenge", "SELECT " CHALLENGE_COLUMNS " WHERE c.id = $1 AND z.account = $2",
			of_account_params, challenge_columns, struct challenge_row),
	[ACME_CHALLENGE_BEGIN] = DB_COMMAND("acme_challenge_begin", CHALLENGE_BEGIN_SQL, challenge_begin_params),
	[ACME_CHALLENGE_CLAIM] = DB_STATEMENT("acme_challenge_claim", CHALLENGE_CLAIM_SQL, challenge_claim_params,
		job_columns, struct job_row),
	[ACME_CHALLENGE_PASSED] = DB_COMMAND("acme_challenge_passed", CHALLENGE_PASSED_SQL, challenge_passed_params),
	[ACME_CHALLENGE_RETRY] = DB_COMMAND("acme_challenge_retry",
		"UPDATE ca.acme_challenge SET problem = $2, due_at = $3, leased_until = NULL WHERE id = $1 AND status = 'processing'",
		challenge_retry_params),
	[ACME_CHALLENGE_FAILED] = DB_COMMAND("acme_challenge_failed", CHALLENGE_FAILED_SQL, challenge_failed_params),
	[ACME_FAILURES] = DB_STATEMENT("acme_failures",
		"SELECT count(*) FROM ca.acme_challenge c JOIN ca.acme_authorization z ON z.id = c.authorization_id"
		" JOIN ca.acme_order o ON o.id = z.order_id WHERE o.account = $1 AND o.created_at > $2 - interval '1 day'"
		" AND c.status = 'invalid' AND c.validated_at > $2",
		since_params, count_columns, struct count_row),
	[ACME_SWEEP_NONCES] =
		DB_COMMAND("acme_sweep_nonces", "DELETE FROM ca.acme_nonce WHERE expires < $1", time_params),
	[ACME_SWEEP_ORDERS] =
		DB_COMMAND("acme_sweep_orders", "DELETE FROM ca.acme_order WHERE expires < $1", time_params),
	[ACME_SWEEP_BINDINGS] = DB_COMMAND("acme_sweep_bindings",
		"UPDATE ca.acme_binding SET mac_key = NULL, accounts = 0 WHERE expires < $1 AND mac_key IS NOT NULL",
		time_params),
};
