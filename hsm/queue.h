/* queue: whole messages waiting for a worker thread, at most so many. Used by crew.c. Thread-safe. */
#ifndef MOHAR_HSM_QUEUE_H
#define MOHAR_HSM_QUEUE_H

#include <pthread.h>

#include "hsm/connection.h"

struct queue {
	pthread_mutex_t lock;
	struct connection **ring; /* owned */
	size_t room, first, count;
};

MUST_USE enum err queue_init(struct queue *q, size_t room);

/* false if it is full: the caller still owns c. */
bool queue_put(struct queue *q, struct connection *c);

/* The one that has waited longest; NULL: none does. */
struct connection *queue_take(struct queue *q);

/* The same, if it came before that time (ticks). */
struct connection *queue_take_older(struct queue *q, int64_t before);

#endif
