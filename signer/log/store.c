#include "signer/log/store.h"

#include <string.h>

#define AT(type, member) offsetof(struct type, member)

static const enum db_type lock_params[] = {DB_INT};
static const enum db_type tree_params[] = {DB_INT};
static const enum db_type grow_params[] = {DB_INT, DB_INT};
static const enum db_type tile_params[] = {DB_INT, DB_INT, DB_INT};
static const enum db_type tile_write_params[] = {DB_INT, DB_INT, DB_INT, DB_BYTES};
static const enum db_type leaf_params[] = {DB_INT, DB_INT, DB_TEXT, DB_UUID, DB_BYTES};
static const enum db_type drop_params[] = {DB_INT};
static const enum db_type find_params[] = {DB_TEXT, DB_UUID};
static const enum db_type range_params[] = {DB_INT, DB_INT, DB_INT};
static const enum db_type checkpoint_params[] = {DB_INT, DB_INT, DB_TEXT};
static const enum db_type cosignature_params[] = {DB_INT, DB_TEXT, DB_TEXT};
static const enum db_type event_params[] = {DB_UUID};

static const struct db_column flag_columns[] = {{DB_BOOL, AT(log_flag, yes)}};
static const struct db_column number_columns[] = {{DB_INT, AT(log_number, n)}};
static const struct db_column hashes_columns[] = {{DB_BYTES, AT(log_hashes, hashes)}};
static const struct db_column leaf_columns[] = {{DB_INT, AT(log_leaf, tree)}, {DB_INT, AT(log_leaf, index)},
	{DB_BYTES, AT(log_leaf, entry)}};
static const struct db_column note_columns[] = {{DB_INT, AT(log_note, size)}, {DB_TEXT, AT(log_note, note)}};
static const struct db_column cosigned_columns[] = {{DB_INT, AT(log_cosigned, size)}, {DB_TEXT, AT(log_cosigned, note)},
	{DB_TEXT, AT(log_cosigned, lines)}};
static const struct db_column opened_columns[] = {{DB_BYTES, AT(log_opened, salt)},
	{DB_BYTES, AT(log_opened, private_part)}};
static const struct db_column taken_columns[] = {
	{DB_INT, AT(log_taken, seq)},
	{DB_UUID, AT(log_taken, event)},
	{DB_INT, AT(log_taken, tree)},
	{DB_BYTES, AT(log_taken, leaf)},
	{DB_BYTES, AT(log_taken, entry)},
};

/* The schema's name is a literal of LOG_SCHEMAS, joined by the compiler. */
#define TAKE_SQL(name) "SELECT seq, event, tree, leaf, entry FROM " name ".outbox ORDER BY seq LIMIT $1"

const struct db_statement log_statements[LOG_STATEMENTS] = {[LOG_LOCK] = DB_STATEMENT("log_lock",
								    "SELECT pg_try_advisory_xact_lock($1)", lock_params,
								    flag_columns, struct log_flag),
	[LOG_TREE_SIZE] = DB_STATEMENT("log_tree_size", "SELECT size FROM log.tree WHERE id = $1", tree_params,
		number_columns, struct log_number),
	[LOG_TREE_GROW] = DB_COMMAND("log_tree_grow", "UPDATE log.tree SET size = $2 WHERE id = $1", grow_params),
	[LOG_TILE_READ] = DB_STATEMENT("log_tile_read",
		"SELECT hashes FROM log.tile WHERE tree = $1 AND level = $2 AND index = $3", tile_params,
		hashes_columns, struct log_hashes),
	[LOG_TILE_WRITE] = DB_COMMAND("log_tile_write",
		"INSERT INTO log.tile (tree, level, index, hashes) VALUES ($1, $2, $3, $4)"
		" ON CONFLICT (tree, level, index) DO UPDATE SET hashes = EXCLUDED.hashes",
		tile_write_params),
	[LOG_LEAF_ADD] = DB_COMMAND_TOGETHER("log_leaf_add",
		"INSERT INTO log.leaf (tree, index, schema, event, entry) SELECT * FROM unnest($1, $2, $3, $4, $5)",
		leaf_params),
	[LOG_LEAF_FIND] = DB_STATEMENT("log_leaf_find",
		"SELECT tree, index, entry FROM log.leaf WHERE schema = $1 AND event = $2", find_params, leaf_columns,
		struct log_leaf),
	[LOG_LEAF_RANGE] = DB_STATEMENT("log_leaf_range",
		"SELECT tree, index, entry FROM log.leaf WHERE tree = $1 AND index >= $2 AND index < $3 ORDER BY index",
		range_params, leaf_columns, struct log_leaf),
	[LOG_CHECKPOINT_ADD] = DB_COMMAND("log_checkpoint_add",
		"INSERT INTO log.checkpoint (tree, size, note) VALUES ($1, $2, $3) ON CONFLICT (tree, size) DO NOTHING",
		checkpoint_params),
	[LOG_CHECKPOINT_NEWEST] = DB_STATEMENT("log_checkpoint_newest",
		"SELECT size, note FROM log.checkpoint WHERE tree = $1 ORDER BY size DESC LIMIT 1", tree_params,
		note_columns, struct log_note),
	[LOG_COSIGNATURE_ADD] = DB_COMMAND("log_cosignature_add",
		"INSERT INTO log.cosignature (size, witness, line) VALUES ($1, $2, $3) ON CONFLICT (size, witness) DO NOTHING",
		cosignature_params),
	[LOG_COSIGNED] = DB_STATEMENT("log_cosigned",
		"SELECT c.size, c.note, s.lines FROM (SELECT size, string_agg(line, '' ORDER BY witness) AS lines"
		" FROM log.cosignature WHERE size > $1 GROUP BY size ORDER BY size DESC LIMIT 16) s"
		" JOIN log.checkpoint c ON c.tree = 0 AND c.size = s.size ORDER BY c.size DESC",
		tree_params, cosigned_columns, struct log_cosigned),
	[LOG_OPEN_SIGNER] = DB_STATEMENT("log_open_signer", "SELECT salt, private FROM signer.event WHERE id = $1",
		event_params, opened_columns, struct log_opened),
#define X(token, name)                    \
	[LOG_TAKE + LOG_SCHEMA_##token] = \
		DB_STATEMENT("log_take_" name, TAKE_SQL(name), tree_params, taken_columns, struct log_taken),
	LOG_SCHEMAS(X)
#undef X
#define X(token, name)                                                          \
	[LOG_DROP + LOG_SCHEMA_##token] = DB_COMMAND_TOGETHER("log_drop_" name, \
		"DELETE FROM " name ".outbox WHERE seq = ANY ($1)", drop_params),
		LOG_SCHEMAS(X)
#undef X
#define X(token, name)                                                                                     \
	[LOG_WAITING + LOG_SCHEMA_##token] =                                                               \
		DB_STATEMENT("log_waiting_" name, "SELECT count(*) FROM " name ".outbox WHERE event = $1", \
			event_params, number_columns, struct log_number),
			LOG_SCHEMAS(X)
#undef X
};

enum log_schema
log_schema_of(const char *name)
{
	static const char *const names[] = {
#define X(token, schema) schema,
		LOG_SCHEMAS(X)
#undef X
	};
	size_t i = 0;

	while (i < LOG_SCHEMA_COUNT && strcmp(names[i], name) != 0)
		i++;
	return (enum log_schema)i;
}
