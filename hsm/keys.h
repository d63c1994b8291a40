/* keys: the keys of keys.json that this token holds, found and ready. Used by every operation.
 *
 * Threads: rows are made at start and never move. `present` is set once, after everything else of the row is there; `handle` is found again in each era of the
 * token (a login had again, another token, a module begun anew); the public half never changes, and that is checked whenever it is. */
#ifndef MOHAR_HSM_KEYS_H
#define MOHAR_HSM_KEYS_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/rate.h"
#include "hsm/breaker.h"
#include "hsm/evidence/journal.h"
#include "hsm/policy/policy.h"
#include "hsm/token/token.h"
#include "policy/purpose.h"

struct key {
	const struct key_rule *rule;
	const struct purpose *purpose;
	const struct algorithm *algorithm;
	atomic_bool present;
	_Atomic CK_OBJECT_HANDLE handle[MAX_TOKENS]; /* on each token; valid in that era of it and no other */
	_Atomic uint64_t era[MAX_TOKENS];            /* 0: to be found again */
	pthread_mutex_t again;                       /* of those two, held while the key is found */
	struct token_key found;
	char *answer; /* owned: what the key is known by (token/answer.h); NULL: not yet. Set before `present`, or before threads start */
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

/* Makes a key that is not there, and takes it into service; its attributes as read back are appended as JSON. ERR_EXISTS;
 * ERR_REFUSED with a mirror, on which it would be missing. */
MUST_USE enum err key_generate(struct keys *keys, struct session *s, struct key *k, struct writer *json);

/* Has the token of session s the same keys, all of them and no other, secret ones by their answers? ERR_CORRUPT names the one that differs; ERR_UNAVAILABLE. */
MUST_USE enum err keys_compare(struct keys *k, struct session *s);

/* Finds every key again in s's era. ERR_UNAVAILABLE names one that is another. */
MUST_USE enum err keys_again(struct keys *k, struct session *s);

/* A journal_replay of what the journal knows of the keys; context is the struct keys. ERR_NO_MEMORY. */
MUST_USE enum err keys_replay(void *context, const struct journal_line *line);
/* After it: is every key that is there the one that the journal knows? Those of which it knows nothing yet are entered, if it is not NULL. ERR_CONFIG names key and both answers. */
MUST_USE enum err keys_known(struct keys *k, struct session *s, struct journal *journal, unix_time now);
/* Enters what a key that was just made is known by. ERR_IO. */
MUST_USE enum err key_enter(const struct key *k, struct journal *journal, unix_time now);

/* What is done with a key: one PKCS#11 operation on session s. Its context is the caller's. */
typedef enum err key_act(struct session *s, const struct key *k, CK_OBJECT_HANDLE handle, void *context);

/* Does act. If the HSM lost session, login or object: recovers, finds the key again, compares it with the one known, does act once more; if that fails and there is a
 * second token, once more there. Repeated failure opens the breaker. A key that is another than before is never used: ERR_UNAVAILABLE until the right one is back.
 * ERR_NOT_FOUND: not present; ERR_UNAVAILABLE; what act returns. */
MUST_USE enum err key_use(struct session *s, struct key *k, struct breaker *b, key_act *act, void *context);

#endif
