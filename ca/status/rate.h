/* rate: so many a second and no more: a token bucket that holds one second's worth. Used for OCSP answers that an outsider can make us sign at will. Guards itself. */
#ifndef MOHAR_CA_STATUS_RATE_H
#define MOHAR_CA_STATUS_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct rate;

MUST_USE enum err rate_new(unsigned per_second, struct rate **out);
void rate_free(struct rate **r);
/* Takes one if there is one. ticks: microseconds of a monotonic clock (clock_ticks). */
bool rate_take(struct rate *r, int64_t ticks);

#endif
