/* reserve: how many of the crew's hands are at work. While the HSM answers at once, as many as there are processors do: more would only take them from each other. Once all of
 * those have been inside it for a millisecond they wait for it, and the rest come too. Used by crew.c. Thread-safe. */
#ifndef MOHAR_HSM_SOCKET_RESERVE_H
#define MOHAR_HSM_SOCKET_RESERVE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reserve {
	pthread_mutex_t lock;
	pthread_cond_t called;
	size_t few, all;
	atomic_size_t wanted;          /* few or all */
	_Atomic int64_t needed_lately; /* ticks */
};

/* all: the hands there are. */
void reserve_init(struct reserve *r, size_t all);

/* For hand number i, from 0: waits until it is wanted. */
void reserve_wait(struct reserve *r, size_t i);

/* Calls them all. False: they were called already. */
bool reserve_call(struct reserve *r, int64_t now);

/* They were needed now; or a few have sufficed for so long that the others may rest once they are done. */
void reserve_tell(struct reserve *r, bool needed, int64_t now);

#endif
