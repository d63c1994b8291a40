/* hot: citizens' keys that were used lately: their blobs known to be genuine, parsed, and where they signed, unwrapped in a nest. As many as the setting hot_keys
 * says; the one longest unused goes first. Used by hsm/citizen. Thread-safe: its lock is never held while the HSM works; a key's own is. */
#ifndef MOHAR_HSM_CITIZEN_HOT_H
#define MOHAR_HSM_CITIZEN_HOT_H

#include "base/digest.h"
#include "hsm/citizen/citizen_key.h"
#include "hsm/citizen/nest.h"

struct hot_key {
	struct citizen_key *citizen; /* owned; read by whoever holds the key */
	pthread_mutex_t lock;        /* of object */
	struct nested object;
	/* what follows is under hot's lock */
	struct sha256 name;
	unsigned users;
	bool listed; /* else it goes when its last user does */
	struct hot_key *next, *older, *newer;
};

struct hot {
	pthread_mutex_t lock;
	struct hot_key **buckets; /* owned */
	size_t room, count, most;
	struct hot_key *oldest, *newest;
};

/* most: from 1. ERR_NO_MEMORY. */
MUST_USE enum err hot_init(struct hot *h, size_t most);

/* The key of that name, held until hot_give; NULL if it is not there. */
struct hot_key *hot_find(struct hot *h, const struct sha256 *name);

/* Takes *citizen in under that name and holds it for the caller. If another thread was faster, its key is held. s: to let go of the object of the one that must go
 * for it. ERR_NO_MEMORY. */
MUST_USE enum err hot_add(struct hot *h, const struct sha256 *name, struct citizen_key **citizen, struct session *s,
	struct hot_key **out);

void hot_give(struct hot *h, struct session *s, struct hot_key **k);

/* Lets go of all generations of the key of that id (BLOB_ID_LEN). */
void hot_retire(struct hot *h, struct session *s, struct span id);

#endif
