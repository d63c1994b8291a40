/* rate: a token bucket. Used for MAC keys, so that the few values a national number can have are not tried one after the other (ARCHITECTURE 9).
 * Thread-safe; times are clock_ticks() passed in. */
#ifndef MOHAR_HSM_POLICY_RATE_H
#define MOHAR_HSM_POLICY_RATE_H

#include <pthread.h>

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct rate {
	pthread_mutex_t lock;
	int64_t per_second, burst; /* 0: no limit */
	int64_t millionths;        /* what is in the bucket, in millionths of one */
	int64_t at;                /* when that was so, ticks */
};

/* A full bucket. burst 0 is per_second. */
void rate_init(struct rate *r, int64_t per_second, int64_t burst);

/* Takes one. ERR_TOO_MANY if there is none. */
MUST_USE enum err rate_take(struct rate *r, int64_t now);

#endif
