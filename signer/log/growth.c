#include "signer/log/growth.h"

#include <string.h>

#include "signer/log/store.h"

static enum err
open_edge(struct db *db, struct growth *g, unsigned level)
{
	const uint64_t count = tile_hashes(g->size, level);
	const size_t width = (size_t)(count % TILE_WIDTH);
	struct tile *edge = &g->edge[level];

	edge->index = count / TILE_WIDTH;
	edge->width = 0;
	if (width == 0)
		return ERR_OK;
	TRY(tile_read(db, g->tree, level, edge->index, edge));
	REQUIRE_WHY(edge->width == width, ERR_CORRUPT, "log: tile %u/%llu has %zu hashes, its tree has %zu", level,
		(unsigned long long)edge->index, edge->width, width);
	return ERR_OK;
}

enum err
growth_open(struct db *db, enum log_tree tree, struct growth *out)
{
	const struct db_param params[] = {db_int(tree)};
	struct log_number size;

	TRY(db_one(db, LOG_TREE_SIZE, params, &size));
	out->tree = tree;
	out->size = (uint64_t)size.n;
	memset(out->changed, 0, sizeof(out->changed));
	out->pending_count = 0;
	for (unsigned level = 0; level < TILE_LEVELS; level++)
		TRY(open_edge(db, out, level));
	return ERR_OK;
}

/* Puts a hash on the edge of a level, and on those above as far as tiles become full. */
static enum err
add_hash(struct db *db, struct growth *g, struct sha256 hash)
{
	for (unsigned level = 0; level < TILE_LEVELS; level++) {
		struct tile *edge = &g->edge[level];

		edge->hashes[edge->width++] = hash;
		g->changed[level] = edge->width < TILE_WIDTH;
		if (edge->width < TILE_WIDTH)
			return ERR_OK;
		TRY(tile_write(db, g->tree, level, edge));
		hash = tile_hash(edge, 0, TILE_WIDTH);
		edge->index++;
		edge->width = 0;
	}
	return err_because(ERR_TOO_LONG, "log: the tree is full");
}

enum err
growth_add(struct db *db, struct growth *g, const char *schema, const struct uuid *event, struct span entry)
{
	struct db_param *row = g->pending[g->pending_count++];

	row[0] = db_int(g->tree);
	row[1] = db_int((int64_t)g->size);
	row[2] = db_text(schema);
	row[3] = db_uuid(event);
	row[4] = db_bytes(entry);
	if (g->pending_count == MAX_PENDING)
		TRY(growth_flush(db, g));
	TRY(add_hash(db, g, leaf_hash(entry)));
	g->size++;
	return ERR_OK;
}

enum err
growth_flush(struct db *db, struct growth *g)
{
	const size_t count = g->pending_count;

	g->pending_count = 0;
	return db_run_rows(db, LOG_LEAF_ADD, g->pending[0], count);
}

enum err
growth_close(struct db *db, struct growth *g)
{
	const struct db_param params[] = {db_int(g->tree), db_int((int64_t)g->size)};

	TRY(growth_flush(db, g));
	for (unsigned level = 0; level < TILE_LEVELS; level++)
		if (g->changed[level])
			TRY(tile_write(db, g->tree, level, &g->edge[level]));
	return db_run(db, LOG_TREE_GROW, params, NULL);
}
