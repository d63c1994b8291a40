/* frontier: a Merkle tree (RFC 9162 2.1) that one only appends to, kept as the roots of its full subtrees: as many as its size has bits set. Used by whoever reads a
 * log from its first entry on, and by monitors, who go on where they were: what they kept is in the new tree if its root comes out. */
#ifndef MOHAR_AUDIT_FRONTIER_H
#define MOHAR_AUDIT_FRONTIER_H

#include "audit/merkle.h"

enum { MAX_FRONTIER = 64 };

struct frontier {
	struct sha256 roots[MAX_FRONTIER]; /* the largest first */
	size_t count;
	uint64_t size; /* leaves */
};

void frontier_add(struct frontier *f, struct sha256 leaf);
struct sha256 frontier_root(const struct frontier *f);

#endif
