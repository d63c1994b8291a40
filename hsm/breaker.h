/* breaker: after repeated failure the HSM is left alone for a while, and callers get their 503 at once instead of after a timeout. Used by key_use.
 * Thread-safe; times are clock_ticks() passed in. */
#ifndef MOHAR_HSM_BREAKER_H
#define MOHAR_HSM_BREAKER_H

#include <pthread.h>

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum { BREAKER_FAILURES = 5, BREAKER_PAUSE = 400000 }; /* in a row; microseconds */

struct breaker {
	pthread_mutex_t lock;
	unsigned failures;    /* in a row */
	int64_t closed_again; /* when the next one may try */
};

void breaker_init(struct breaker *b);

/* May the HSM be asked now? ERR_UNAVAILABLE while open. After a pause one request may try, the others wait for its outcome or the next pause. */
MUST_USE enum err breaker_ask(struct breaker *b, int64_t now);

/* How it went. */
void breaker_tell(struct breaker *b, bool worked, int64_t now);

bool breaker_is_open(struct breaker *b);

#endif
