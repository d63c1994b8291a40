#include "hsm/socket/queue.h"

void
queue_init(struct queue *q, size_t room)
{
	*q = (struct queue){.room = room};
	(void)pthread_mutex_init(&q->lock, NULL);
}

/* ---- under the lock ---- */

static struct lane *
lane_of(struct queue *q, uid_t uid)
{
	for (size_t i = 0; i < q->lane_count; i++)
		if (q->lanes[i].uid == uid)
			return &q->lanes[i];
	if (q->lane_count == MAX_SHARES)
		return NULL;
	q->lanes[q->lane_count] = (struct lane){.uid = uid};
	return &q->lanes[q->lane_count++];
}

static bool
put(struct queue *q, struct connection *c)
{
	struct lane *l = q->count < q->room ? lane_of(q, c->uid) : NULL;

	if (l == NULL)
		return false;
	c->next_waiting = NULL;
	if (l->first == NULL)
		l->first = c;
	else
		l->last->next_waiting = c;
	l->last = c;
	q->count++;
	return true;
}

static struct connection *
take(struct queue *q, int64_t before)
{
	for (size_t i = 0; i < q->lane_count; i++) {
		struct lane *l = &q->lanes[(q->turn + i) % q->lane_count];
		struct connection *c = l->first;

		if (c == NULL || c->arrived_ticks >= before)
			continue;
		l->first = c->next_waiting;
		q->turn = (q->turn + i + 1) % q->lane_count;
		q->count--;
		return c;
	}
	return NULL;
}

/* ---- without ---- */

bool
queue_put(struct queue *q, struct connection *c)
{
	bool fits;

	(void)pthread_mutex_lock(&q->lock);
	fits = put(q, c);
	(void)pthread_mutex_unlock(&q->lock);
	return fits;
}

struct connection *
queue_take_older(struct queue *q, int64_t before)
{
	struct connection *c;

	(void)pthread_mutex_lock(&q->lock);
	c = take(q, before);
	(void)pthread_mutex_unlock(&q->lock);
	return c;
}

struct connection *
queue_take(struct queue *q)
{
	return queue_take_older(q, INT64_MAX);
}
