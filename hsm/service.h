/* service: everything a worker process has, gathered. Made once by worker.c before threads start; used by the operations. What changes afterwards is
 * inside the parts, each of which says how it is shared. */
#ifndef MOHAR_HSM_SERVICE_H
#define MOHAR_HSM_SERVICE_H

#include <stdatomic.h>

#include "hsm/breaker.h"
#include "hsm/evidence/count.h"
#include "hsm/evidence/hush.h"
#include "hsm/evidence/journal.h"
#include "hsm/keys.h"
#include "hsm/policy/policy.h"
#include "hsm/quorum/proposal.h"
#include "hsm/quorum/restore.h"
#include "hsm/evidence/record.h"
#include "hsm/settings.h"
#include "hsm/evidence/spent.h"

struct citizens; /* hsm/citizen/citizens.h */

struct service {
	struct settings settings;
	struct policy policy;
	struct token *token;
	struct keys keys;
	struct breaker breaker;
	struct journal journal;
	struct records records;
	struct counts *counts;
	struct hush hush;
	struct citizens *citizens;
	struct spent spent;
	struct proposals proposals;
	int control;               /* to the supervisor (process/control.h) */
	struct restore restore;    /* needed: journal and token do not fit, and nothing else is served */
	atomic_bool replace;       /* a fresh worker is to take over: what it has found at its start no longer holds */
	atomic_bool recycling;     /* a thread is at it */
	atomic_bool broken;        /* the library was not to be had again: this worker is of no use any more */
	atomic_ullong recycled_at; /* unwraps, the last time the library was begun anew */
	atomic_uint recycles;
	_Atomic int64_t mended; /* ticks, when it was begun anew for a key that was gone */
	unix_time since;
	atomic_ullong signatures, unwraps, refusals;
	atomic_uint waiting; /* in the queue */
};

#endif
