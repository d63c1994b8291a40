/* queue: whole messages waiting for a worker thread, at most so many: one lane for each user, from which they are taken in turn, so that a user who asks for much waits for
 * itself and not the others for it. Used by crew.c. Thread-safe. */
#ifndef MOHAR_HSM_SOCKET_QUEUE_H
#define MOHAR_HSM_SOCKET_QUEUE_H

#include <pthread.h>

#include "hsm/socket/connection.h"

struct lane {
	uid_t uid;
	struct connection *first, *last; /* NULL: nothing waits */
};

struct queue {
	pthread_mutex_t lock;
	struct lane lanes[MAX_SHARES];
	size_t lane_count, turn, room, count;
};

void queue_init(struct queue *q, size_t room);

/* false if it is full: the caller still owns c. */
bool queue_put(struct queue *q, struct connection *c);

/* Of the user whose turn it is, the one that has waited longest; NULL: none does. */
struct connection *queue_take(struct queue *q);

/* One that came before that time (ticks). */
struct connection *queue_take_older(struct queue *q, int64_t before);

#endif
