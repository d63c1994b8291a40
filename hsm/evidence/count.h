/* count: what was done with each key, how it ended and how long it took, since the worker's start. Used by operation.c, which counts, and by tell.c and metrics.c,
 * which tell. Counters are atomic and relaxed: each is right, a page of them is no snapshot. */
#ifndef MOHAR_HSM_EVIDENCE_COUNT_H
#define MOHAR_HSM_EVIDENCE_COUNT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
	COUNT_OPS = 16,
	COUNT_BOUNDS = 14,
#define X(name, http, text) +1
	COUNT_OUTCOMES = 0 ERR_TABLE(X),
#undef X
};

/* What is measured: waiting for a worker; inside the HSM's library; from the request's last byte to the answer. */
enum count_time { COUNT_QUEUE, COUNT_MODULE, COUNT_TOTAL, COUNT_TIMES };

struct histogram {
	atomic_uint_fast64_t by_bound[COUNT_BOUNDS + 1]; /* the last: longer than all */
	atomic_uint_fast64_t microseconds;
};

struct count {
	atomic_uint_fast64_t outcomes[COUNT_OUTCOMES];
	struct histogram times[COUNT_TIMES];
};

struct counts {
	size_t keys;
	struct count of[]; /* COUNT_OPS for each key, and for what names none */
};

/* Upper bounds of the buckets, microseconds. */
extern const int64_t count_bounds[COUNT_BOUNDS];

/* For that many keys. ERR_NO_MEMORY. */
MUST_USE enum err counts_new(size_t keys, struct counts **out);
void counts_free(struct counts **c);

/* Of the key in that row (its number: for none) and the op. */
struct count *counts_of(struct counts *c, size_t key, unsigned op);

/* One operation more; times in microseconds. */
void count_add(struct count *c, enum err outcome, const int64_t times[COUNT_TIMES]);

/* How a key has fared over all ops: done, refused (the peer's fault), failed (ours). */
struct count_sum {
	uint64_t done, refused, failed;
};
struct count_sum counts_sum(struct counts *c, size_t key);

#endif
