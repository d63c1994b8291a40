/* crew: the worker threads, each with a PKCS#11 session of its own. Used by server.c.
 *
 * Whoever of them has nothing to do waits for the peers' messages itself: a request is read, done and answered by one thread, which is what keeps a signature's way
 * short. It looks for the next message of that peer a little longer before it waits for all of them, as long as another hand does that meanwhile and such messages do
 * come: nobody then has to be woken. Only while all are busy does the server's thread read messages, into a bounded queue, so that requests get a time of arrival, a deadline
 * and a plain refusal when there are too many. */
#ifndef MOHAR_HSM_SOCKET_CREW_H
#define MOHAR_HSM_SOCKET_CREW_H

#include "hsm/socket/peers.h"
#include "hsm/socket/queue.h"
#include "hsm/socket/reserve.h"
#include "hsm/service.h"

struct hand;

struct crew {
	struct service *service;
	struct peers *peers;
	struct queue queue;
	struct hand *hands; /* settings.workers of them */
	struct reserve reserve;
	atomic_int idle;     /* hands that wait */
	atomic_bool alerted; /* someone has told that none does */
	int wake_fd;         /* event: there is something in the queue, and hands wait */
	int alert_fd;        /* event, for the server: nobody waits any more */
	atomic_bool stopped; /* nothing more is begun */
};

/* Starts the threads. sessions: one for each, borrowed for good. ERR_UNAVAILABLE, ERR_IO, ERR_NO_MEMORY. */
MUST_USE enum err crew_start(struct crew *c, struct service *s, struct peers *p, struct session *sessions);

/* For the server's thread, when alert_fd has something: reads messages into the queue until a hand waits again; at most once through those that are there. */
void crew_relieve(struct crew *c);

/* Answers UNAVAILABLE to whatever came before that time (ticks) and still waits: in the queue, or for a call of the HSM's library that hangs. */
void crew_give_up(struct crew *c, int64_t before);

/* Have all hands been at one operation each since before that time (ticks), and none at one that is waited for? Then nothing will be answered here any more. */
bool crew_is_stalled(const struct crew *c, int64_t before);

/* The longest that any hand has been at one operation, ticks. */
int64_t crew_longest(const struct crew *c, int64_t now);

#endif
