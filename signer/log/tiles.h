/* tiles: the trees' tiles in the database. Used inside signer/log. */
#ifndef MOHAR_SIGNER_LOG_TILES_H
#define MOHAR_SIGNER_LOG_TILES_H

#include "audit/event.h"
#include "audit/tile.h"
#include "db/db.h"

/* Reads as much of a tile as is there. ERR_NOT_FOUND, ERR_CORRUPT. */
MUST_USE enum err tile_read(struct db *db, enum log_tree tree, unsigned level, uint64_t index, struct tile *out);
/* Writes it; a stored one may only be longer than before. */
MUST_USE enum err tile_write(struct db *db, enum log_tree tree, unsigned level, const struct tile *t);

/* One tree's tiles through one connection, as a source for lib/audit/tile.h. Borrows t. */
struct stored_tiles {
	struct db *db;
	enum log_tree tree;
};
struct tile_source tiles_source(struct stored_tiles *t);

#endif
