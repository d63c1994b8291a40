/* purpose: what a key is for, and what follows from it: which algorithm, which operation, which types of object. One row each.
 * Used by keys_file (checking keys.json) and by mohar-hsmd. */
#ifndef MOHAR_POLICY_PURPOSE_H
#define MOHAR_POLICY_PURPOSE_H

#include "keyring/frame.h"
#include "policy/algorithm.h"
#include "policy/keys_file.h"

enum { MAX_PURPOSE_TYPES = 4 };

/* What a key can sign. How each is told and judged is a file of hsm/type. */
enum object_type {
	OBJECT_NONE,
	OBJECT_TBSCERTIFICATE, /* RFC 5280 4.1.1.1 */
	OBJECT_TBSCERTLIST,    /* RFC 5280 5.1.1.1 */
	OBJECT_RESPONSEDATA,   /* RFC 6960 4.2.1 */
	OBJECT_JWS,            /* RFC 7515 2, JWS Signing Input */
	OBJECT_CHECKPOINT,     /* C2SP tlog-checkpoint */
	OBJECT_DOCUMENT,       /* RFC 5652 5.4, SignedAttributes; evidence: the content */
	OBJECT_TSTINFO,        /* RFC 3161 2.4.2, SignedAttributes; evidence: the TSTInfo */
	OBJECT_TYPES
};

struct purpose {
	const char *name;
	enum algorithm_kind kind;
	unsigned ops;                                    /* OP_BIT()s that use the private half */
	const enum object_type types[MAX_PURPOSE_TYPES]; /* what it signs; ended by OBJECT_NONE */
};
#define OP_BIT(name) (1U << OP_##name)

/* The row of a name; NULL if there is none. */
const struct purpose *purpose_find(const char *name);

/* Has it operations, and so callers? A blob-seal key is used by mohar-hsmd itself only. True for an unknown purpose. */
bool purpose_has_callers(const char *name);

/* Do a key rule's purpose, algorithm and limits belong together? ERR_CONFIG with the reason. */
MUST_USE enum err purpose_check(const struct keys_file *f, const struct key_rule *k);

#endif
