/* rate: so many a second and no more: token buckets. One bucket (struct rate): MAC keys, so that the few values a national number can have are not tried one after the other
 * (ARCHITECTURE 9), and OCSP answers that an outsider can make us sign at will. A bucket for each key (struct rates): client addresses and accounts that knock at mohar-idpd.
 * All guard themselves; times are clock_ticks(), passed in. */
#ifndef MOHAR_BASE_RATE_H
#define MOHAR_BASE_RATE_H

#include <pthread.h>
#include <stdint.h>

#include "base/span.h"

/* What is in a bucket, in millionths of one, and when that was so. */
struct bucket {
	int64_t millionths, at;
};

struct rate {
	pthread_mutex_t lock;
	int64_t per_second, burst; /* 0: no limit */
	struct bucket bucket;
};

/* A full bucket. burst 0 is per_second. */
void rate_init(struct rate *r, int64_t per_second, int64_t burst);

/* Takes one. ERR_TOO_MANY if there is none. */
MUST_USE enum err rate_take(struct rate *r, int64_t now);

/* Buckets by key, in memory that does not grow: where a place is wanted, the bucket that is fullest gives way, which is then full again. */
struct rates;
enum { RATES_BYTES = 24, RATES_WAYS = 8 };

/* rows: how many keys are told apart, rounded up to a power of two; each costs RATES_BYTES. per_second 0: no limit. */
MUST_USE enum err rates_new(size_t rows, int64_t per_second, int64_t burst, struct rates **out);
void rates_free(struct rates **r);

/* Takes one of key's; or only looks whether there is one. ERR_TOO_MANY. r may be NULL: no limit. */
MUST_USE enum err rates_take(struct rates *r, struct span key, int64_t now);
MUST_USE enum err rates_look(struct rates *r, struct span key, int64_t now);

#endif
