/* seat: what struct token is inside: the module, and one or two tokens of it. For module.c, session.c and pool.c, which are the only ones to look in. */
#ifndef MOHAR_HSM_TOKEN_SEAT_H
#define MOHAR_HSM_TOKEN_SEAT_H

#include <pthread.h>
#include <stdatomic.h>

#include "hsm/token/token.h"

/* One token. */
struct seat {
	const char *label; /* borrowed of the settings */
	_Atomic CK_SLOT_ID slot;
	CK_SESSION_HANDLE login; /* holds the login; never used for anything else, never logged out */
	bool pin_refused;        /* then the PIN is not tried again by this process */
	pthread_mutex_t lock;    /* of login and pin_refused, held while logging in */
	atomic_bool up;          /* can be gone over to; written under token->state */
	_Atomic uint64_t era;    /* what is older is void */
	_Atomic uint64_t logins; /* counts them: a handle of this login is no other's, void or not */
	atomic_ullong served;
};

struct token {
	CK_FUNCTION_LIST *calls;
	const char *parameters; /* for C_Initialize; NULL: none */
	struct seat seats[MAX_TOKENS];
	size_t count;
	bool share;
	bool nss;
	atomic_size_t active;  /* the seat that works; with `share` one that does; changes under state */
	_Atomic uint64_t eras; /* the last number that was given */
	atomic_bool doubted;   /* a key is gone, or another */
	pthread_mutex_t state; /* never held while the module is called */
	pthread_mutex_t objects;
	pthread_rwlock_t gate; /* read: somebody may be in the module */
	token_pin *pin;
	void *context;
};

/* module.c */
MUST_USE enum err module_initialize(struct token *t);
MUST_USE enum err slot_find(struct token *t, struct seat *seat);

/* pool.c: what that seat has handed out is void. */
void era_end(struct token *t, size_t seat);

/* session.c. Logs in on a seat, with a session that stays. */
MUST_USE enum err login_open(struct token *t, struct seat *seat);
/* The same if the login is gone, after which everything of that seat is void. The seat's lock must not be held. */
MUST_USE enum err login_again(struct token *t, size_t seat);
MUST_USE enum err session_open_at(struct token *t, size_t seat, struct session *out);

#endif
