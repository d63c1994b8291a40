/* growth: a tree while a batch of leaves is put on it: its right edge in memory, written back once. Used by the sequencer, within its transaction. */
#ifndef MOHAR_SIGNER_LOG_GROWTH_H
#define MOHAR_SIGNER_LOG_GROWTH_H

#include "signer/log/tiles.h"

struct growth {
	enum log_tree tree;
	uint64_t size;                 /* with the leaves added */
	struct tile edge[TILE_LEVELS]; /* the last tile of each level: partial, or empty */
	bool changed[TILE_LEVELS];
};

/* Reads the tree's size and right edge. */
MUST_USE enum err growth_open(struct db *db, enum log_tree tree, struct growth *out);
/* Appends a leaf: its row, and its hash. A full tile is written and its hash goes one level up. */
MUST_USE enum err growth_add(struct db *db, struct growth *g, const char *schema, const struct uuid *event,
	struct span entry);
/* Writes what is partial, and the new size. */
MUST_USE enum err growth_close(struct db *db, struct growth *g);

#endif
