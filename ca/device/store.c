#include "ca/device/store.h"

#include <stddef.h>

#define COLUMNS(name) static const struct db_column name[]
#define PARAMS(name) static const enum db_type name[]

PARAMS(text_params) = {DB_TEXT};
PARAMS(int_params) = {DB_INT};
PARAMS(bytes_params) = {DB_BYTES};
PARAMS(take_params) = {DB_TEXT, DB_TIME};

/* The last five parameters of whatever is logged: id, at, salt, entry, private. */
#define EVENT_TYPES DB_UUID, DB_TIME, DB_BYTES, DB_BYTES, DB_BYTES
#define EVENT_INTO "INSERT INTO ca.event (id, tree, at, type, actor, principal, channel, salt, entry, private)"

/* $1 id, $2 agency, $3 profile, $4 names, $5 uses, $6 expires, $7 actor; event $8 to $12 */
PARAMS(add_params) = {DB_TEXT, DB_TEXT, DB_TEXT, DB_TEXTS, DB_INT, DB_TIME, DB_TEXT, EVENT_TYPES};
#define ADD_SQL                                                                                            \
	"WITH added AS ("                                                                                  \
	"  INSERT INTO ca.device_enrolment (id, agency, profile, names, uses, created_at, expires, actor)" \
	"  VALUES ($1, $2, $3, $4, $5, $9, $6, $7) RETURNING id)"                                          \
	" " EVENT_INTO                                                                                     \
	" SELECT $8, 0, $9, 'device.enrolment.added', $7, 'agency:' || $2, 'card', $10, $11, $12 FROM added"

/* $1 id, $2 actor; event $3 to $7 */
PARAMS(revoke_params) = {DB_TEXT, DB_TEXT, EVENT_TYPES};
#define REVOKE_SQL                                                                                        \
	"WITH revoked AS ("                                                                               \
	"  UPDATE ca.device_enrolment SET revoked_at = $4, uses = 0 WHERE id = $1 AND revoked_at IS NULL" \
	"  RETURNING agency)"                                                                             \
	" " EVENT_INTO                                                                                    \
	" SELECT $3, 0, $4, 'device.enrolment.revoked', $2, 'agency:' || agency, 'card', $5, $6, $7 FROM revoked"

#define ENROLMENT_COLUMNS "id, agency, profile, names, uses, created_at, expires, revoked_at, actor"
COLUMNS(enrolment_columns) = {
	{DB_TEXT, offsetof(struct enrolment_row, id)},
	{DB_TEXT, offsetof(struct enrolment_row, agency)},
	{DB_TEXT, offsetof(struct enrolment_row, profile)},
	{DB_TEXTS, offsetof(struct enrolment_row, names)},
	{DB_INT, offsetof(struct enrolment_row, uses)},
	{DB_TIME, offsetof(struct enrolment_row, created_at)},
	{DB_TIME, offsetof(struct enrolment_row, expires)},
	{DB_TIME, offsetof(struct enrolment_row, revoked_at)},
	{DB_TEXT, offsetof(struct enrolment_row, actor)},
};
COLUMNS(seen_columns) = {{DB_INT, offsetof(struct seen_row, count)}};

/* $1 id, $2 sender, $3 nonce, $4 now, $5 expires */
PARAMS(begin_params) = {DB_BYTES, DB_TEXT, DB_BYTES, DB_TIME, DB_TIME};
#define BEGIN_SQL                                                                       \
	"WITH over AS (DELETE FROM ca.cmp_transaction WHERE expires < $4 AND id <> $1)" \
	" INSERT INTO ca.cmp_transaction (id, sender, nonce, state, expires)"           \
	" VALUES ($1, $2, $3, 'open', $5) ON CONFLICT DO NOTHING"
/* $1 id, $2 nonce, $3 serial, $4 cert_hash */
PARAMS(wait_params) = {DB_BYTES, DB_BYTES, DB_BYTES, DB_BYTES};
#define WAIT_SQL                                                                                   \
	"UPDATE ca.cmp_transaction SET nonce = $2, serial = $3, cert_hash = $4, state = 'waiting'" \
	" WHERE id = $1 AND state = 'open'"
PARAMS(done_params) = {DB_BYTES, DB_TEXT};
COLUMNS(transaction_columns) = {
	{DB_TEXT, offsetof(struct transaction_row, sender)},
	{DB_BYTES, offsetof(struct transaction_row, nonce)},
	{DB_TEXT, offsetof(struct transaction_row, state)},
	{DB_BYTES, offsetof(struct transaction_row, serial)},
	{DB_BYTES, offsetof(struct transaction_row, cert_hash)},
};

const struct db_statement device_statements[DEVICE_STATEMENT_COUNT] = {
	[DEVICE_ADD] = DB_COMMAND("device_add", ADD_SQL, add_params),
	[DEVICE_REVOKE] = DB_COMMAND("device_revoke", REVOKE_SQL, revoke_params),
	[DEVICE_GET] = DB_STATEMENT("device_get", "SELECT " ENROLMENT_COLUMNS " FROM ca.device_enrolment WHERE id = $1",
		text_params, enrolment_columns, struct enrolment_row),
	[DEVICE_LIST] = DB_STATEMENT("device_list",
		"SELECT " ENROLMENT_COLUMNS " FROM ca.device_enrolment ORDER BY created_at DESC LIMIT $1", int_params,
		enrolment_columns, struct enrolment_row),
	[DEVICE_TAKE] = DB_COMMAND("device_take",
		"UPDATE ca.device_enrolment SET uses = uses - 1"
		" WHERE id = $1 AND uses > 0 AND revoked_at IS NULL AND expires > $2",
		take_params),
	[DEVICE_GIVE_BACK] = DB_COMMAND("device_give_back",
		"UPDATE ca.device_enrolment SET uses = uses + 1 WHERE id = $1 AND revoked_at IS NULL", text_params),
	[DEVICE_KEY_SEEN] =
		DB_STATEMENT("device_key_seen", "SELECT count(*) FROM ca.certificate WHERE spki_sha256 = $1",
			bytes_params, seen_columns, struct seen_row),
	[CMP_BEGIN] = DB_COMMAND("cmp_begin", BEGIN_SQL, begin_params),
	[CMP_WAIT] = DB_COMMAND("cmp_wait", WAIT_SQL, wait_params),
	[CMP_GET] = DB_STATEMENT("cmp_get",
		"SELECT sender, nonce, state, serial, cert_hash FROM ca.cmp_transaction WHERE id = $1", bytes_params,
		transaction_columns, struct transaction_row),
	[CMP_DONE] = DB_COMMAND("cmp_done", "UPDATE ca.cmp_transaction SET state = 'done' WHERE id = $1 AND state = $2",
		done_params),
};
