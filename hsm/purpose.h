/* purpose: what a key is for, and what follows from it: which algorithm, which operation, which types of object. One row each.
 * Used by policy (checking keys.json), permit and the operations. */
#ifndef MOHAR_HSM_PURPOSE_H
#define MOHAR_HSM_PURPOSE_H

#include "hsm/policy.h"
#include "hsm/token/algorithm.h"
#include "keyring/frame.h"

struct type;

enum { MAX_PURPOSE_TYPES = 4 };

struct purpose {
	const char *name;
	enum algorithm_kind kind;
	unsigned ops;                                      /* OP_BIT()s that use the private half */
	const struct type *const types[MAX_PURPOSE_TYPES]; /* what it signs; ended by NULL */
};
#define OP_BIT(name) (1U << OP_##name)

/* The row of a name; NULL if there is none. */
const struct purpose *purpose_find(const char *name);

/* Has it operations, and so callers? A blob-seal key is used by mohar-hsmd itself only. True for an unknown purpose. */
bool purpose_has_callers(const char *name);

/* Do a key rule's purpose, algorithm and limits belong together? ERR_CONFIG with the reason. */
MUST_USE enum err purpose_check(const struct policy *p, const struct key_rule *k);

#endif
