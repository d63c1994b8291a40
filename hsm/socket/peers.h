/* peers: everybody who is connected, and what each user among them holds. Used by server.c and crew.c. Thread-safe: list, shares and the members of a
 * connection that its header names are under one lock here; the rest of a connection belongs to the thread that epoll woke for it. */
#ifndef MOHAR_HSM_SOCKET_PEERS_H
#define MOHAR_HSM_SOCKET_PEERS_H

#include <pthread.h>

#include "hsm/socket/connection.h"

enum {
	MAX_CONNECTIONS = 512, /* well below the 1024 descriptors that a process usually may have */
	MAX_LARGE = 4,         /* objects of more than one frame that one user may have under way: 64 MiB */
};

struct peers {
	pthread_mutex_t lock;
	struct connection *connections;
	size_t count;
	struct shares shares;
	int epoll_fd; /* where they are waited for: EPOLLONESHOT */
};

/* users: how many different ones may come. requests: so many may be under way, of which one user may have most. ERR_IO. */
MUST_USE enum err peers_init(struct peers *p, size_t users, size_t requests, size_t most);

/* Takes c in. Otherwise why not, static, and c is still the caller's. */
const char *peers_admit(struct peers *p, struct connection *c);

/* Its message is whole: a worker will do it. False: its user has as many under way as one may. */
bool peers_begin(struct peers *p, struct connection *c);

/* Its message is larger than a frame. False: its user has as many such as one may. */
bool peers_large(struct peers *p, struct connection *c);

/* Its message is done with, and answered; c stays with its thread. */
void peers_rest(struct peers *p, struct connection *c);

/* Back to epoll; as soon as this is begun c is another thread's. since: when the message that is coming in began (ticks), 0 if none is. */
void peers_wait(struct peers *p, struct connection *c, int64_t since);

/* Closes and frees it. */
void peers_drop(struct peers *p, struct connection *c);

/* Whoever put c back has written it under the lock: what they wrote is seen after this. */
void peers_see(struct peers *p);

/* Shuts those who began a message more than so many ticks ago and do not end it: they keep a connection from others. */
void peers_sweep(struct peers *p, int64_t now, int64_t slow);

/* Is anybody's request under way? */
bool peers_busy(struct peers *p);

#endif
