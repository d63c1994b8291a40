/* many: suspending very many certificates at once, as a batch of broken cards asks for. Used by ca/bulk/, which has counted them and asked for a quorum first. Batch by batch: one
 * statement, one event and one commit for some thousand certificates; what was done before it was interrupted stays done, and the same call again goes on. */
#ifndef MOHAR_CA_REVOKE_MANY_H
#define MOHAR_CA_REVOKE_MANY_H

#include "ca/cad.h"

enum { SUSPEND_BATCH = 5000 };

/* Valid certificates (not expired, not suspended, not revoked) for which everything that is said here holds. */
struct suspend_query {
	const char *issuer;                   /* label; NULL: any */
	const char *profile;                  /* NULL: any */
	unix_time issued_from, issued_before; /* 0: open; the second is exclusive */
	const struct uuid
		*selection; /* only those in ca.selection under this id, picked by what no column tells; NULL: any */
};

/* In whose name, and what is told to the log. */
struct suspend_order {
	const char *actor, *principal, *channel; /* as in revoke; "quorum" */
	const char *bulk;                        /* names the act that all batches belong to: its jti or proposal */
};

/* After every batch, with how many are done so far; an error stops there. May be NULL. */
typedef enum err suspend_progress(void *context, size_t done);

/* How many suspend_many would suspend now. Over many millions this takes seconds. */
MUST_USE enum err suspend_count(struct cad *c, const struct suspend_query *q, int64_t *count);

/* Suspends them all. *done: how many, on error too. Each batch has one event certificate.suspended-many whose public part has the count and the SHA-256 of the sorted serials (16
 * bytes each, one after the other) that stand in ca.status_batch. OCSP tells it at once here, within KEEPER_POLL_SECONDS elsewhere. */
MUST_USE enum err suspend_many(struct cad *c, const struct suspend_query *q, const struct suspend_order *order,
	suspend_progress *progress, void *context, size_t *done);

/* A selection: serials appended to it, count of SERIAL_LEN bytes each, one after the other; those that are in it already change nothing. And the end of one. */
MUST_USE enum err selection_add(struct cad *c, const struct uuid *id, struct span serials);
MUST_USE enum err selection_drop(struct cad *c, const struct uuid *id);

#endif
