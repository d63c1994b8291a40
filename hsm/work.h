/* work: one request on its way through mohar-hsmd, as an operation sees it. Used by operation.c, which runs them, and by the rooms that have operations of
 * their own: citizen/, quorum/. */
#ifndef MOHAR_HSM_WORK_H
#define MOHAR_HSM_WORK_H

#include "base/secret.h"
#include "hsm/operation.h"
#include "hsm/type/type.h"

struct work {
	struct service *service;
	struct session *session; /* the thread's own */
	const struct request *request;
	struct fields fields; /* demanded and allowed ones, as OP_TABLE says */
	struct key *key;      /* of the label; NULL if the request has none */
	struct writer result;
	struct secret *secret;        /* owned; NULL: none is told */
	char detail[MAX_TYPE_DETAIL]; /* for the record of operations: what it was; "" */
};

/* Does it, appending to work->result. What it returns is told to the peer with the reason remembered. */
typedef enum err operation(struct work *w);

#endif
