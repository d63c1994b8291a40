#include "audit/path.h"
#include "signer/log/log.h"
#include "signer/log/store.h"
#include "signer/log/tiles.h"

enum { CHECKPOINT_SECONDS = 1, TILE_SECONDS = 31536000 };

static enum err
serve_checkpoint(struct tlog *l, enum log_tree tree, struct reply *reply)
{
	uint64_t size;

	TRY(tlog_head(l, tree, &size, NULL));
	reply_cache(reply, CHECKPOINT_SECONDS, true);
	return tlog_head(l, tree, &size, reply_body(reply, "text/plain; charset=utf-8"));
}

static enum err
serve_witnessed(struct tlog *l, struct reply *reply)
{
	uint64_t size;

	TRY(tlog_witnessed(l, &size, NULL));
	reply_cache(reply, CHECKPOINT_SECONDS, true);
	return tlog_witnessed(l, &size, reply_body(reply, "text/plain; charset=utf-8"));
}

/* Of a public event, with nothing but what is public of it: whoever knows its number may show that it is logged. */
static enum err
serve_receipt(struct tlog *l, const struct log_path *p, struct reply *reply)
{
	return tlog_public_receipt(l, p->schema, &p->event, reply_body(reply, "application/json"));
}

/* Is that much of this tile in a tree that was signed? What is not signed yet is not shown. */
static enum err
check_signed(struct tlog *l, const struct log_path *p)
{
	uint64_t size, hashes;

	TRY(tlog_head(l, LOG_TREE_PUBLIC, &size, NULL));
	hashes = tile_hashes(size, p->level);
	REQUIRE_WHY(p->index <= hashes / TILE_WIDTH && p->width <= hashes - p->index * TILE_WIDTH, ERR_NOT_FOUND,
		"C2SP tlog-tiles: that tile is beyond the tree");
	return ERR_OK;
}

static enum err
serve_tile(struct tlog *l, const struct log_path *p, struct reply *reply)
{
	AUTO(db) *db = NULL;
	struct tile t;

	TRY(db_lease(l->pool, &db));
	TRY(tile_read(db, LOG_TREE_PUBLIC, p->level, p->index, &t));
	REQUIRE_WHY(p->width <= t.width, ERR_CORRUPT, "log: tile %u/%llu is shorter than its tree says", p->level,
		(unsigned long long)p->index);
	writer_bytes(reply_body(reply, "application/octet-stream"), span_at(t.hashes, p->width * SHA256_LEN));
	reply_cache(reply, TILE_SECONDS, true);
	return ERR_OK;
}

/* Entries, each behind its length as a u16. */
static enum err
serve_entries(struct tlog *l, const struct log_path *p, struct reply *reply)
{
	const int64_t first = (int64_t)p->index * TILE_WIDTH;
	const struct db_param params[] = {db_int(LOG_TREE_PUBLIC), db_int(first), db_int(first + p->width)};
	struct writer *body = reply_body(reply, "application/octet-stream");
	struct json_list rows;
	bool whole;

	TRY(db_pool_all(l->pool, LOG_LEAF_RANGE, params, &rows));
	for (size_t i = 0; i < rows.count; i++) {
		const struct log_leaf *leaf = &((const struct log_leaf *)rows.items)[i];

		writer_block16(body, span_at(leaf->entry.ptr, leaf->entry.len));
	}
	whole = rows.count == p->width;
	db_rows_free(&log_statements[LOG_LEAF_RANGE], &rows);
	REQUIRE_WHY(whole, ERR_CORRUPT, "log: entries of tile %llu are missing", (unsigned long long)p->index);
	reply_cache(reply, TILE_SECONDS, true);
	return writer_done(body);
}

enum err
tlog_serve(struct tlog *l, const char *rest, struct reply *reply)
{
	struct log_path p;

	TRY(log_path_read(span_of(rest), &p));
	if (p.resource == LOG_CHECKPOINT)
		return serve_checkpoint(l, LOG_TREE_PUBLIC, reply);
	if (p.resource == LOG_PRIVATE_CHECKPOINT)
		return serve_checkpoint(l, LOG_TREE_PRIVATE, reply);
	if (p.resource == LOG_WITNESSED_CHECKPOINT)
		return serve_witnessed(l, reply);
	if (p.resource == LOG_RECEIPT)
		return serve_receipt(l, &p, reply);
	TRY(check_signed(l, &p));
	return p.resource == LOG_TILE ? serve_tile(l, &p, reply) : serve_entries(l, &p, reply);
}
