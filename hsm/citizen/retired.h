/* retired: up to which generation each citizen's key is dead: what RETIRE did, as the journal tells it at every start. Used by hsm/citizen. Thread-safe.
 * It only grows: 24 bytes a key that was ever frozen or removed. */
#ifndef MOHAR_HSM_CITIZEN_RETIRED_H
#define MOHAR_HSM_CITIZEN_RETIRED_H

#include <pthread.h>

#include "base/span.h"

enum { RETIRED_ID_LEN = 16 };

struct retired_row;

struct retired {
	pthread_mutex_t lock;
	struct retired_row *rows; /* owned */
	size_t room, count, promised;
};

void retired_init(struct retired *r);
void retired_end(struct retired *r);

/* Makes sure that one retired_set will not fail: it stands in the journal by then. ERR_NO_MEMORY. Followed by retired_set or retired_unpromise. */
MUST_USE enum err retired_promise(struct retired *r);
void retired_unpromise(struct retired *r);

/* Generations up to this one are dead; a higher one that was set before stays. Keeps a promise. */
void retired_set(struct retired *r, const uint8_t id[RETIRED_ID_LEN], uint32_t generation);

/* The highest dead generation of that key; 0: none. */
uint32_t retired_up_to(struct retired *r, const uint8_t id[RETIRED_ID_LEN]);

#endif
