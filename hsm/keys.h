/* keys: the keys of keys.json that this token holds, found and ready. Used by every operation.
 *
 * Threads: rows are made at start and never move. `present` is set once, after everything else of the row is there; `handle` may change when the HSM
 * lost its sessions and the key was found again; the public half never changes, and that is checked. */
#ifndef MOHAR_HSM_KEYS_H
#define MOHAR_HSM_KEYS_H

#include <pthread.h>
#include <stdatomic.h>

#include "hsm/breaker.h"
#include "hsm/policy.h"
#include "hsm/purpose.h"
#include "hsm/rate.h"
#include "hsm/token/token.h"

struct key {
	const struct key_rule *rule;
	const struct purpose *purpose;
	const struct algorithm *algorithm;
	atomic_bool present;
	_Atomic CK_OBJECT_HANDLE handle;
	struct token_key found;
	struct rate rate;
};

struct keys {
	struct key *rows; /* owned */
	size_t count;
	pthread_mutex_t birth; /* one GENERATE at a time */
};

/* Finds the keys that policy gives to the token of this name. One that is not there yet is not present: a ceremony makes it. ERR_CORRUPT, ERR_UNAVAILABLE. */
MUST_USE enum err keys_load(struct session *s, const struct policy *p, const char *token_name, struct keys *out);

/* The row of a label; NULL if keys.json gives this token none. */
struct key *keys_find(const struct keys *k, struct span label);

/* Makes a key that is not there, and takes it into service; its attributes as read back are appended as JSON. ERR_EXISTS. */
MUST_USE enum err key_generate(struct keys *keys, struct session *s, struct key *k, struct writer *json);

/* What is done with a key: one PKCS#11 operation on session s. Its context is the caller's. */
typedef enum err key_act(struct session *s, const struct key *k, CK_OBJECT_HANDLE handle, void *context);

/* Does act. If the HSM lost session, login or object: recovers, finds the key again, compares it with the one known, does act once more. Repeated
 * failure opens the breaker. ERR_NOT_FOUND: not present; ERR_UNAVAILABLE; what act returns. */
MUST_USE enum err key_use(struct session *s, struct key *k, struct breaker *b, key_act *act, void *context);

#endif
