/* mirror: the second token, with copies of the first one's keys: compared before it may take over, and before it comes back. Used by worker.c. */
#ifndef MOHAR_HSM_MIRROR_H
#define MOHAR_HSM_MIRROR_H

#include "hsm/service.h"

/* At the start: has the other token, if it is there, the same genesis and the same keys? ERR_CONFIG, ERR_CORRUPT: it has not, and nothing is served. */
MUST_USE enum err mirror_check(struct service *s);

/* Starts the thread that tries a token that is down, compares its keys, tells it what it missed, and lets it take over again. Nothing without a mirror. ERR_NO_MEMORY. */
MUST_USE enum err mirror_keep(struct service *s);

#endif
