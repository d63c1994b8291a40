/* nest: the sessions in which unwrapped citizens' keys lie. A session object dies with the session that made it, so these are sessions of their own: a worker thread
 * that recovers its own drops nobody's key. Used by hot.c. Thread-safe: a nest is held while the HSM unwraps into it, and there are as many as workers. */
#ifndef MOHAR_HSM_CITIZEN_NEST_H
#define MOHAR_HSM_CITIZEN_NEST_H

#include <pthread.h>
#include <stdatomic.h>

#include "hsm/service.h"

enum { MAX_NESTS = 64 };

struct nest {
	pthread_mutex_t lock;
	struct session session;
	atomic_uint epoch; /* counts the sessions it has had */
};

struct nests {
	struct nest all[MAX_NESTS];
	size_t count;
	atomic_uint turn;
};

/* An object in a nest; it lives as long as the session that it was made in. */
struct nested {
	CK_OBJECT_HANDLE handle;
	struct nest *nest; /* NULL: none */
	unsigned epoch;
	size_t seat;  /* of the token that it is on */
	uint64_t era; /* of that: a module begun anew has none of it */
};

/* Opens no session yet. */
void nests_init(struct nests *n, struct token *t, size_t count);

/* Unwraps a citizen's private half by its master into a nest. Errors as key_use. */
MUST_USE enum err nest_unwrap(struct nests *n, struct service *service, struct key *master, const struct algorithm *a,
	struct span wrapped, struct span spki, struct nested *out);

/* Is it still there, as far as we know? */
bool nested_lives(const struct nested *o);

/* Lets go of it, through session s. */
void nested_drop(struct nested *o, struct session *s);

/* It failed: lets go of it, and of its whole nest if that has lost its session. */
void nested_doubt(struct nested *o);

#endif
