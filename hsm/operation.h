/* operation: the things a peer can ask, one table row each: decode, permit, do, encode. Used by the worker threads. */
#ifndef MOHAR_HSM_OPERATION_H
#define MOHAR_HSM_OPERATION_H

#include "hsm/service.h"
#include "keyring/frame.h"

struct request {
	uid_t uid; /* SO_PEERCRED */
	uint8_t op;
	struct span body;  /* of the whole message */
	unix_time arrived; /* when its last frame was read */
	int64_t arrived_ticks;
};

/* Does it, and writes the reply's fields, whatever comes of it: never fails, never exits. Refusals are logged here. */
void operation_run(struct service *s, struct session *session, const struct request *r, struct writer *reply);

/* A reply that only says e and why. */
void operation_refuse(enum err e, const char *why, struct writer *reply);

#endif
