/* tile: 256 consecutive hashes of a tree at every eighth level (C2SP tlog-tiles): how a log keeps and serves its trees. Used by signerd over its database and
 * by `mohar log` over HTTP; where tiles come from is the caller's to say. */
#ifndef MOHAR_AUDIT_TILE_H
#define MOHAR_AUDIT_TILE_H

#include "audit/merkle.h"

enum { TILE_WIDTH = 256, TILE_LEVELS = 8, MAX_CACHED_TILES = 32 };

struct tile {
	uint64_t index;
	size_t width; /* hashes in it */
	struct sha256 hashes[TILE_WIDTH];
};

/* The hash over count of its hashes from first; count is a power of two, and they are there. */
struct sha256 tile_hash(const struct tile *t, size_t first, size_t count);

/* How many hashes a tree of size leaves has at a tile level. */
uint64_t tile_hashes(uint64_t size, unsigned level);

/* Reads a tile, all of it that is there. */
struct tile_source {
	enum err (*read)(void *context, unsigned level, uint64_t index, struct tile *out);
	void *context;
};

/* The tiles that a computation has read: each is fetched once, the last MAX_CACHED_TILES are kept. One thread's. */
struct tile_cache {
	struct tile_source source;
	struct cached_tile *tiles; /* owned */
	size_t count;
};
void tile_cache_free(struct tile_cache *c);

/* The store of hashes for merkle.h. Borrows c. ERR_CORRUPT for a tile that is shorter than the tree needs. */
struct merkle_store tile_store(struct tile_cache *c);

#endif
