/* share: what one user holds of the server: connections, requests under way, large objects. Whoever takes over one daemon, or several, cannot shut the others out of
 * the keys by taking it all. Used by peers.c, under its lock. */
#ifndef MOHAR_HSM_SOCKET_SHARE_H
#define MOHAR_HSM_SOCKET_SHARE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "hsm/policy/policy.h"

enum { MAX_SHARES = MAX_CALLERS * MAX_CALLER_USERS };

/* What all users have together. */
enum share_kind { SHARE_CONNECTIONS, SHARE_REQUESTS, SHARE_KINDS };

struct share {
	uid_t uid;
	size_t held[SHARE_KINDS];
	size_t large;
};

struct shares {
	struct share of[MAX_SHARES];
	size_t count;
	size_t users;            /* who may come: different users of keys.json, from 1 */
	size_t all[SHARE_KINDS]; /* there is so much, */
	size_t taken[SHARE_KINDS];
	size_t most[SHARE_KINDS]; /* and so much of it one user may hold */
};

/* The share of a user, made at the first asking. NULL: there are more users than keys.json can name. */
struct share *share_of(struct shares *s, uid_t uid);

/* Counts one more, if the user has fewer than it may, and if every other user, here or not yet, could still have half of an equal part. */
bool share_take(struct shares *s, struct share *of, enum share_kind kind);
void share_give(struct shares *s, struct share *of, enum share_kind kind);

/* What one user may hold of this much: three quarters, so that something is left for the others. */
size_t share_most(size_t all);

#endif
