/* ledger: a bounded table of names that are good once, for a while: challenges that are open, keys that are made and not born. Used by hsm/citizen. Thread-safe.
 * A name is 32 bytes, an owner 16, of which nobody can choose the first. Times are seconds of a clock that never goes back, passed in. */
#ifndef MOHAR_HSM_CITIZEN_LEDGER_H
#define MOHAR_HSM_CITIZEN_LEDGER_H

#include <pthread.h>

#include "base/digest.h"

enum {
	LEDGER_ROOM = 65536, /* a power of two */
	LEDGER_OWNER_LEN = 16,
};

struct ledger_row;

struct ledger {
	pthread_mutex_t lock;
	struct ledger_row *rows;      /* owned; from 1, 0 is none */
	uint32_t *by_name, *by_owner; /* owned: LEDGER_ROOM heads of chains each */
	uint32_t begun, unused;       /* rows ever used; the first of those that are free again */
	uint32_t oldest, newest;
};

/* ERR_NO_MEMORY. */
MUST_USE enum err ledger_init(struct ledger *l);
void ledger_end(struct ledger *l);

/* Enters name until a time, on the account of owner (LEDGER_OWNER_LEN bytes). Those whose time is over make room. per_owner: how many an owner may have; its oldest
 * goes for one more, and the oldest of all when the ledger is full: whoever is quick is not shut out by those who never come back. 0: none goes before its time,
 * and ERR_TOO_MANY says that the ledger is full. ERR_EXISTS: it is there. */
MUST_USE enum err ledger_enter(struct ledger *l, const struct sha256 *name, struct span owner, size_t per_owner,
	int64_t now, int64_t until);

/* Takes name out. Of several who try, one does. ERR_USED: it is not there; ERR_EXPIRED: it was, too long. */
MUST_USE enum err ledger_take(struct ledger *l, const struct sha256 *name, int64_t now);

#endif
