#include "audit/tile.h"

#include <stdlib.h>

struct cached_tile {
	unsigned level;
	struct tile tile;
};

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

uint64_t
tile_hashes(uint64_t size, unsigned level)
{
	return level < TILE_LEVELS ? size >> (8 * level) : 0;
}

void
tile_cache_free(struct tile_cache *c)
{
	free(c->tiles);
	c->tiles = NULL;
	c->count = 0;
}

/* The tile, from the cache or its source; when the cache is full the oldest place is taken. */
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
	TRY(c->source.read(c->source.context, level, index, &place->tile));
	place->level = level;
	place->tile.index = index;
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
