/* hush: how much is said in the log of what one user is refused: so many lines a minute, what comes beyond is counted and the count said when the minute is over. So
 * a flood neither fills the disk of the log nor hides what others did. Used by server.c, crew.c and operation.c. Thread-safe. The record of operations does not
 * pass through here: it counts for itself. */
#ifndef MOHAR_HSM_EVIDENCE_HUSH_H
#define MOHAR_HSM_EVIDENCE_HUSH_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

enum {
	HUSH_LINES = 30,            /* of one user, about one thing, a minute */
	HUSH_ROWS = 128,            /* users times things; whoever comes beyond shares the last */
	HUSH_MINUTE = 60 * 1000000, /* ticks */
	HUSH_STRANGERS = -1,        /* instead of a uid: there are as many as somebody likes to make */
};

struct hush_row {
	const char *what; /* static; NULL: free */
	long who;
	int64_t since;  /* ticks: when its minute began */
	uint64_t count; /* in it */
};

struct hush {
	pthread_mutex_t lock;
	struct hush_row rows[HUSH_ROWS];
};

void hush_init(struct hush *h);

/* May one more line be said? what: the noun of the line, static; who: a uid, or HUSH_STRANGERS; now: ticks. False: it is counted. */
bool hush_may(struct hush *h, const char *what, long who, int64_t now);

/* Says how many were only counted in the minutes that are over: to be called from time to time. How many lines it said. */
size_t hush_tell(struct hush *h, int64_t now);

#endif
