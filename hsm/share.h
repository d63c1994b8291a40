/* share: what one user holds of the server: connections, requests under way, large objects. Whoever takes over one daemon cannot shut the others out of
 * the keys by taking it all. Used by server.c, under its lock. */
#ifndef MOHAR_HSM_SHARE_H
#define MOHAR_HSM_SHARE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "hsm/policy.h"

enum { MAX_SHARES = MAX_CALLERS * MAX_CALLER_USERS };

struct share {
	uid_t uid;
	size_t connections, requests, large;
};

struct shares {
	struct share of[MAX_SHARES];
	size_t count;
};

/* The share of a user, made at the first asking. NULL: there are more users than keys.json can name. */
struct share *share_of(struct shares *s, uid_t uid);

/* Counts one more, if the user has fewer than most. */
bool share_take(size_t *held, size_t most);

/* What one user may hold of this much: three quarters, so that something is left for the others. */
size_t share_most(size_t all);

#endif
