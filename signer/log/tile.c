#include "signer/log/tile.h"

#include <stdlib.h>
#include <string.h>

#include "signer/log/store.h"

struct cached_tile {
	unsigned level;
	struct tile tile;
};

enum err
tile_read(struct db *db, enum log_tree tree, unsigned level, uint64_t index, struct tile *out)
{
	const struct db_param params[] = {db_int(tree), db_int(level), db_int((int64_t)index)};
	struct log_hashes row;
	const size_t full = sizeof(out->hashes);
	size_t len;

	TRY(db_one(db, LOG_TILE_READ, params, &row));
	len = row.hashes.len;
	if (len > 0 && len <= full && len % SHA256_LEN == 0)
		memcpy(out->hashes, row.hashes.ptr, len);
	db_row_free(&log_statements[LOG_TILE_READ], &row);
	REQUIRE_WHY(len > 0 && len <= full && len % SHA256_LEN == 0, ERR_CORRUPT, "log: tile %u/%llu has %zu bytes",
		level, (unsigned long long)index, len);
	out->index = index;
	out->width = len / SHA256_LEN;
	return ERR_OK;
}

enum err
tile_write(struct db *db, enum log_tree tree, unsigned level, const struct tile *t)
{
	const struct db_param params[] = {db_int(tree), db_int(level), db_int((int64_t)t->index),
		db_bytes(span_at(t->hashes, t->width * SHA256_LEN))};

	return db_run(db, LOG_TILE_WRITE, params, NULL);
}

struct sha256
tile_hash(const struct tile *t, size_t first, size_t count)
{
	struct sha256 left, right;

	if (count == 1)
		return t->hashes[first];
	left = tile_hash(t, first, count / 2);
	right = tile_hash(t, first + count / 2, count / 2);
	return merkle_node(&left, &right);
}

void
tile_cache_free(struct tile_cache *c)
{
	free(c->tiles);
	c->tiles = NULL;
	c->count = 0;
}

/* The tile, from the cache or the database; when the cache is full the oldest place is taken. */
static enum err
fetch(struct tile_cache *c, unsigned level, uint64_t index, const struct tile **out)
{
	struct cached_tile *place;

	for (size_t i = 0; i < c->count && i < MAX_CACHED_TILES; i++)
		if (c->tiles[i].level == level && c->tiles[i].tile.index == index) {
			*out = &c->tiles[i].tile;
			return ERR_OK;
		}
	if (c->tiles == NULL)
		c->tiles = calloc(MAX_CACHED_TILES, sizeof(c->tiles[0]));
	REQUIRE(c->tiles != NULL, ERR_NO_MEMORY);
	place = &c->tiles[c->count % MAX_CACHED_TILES];
	place->level = TILE_LEVELS; /* matches nothing, should the reading fail */
	TRY(tile_read(c->db, c->tree, level, index, &place->tile));
	place->level = level;
	c->count++;
	*out = &place->tile;
	return ERR_OK;
}

/* Tree level 8n + k is k levels above the hashes of tile level n, and within one tile. */
static enum err
stored_hash(void *context, unsigned level, uint64_t index, struct sha256 *out)
{
	const unsigned above = level % 8;
	const uint64_t first = index << above;
	const size_t count = (size_t)1 << above;
	const size_t offset = (size_t)(first % TILE_WIDTH);
	const struct tile *t = NULL;

	REQUIRE(level / 8 < TILE_LEVELS && index <= UINT64_MAX >> (above + 1), ERR_NOT_FOUND);
	TRY(fetch(context, level / 8, first / TILE_WIDTH, &t));
	REQUIRE_WHY(offset + count <= t->width, ERR_CORRUPT, "log: tile %u/%llu lacks a hash that its tree has",
		level / 8, (unsigned long long)(first / TILE_WIDTH));
	*out = tile_hash(t, offset, count);
	return ERR_OK;
}

struct merkle_store
tile_store(struct tile_cache *c)
{
	return (struct merkle_store){stored_hash, c};
}
