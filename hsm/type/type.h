/* type: the kinds of object that mohar-hsmd signs. One file and one row each: does this object look like that kind, and is it one that this key may
 * sign, now? Used by signing; which kinds a purpose has is a row in lib/policy/purpose.c. All are pure functions of what is passed in. */
#ifndef MOHAR_HSM_TYPE_TYPE_H
#define MOHAR_HSM_TYPE_TYPE_H

#include "base/clock.h"
#include "hsm/policy/policy.h"
#include "hsm/token/token.h"
#include "keyring/blob.h"
#include "policy/purpose.h"

enum { MAX_TYPE_DETAIL = 256 };

struct type_question {
	const struct policy *policy;
	const struct key_rule *rule;
	const struct token_key *key;
	struct span object;   /* whole, as it came */
	struct span evidence; /* empty if none came */
	bool approved;        /* k custodians stand behind it */
	unix_time now;        /* when the request arrived: waiting in our queue makes nothing stale */
	/* The DER SPKI of another key served here; ERR_NOT_FOUND. Appended. */
	enum err (*spki_of)(void *context, const char *label, struct writer *spki);
	/* A born citizen's key, not retired, from its blob under the master of that label; borrows from bytes. ERR_CORRUPT, ERR_REFUSED, ERR_REVOKED. */
	enum err (*born)(void *context, const char *label, struct span bytes, struct blob *out);
	void *context;
};

struct type {
	const char *name;
	bool journal; /* each signature is a line in the journal */
	bool (*looks)(struct span object);
	/* ERR_REFUSED or ERR_MALFORMED with the clause. detail: MAX_TYPE_DETAIL bytes for the journal, a short text on what this object is. */
	enum err (*check)(const struct type_question *q, char *detail);
};

extern const struct type type_tbscertificate, type_tbscertlist, type_responsedata, type_jws, type_checkpoint,
	type_document, type_tstinfo;

/* The first of a purpose's types that object looks like; NULL if it looks like none. */
const struct type *type_find(const struct purpose *p, struct span object);

#endif
