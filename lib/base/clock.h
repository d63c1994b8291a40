/* clock: the time, passed in. Used by every decision that depends on it; tests pass a clock that stands still. */
#ifndef MOHAR_BASE_CLOCK_H
#define MOHAR_BASE_CLOCK_H

#include <time.h>

#include "base/writer.h"

/* Seconds since 1970 UTC. */
typedef int64_t unix_time;

struct clock {
	unix_time (*now)(const struct clock *c);
	unix_time at; /* for clock_fixed() */
};

/* The system's clock. */
struct clock clock_system(void);

/* A clock that always says at. */
struct clock clock_fixed(unix_time at);

unix_time clock_now(const struct clock *c);

/* Microseconds of a monotonic clock, for durations only. */
int64_t clock_ticks(void);

/* RFC 3339 in UTC with seconds: 2026-01-31T23:59:59Z. 20 characters. */
void time_write(struct writer *w, unix_time t);

/* Reads exactly the form that time_write makes. ERR_MALFORMED otherwise. */
MUST_USE enum err time_read(struct span text, unix_time *out);

#endif
