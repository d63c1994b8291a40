/* sweep: deletes what has been of no use for a while: challenges, flows, codes, spent tokens, old jtis. One thread, once a minute. Used by main.c. */
#ifndef MOHAR_IDP_SWEEP_H
#define MOHAR_IDP_SWEEP_H

#include "idp/idp.h"

struct sweep;
MUST_USE enum err sweep_start(struct idp *d, struct sweep **out);
/* Stops the thread and waits for it. */
void sweep_stop(struct sweep **s);

/* One round, for tests and for the thread. */
MUST_USE enum err sweep_once(struct idp *d);

#endif
