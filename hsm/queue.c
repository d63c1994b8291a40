#include "hsm/queue.h"

#include <stdlib.h>

enum err
queue_init(struct queue *q, size_t room)
{
	*q = (struct queue){.room = room, .ring = calloc(room, sizeof(*q->ring))};
	REQUIRE(q->ring != NULL, ERR_NO_MEMORY);
	(void)pthread_mutex_init(&q->lock, NULL);
	return ERR_OK;
}

bool
queue_put(struct queue *q, struct connection *c)
{
	bool fits;

	(void)pthread_mutex_lock(&q->lock);
	fits = q->count < q->room;
	if (fits) {
		q->ring[(q->first + q->count) % q->room] = c;
		q->count++;
	}
	(void)pthread_mutex_unlock(&q->lock);
	return fits;
}

struct connection *
queue_take_older(struct queue *q, int64_t before)
{
	struct connection *c = NULL;

	(void)pthread_mutex_lock(&q->lock);
	if (q->count > 0 && q->ring[q->first]->arrived_ticks < before) {
		c = q->ring[q->first];
		q->first = (q->first + 1) % q->room;
		q->count--;
	}
	(void)pthread_mutex_unlock(&q->lock);
	return c;
}

struct connection *
queue_take(struct queue *q)
{
	return queue_take_older(q, INT64_MAX);
}
