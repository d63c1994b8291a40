/* growth: a tree while a batch of leaves is put on it: its right edge in memory, written back once. Used by the sequencer, within its transaction. */
#ifndef MOHAR_SIGNER_LOG_GROWTH_H
#define MOHAR_SIGNER_LOG_GROWTH_H

#include "signer/log/tiles.h"

enum { LEAF_PARAMS = 5, MAX_PENDING = 64 };

struct growth {
	enum log_tree tree;
	uint64_t size;                 /* with the leaves added */
	struct tile edge[TILE_LEVELS]; /* the last tile of each level: partial, or empty */
	bool changed[TILE_LEVELS];
	struct db_param pending[MAX_PENDING][LEAF_PARAMS]; /* rows of leaves that are not sent yet */
	size_t pending_count;
};

/* Reads the tree's size and right edge. */
MUST_USE enum err growth_open(struct db *db, enum log_tree tree, struct growth *out);
/* Appends a leaf: its row, which may wait for growth_flush() and borrows entry until then, and its hash. A full tile is written and its hash goes one level up. */
MUST_USE enum err growth_add(struct db *db, struct growth *g, const char *schema, const struct uuid *event,
	struct span entry);
/* Sends the leaves that wait. */
MUST_USE enum err growth_flush(struct db *db, struct growth *g);
/* Sends what waits, writes what is partial, and the new size. */
MUST_USE enum err growth_close(struct db *db, struct growth *g);

#endif
