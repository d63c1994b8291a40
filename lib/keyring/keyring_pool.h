/* keyring_pool: the connections of one keyring. Used by keyring.c only. Thread-safe: a connection belongs to the thread that took it until it gives it back. */
#ifndef MOHAR_KEYRING_KEYRING_POOL_H
#define MOHAR_KEYRING_KEYRING_POOL_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/un.h>

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	KEYRING_WAIT_MS = 5000,           /* for a free connection, and for an answer */
	KEYRING_GENERATE_WAIT_MS = 60000, /* for the answer that a key has been made */
};

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t free_again;
	struct sockaddr_un address;
	int *idle; /* owned: descriptors that nobody uses */
	size_t idle_count, open_count, size;
	atomic_int luck; /* call.c: how often an answer came while it was looked for, less how often none did */
};

/* ERR_CONFIG for a path of more than 107 bytes. */
MUST_USE enum err pool_init(struct pool *p, const char *path, size_t size);
void pool_end(struct pool *p);

/* A connection; *fresh tells whether it was just made: an idle one may have died unnoticed, so a failure on it is worth one more try. surely: an idle
 * one that the other side has closed is not given, for what may be sent only once. ERR_UNAVAILABLE. */
MUST_USE enum err pool_take(struct pool *p, bool surely, int *fd, bool *fresh);

/* Back, to be used again; or, if it failed, closed. */
void pool_give(struct pool *p, int fd, bool good);

/* Closes all idle ones: after one died, its fellows of the same age have, too. */
void pool_drop_idle(struct pool *p);

#endif
