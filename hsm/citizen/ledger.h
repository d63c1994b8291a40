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

/* Enters name until a time, on the account of owner (LEDGER_OWNER_LEN bytes). per_owner: how many an owner may have, 0: any. Those whose time is over make room.
 * ERR_EXISTS: it is there; ERR_TOO_MANY: the owner has as many as it may, or the ledger is full. */
MUST_USE enum err ledger_enter(struct ledger *l, const struct sha256 *name, struct span owner, size_t per_owner,
	int64_t now, int64_t until);

/* Takes name out. Of several who try, one does. ERR_USED: it is not there; ERR_EXPIRED: it was, too long. */
MUST_USE enum err ledger_take(struct ledger *l, const struct sha256 *name, int64_t now);

#endif
