/* worker: threads that do the challenges' looking, so that no request waits for a stranger's server. Jobs are rows: any worker of any instance takes the next one that is due, and one
 * whose worker died comes up again. Used by acme.c and authorization.c. Guards itself. */
#ifndef MOHAR_CA_ACME_WORKER_H
#define MOHAR_CA_ACME_WORKER_H

#include "ca/cad.h"

struct workers;

enum { WORKER_POLL_SECONDS = 2, LEASE_SECONDS = 60, MEND_SECONDS = 300, KEEP_ORDERS_SECONDS = 30 * 86400 };

/* count threads; c->acme has its database already. The caller stops them. ERR_NO_MEMORY, ERR_UNAVAILABLE. */
MUST_USE enum err workers_start(struct cad *c, size_t count, struct workers **out);
void workers_stop(struct workers **w);
/* There is something to do. NULL is fine. */
void workers_wake(struct workers *w);

#endif
