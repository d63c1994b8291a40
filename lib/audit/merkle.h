/* merkle: the hash tree of RFC 9162 2.1, pure. Used by the log's sequencer and by whoever verifies a receipt. */
#ifndef MOHAR_AUDIT_MERKLE_H
#define MOHAR_AUDIT_MERKLE_H

#include "base/digest.h"

enum { MAX_PROOF = 64 };

struct merkle_proof {
	struct sha256 nodes[MAX_PROOF];
	size_t count;
};

/* The hash of the interior node over left and right (0x01 prefix), and of the empty tree. */
struct sha256 merkle_node(const struct sha256 *left, const struct sha256 *right);
struct sha256 merkle_empty(void);

/* Where stored hashes come from: the hash of the full subtree at level (0: leaves), number index. ERR_NOT_FOUND, ERR_IO. */
struct merkle_store {
	enum err (*hash)(void *context, unsigned level, uint64_t index, struct sha256 *out);
	void *context;
};

/* The root of the first size leaves, from the store's full subtrees. */
MUST_USE enum err merkle_root(const struct merkle_store *s, uint64_t size, struct sha256 *out);
/* RFC 9162 2.1.3.1, 2.1.4.1: proofs. ERR_MALFORMED for index >= size, first > second. */
MUST_USE enum err merkle_inclusion(const struct merkle_store *s, uint64_t index, uint64_t size,
	struct merkle_proof *out);
MUST_USE enum err merkle_consistency(const struct merkle_store *s, uint64_t first, uint64_t second,
	struct merkle_proof *out);
/* RFC 9162 2.1.3.2, 2.1.4.2: checks. ERR_MISMATCH. */
MUST_USE enum err merkle_inclusion_check(const struct sha256 *leaf, uint64_t index, uint64_t size,
	const struct merkle_proof *p, const struct sha256 *root);
MUST_USE enum err merkle_consistency_check(uint64_t first, uint64_t second, const struct merkle_proof *p,
	const struct sha256 *old_root, const struct sha256 *new_root);

#endif
