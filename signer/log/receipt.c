#include <stdlib.h>
#include <string.h>

#include "signer/log/log.h"
#include "signer/log/store.h"
#include "signer/log/tiles.h"

/* The leaf of an event. In the outbox or in the log: it is looked for there first, so that it cannot slip from the one to the other unseen. */
static enum err
find_leaf(struct db *db, const char *schema, const struct uuid *event, struct log_leaf *out)
{
	const struct db_param waiting_params[] = {db_uuid(event)};
	const struct db_param find_params[] = {db_text(schema), db_uuid(event)};
	const enum log_schema number = log_schema_of(schema);
	struct log_number waiting;

	REQUIRE_WHY(number != LOG_SCHEMA_COUNT, ERR_NOT_FOUND, "log: no schema %s", schema);
	TRY(db_one(db, (size_t)LOG_WAITING + number, waiting_params, &waiting));
	REQUIRE_WHY(waiting.n == 0, ERR_UNAVAILABLE, "log: the event waits for the sequencer");
	return db_one(db, LOG_LEAF_FIND, find_params, out);
}

/* Salt and private part, unless they are forgotten. Only our own schema's: the others' are not ours to read. */
static enum err
open_private(struct db *db, const char *schema, const struct uuid *event, struct receipt *r)
{
	const struct db_param params[] = {db_uuid(event)};
	struct log_opened opened;
	enum err e = ERR_OK;

	REQUIRE_WHY(log_schema_of(schema) == LOG_SCHEMA_SIGNER, ERR_REFUSED,
		"log: the private parts of %s are not read here", schema);
	TRY(db_one(db, LOG_OPEN_SIGNER, params, &opened));
	if (opened.salt.ptr != NULL && opened.private_part.ptr != NULL) {
		e = span_text(span_at(opened.private_part.ptr, opened.private_part.len), &r->private_part);
		r->salt = opened.salt;
		opened.salt.ptr = NULL; /* it is r's now */
	}
	db_row_free(&log_statements[LOG_OPEN_SIGNER], &opened);
	return e;
}

/* The checkpoint to prove under: that which the witnesses have cosigned, if it covers the leaf; else the newest. */
static enum err
newest_over(struct tlog *l, enum log_tree tree, uint64_t index, uint64_t *size, struct writer *note)
{
	if (tree == LOG_TREE_PUBLIC && tlog_witnessed(l, size, note) == ERR_OK && index < *size)
		return ERR_OK;
	err_forget();
	writer_reset(note);
	return tlog_head(l, tree, size, note);
}

static enum err
prove(struct tlog *l, struct db *db, enum log_tree tree, struct receipt *r)
{
	AUTO(writer) note = writer_new(MAX_CHECKPOINT);
	struct stored_tiles stored = {.db = db, .tree = tree};
	AUTO(tile_cache) tiles = {.source = tiles_source(&stored)};
	const struct merkle_store store = tile_store(&tiles);

	TRY(newest_over(l, tree, r->index, &r->size, &note));
	REQUIRE_WHY(r->index < r->size, ERR_UNAVAILABLE, "log: the event waits for a checkpoint");
	TRY(merkle_inclusion(&store, r->index, r->size, &r->proof));
	return span_text(writer_span(&note), &r->checkpoint);
}

/* The leaf of an event, and where it stands. */
static enum err
begin(struct db *db, const char *schema, const struct uuid *event, enum log_tree *tree, struct receipt *r)
{
	struct log_leaf leaf;

	TRY(find_leaf(db, schema, event, &leaf));
	r->entry = leaf.entry; /* r's now */
	r->index = (uint64_t)leaf.index;
	*tree = (enum log_tree)leaf.tree;
	return ERR_OK;
}

enum err
tlog_receipt(struct tlog *l, const char *schema, const struct uuid *event, bool opened, struct writer *json)
{
	AUTO(receipt) r = {.index = 0};
	AUTO(db) *db = NULL;
	enum log_tree tree;

	TRY(db_lease(l->pool, &db));
	TRY(begin(db, schema, event, &tree, &r));
	TRY(prove(l, db, tree, &r));
	if (opened)
		TRY(open_private(db, schema, event, &r));
	return receipt_write(&r, json);
}

enum err
tlog_public_receipt(struct tlog *l, const char *schema, const struct uuid *event, struct writer *json)
{
	AUTO(receipt) r = {.index = 0};
	AUTO(db) *db = NULL;
	enum log_tree tree;

	TRY(db_lease(l->pool, &db));
	TRY(begin(db, schema, event, &tree, &r));
	REQUIRE_WHY(tree == LOG_TREE_PUBLIC, ERR_NOT_FOUND, "log: no such public event");
	TRY(prove(l, db, tree, &r));
	return receipt_write(&r, json);
}
