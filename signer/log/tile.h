/* tile: 256 consecutive hashes of a tree at every eighth level (C2SP tlog-tiles): how the log keeps its trees, and what it serves. Used inside signer/log. */
#ifndef MOHAR_SIGNER_LOG_TILE_H
#define MOHAR_SIGNER_LOG_TILE_H

#include "audit/event.h"
#include "audit/merkle.h"
#include "db/db.h"

enum { TILE_WIDTH = 256, TILE_LEVELS = 8, MAX_CACHED_TILES = 32 };

struct tile {
	uint64_t index;
	size_t width; /* hashes in it */
	struct sha256 hashes[TILE_WIDTH];
};

/* Reads as much of a tile as is there. ERR_NOT_FOUND, ERR_CORRUPT. */
MUST_USE enum err tile_read(struct db *db, enum log_tree tree, unsigned level, uint64_t index, struct tile *out);
/* Writes it; a stored one may only be longer than before. */
MUST_USE enum err tile_write(struct db *db, enum log_tree tree, unsigned level, const struct tile *t);

/* The hash over count of its hashes from first; count is a power of two. */
struct sha256 tile_hash(const struct tile *t, size_t first, size_t count);

/* The tiles of one tree that a computation has read: each is fetched once. */
struct tile_cache {
	struct db *db; /* borrowed */
	enum log_tree tree;
	struct cached_tile *tiles; /* owned */
	size_t count;
};
void tile_cache_free(struct tile_cache *c);

/* The store of hashes for lib/audit/merkle.h. Borrows c. */
struct merkle_store tile_store(struct tile_cache *c);

#endif
