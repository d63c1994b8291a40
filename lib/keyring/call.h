/* call: one request to mohar-hsmd and its reply. Used by keyring.c only. */
#ifndef MOHAR_KEYRING_CALL_H
#define MOHAR_KEYRING_CALL_H

#include <stdatomic.h>

#include "keyring/frame.h"
#include "keyring/keyring_pool.h"

struct call {
	uint8_t op;
	bool once;                                        /* not to be repeated on a connection that died */
	struct span label, object, evidence, nonce, kind; /* empty: no such field */
	const struct digests *digests;                    /* NULL: no such field */
	uint16_t count;                                   /* RANDOM; 0: no such field */
};

/* A reply. The spans of fields point into body. */
struct reply {
	struct fields fields;
	struct writer body; /* owned; wiped when freed */
};
void reply_free(struct reply *r);

/* Sends and waits. If the connection turns out dead before the answer, once more on a new one (which may sign twice: both times with our permit), unless c->once.
 * ERR_UNAVAILABLE, or what mohar-hsmd says, with its reason. */
MUST_USE enum err call_do(struct pool *p, const struct call *c, struct reply *out);

#endif
