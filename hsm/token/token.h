/* token: the HSM, by direct PKCS#11 calls. Used by the worker of mohar-hsmd and by nobody else: this folder is the only code in the house that
 * calls C_ functions to sign. One struct token a process; one struct session a thread. It is one token of the module, or two with the same keys: then one works, and the
 * other takes over when it fails; or, with `share`, both work in turn.
 *
 * Threads: a session belongs to its thread. struct token guards what is shared: finds and writes of token objects happen under one lock (SoftHSM
 * answers 0x5 or 0xd1 otherwise), recovery under another.
 *
 * Eras: a login had again, a token that failed, a module begun anew make every session, handle and session object of a token void. Each of them gives that token a new era, whose
 * number no other has; what bears an older one is not used, because its number may be another's by now. */
#ifndef MOHAR_HSM_TOKEN_TOKEN_H
#define MOHAR_HSM_TOKEN_TOKEN_H

#include <openssl/evp.h>

#include "base/secret.h"
#include "base/writer.h"
#include "policy/algorithm.h"
#include "hsm/token/verifier.h"
#include "jose/jose.h"

struct token;

enum { MAX_TOKENS = 2 };

/* What a session is on the one token while it works on the other. */
struct session_place {
	CK_SESSION_HANDLE handle;
	bool open, lost;
	uint64_t era, login;
};

struct session {
	struct token *token;
	CK_SESSION_HANDLE handle;
	bool open;
	bool lost;      /* the last call failed in a way that a fresh session may mend */
	bool pinned;    /* to its seat: of token_other_open */
	bool stays;     /* at `home`, for as long as that works: session objects lie in it */
	size_t home;    /* of one that stays */
	size_t seat;    /* of the token that it is on, 0 or 1 */
	uint64_t era;   /* that it was opened in */
	uint64_t login; /* and under which login */
	unsigned turn;
	struct session_place away; /* on the other token */
	int64_t spent;             /* ticks in the module since operation_run set it to 0: key_use adds to it */
};

/* Where the PIN comes from, each time a login is needed: the supervisor. The caller frees *out. */
typedef enum err token_pin(void *context, struct secret **out);

struct token_settings {
	const char *module; /* path of the PKCS#11 module */
	const char *
		parameters; /* handed to C_Initialize where the standard reserves a pointer (NSS wants that); NULL, "": none */
	const char *label;  /* of the token */
	const char *mirror; /* of a second token with the same keys; NULL, "": there is none */
	bool share;         /* both work in turn; else the second only when the first has failed */
	token_pin *pin;
	void *context;
};

/* Loads the module, finds the token, logs in with a session that stays. ERR_CONFIG with module or label and the remedy; ERR_UNAUTHENTICATED for a PIN
 * that is wrong, locked or expired: it is tried once. With a mirror one of the two may be absent. The process must never fork afterwards, and leaves by _exit. Settings are borrowed
 * for good. */
MUST_USE enum err token_open(const struct token_settings *s, struct token **out);

/* A session of the calling thread's own, on the token that works. */
MUST_USE enum err session_open(struct token *t, struct session *out);
void session_close(struct session *s);

/* May it be used: open, nothing lost, of this era? */
bool session_stands(const struct session *s);
/* Makes it so. Errors of session_recover. */
MUST_USE enum err session_ready(struct session *s);

/* Before each operation: where two tokens share the load, the one whose turn it is. Nothing is called. */
void session_turn(struct session *s);
/* To that token, where session_ready opens it if it is not open there. */
void session_goto(struct session *s, size_t seat);

/* Closes and reopens s, and logs in again if the login is gone. ERR_UNAVAILABLE; after a refused PIN always, without trying it. */
MUST_USE enum err session_recover(struct session *s);

/* The present era of that seat. */
uint64_t token_era(const struct token *t, size_t seat);

/* ---- two tokens ---- */
enum token_state { TOKEN_DOWN, TOKEN_READY, TOKEN_WORKS };
size_t token_count(const struct token *t);
/* Is one of two down? And which: else the one that does not work, or with `share` the second. */
bool token_is_alone(const struct token *t);
size_t token_other(const struct token *t);
/* How many operations each has had; key_use counts. */
unsigned long long token_served(const struct token *t, size_t seat);
void token_count_up(struct token *t, size_t seat);
const char *token_label(const struct token *t, size_t seat);
enum token_state token_state(const struct token *t, size_t seat);

/* The token of that seat has failed. True: another one works now, try there. False: there is none. */
bool token_fail_over(struct token *t, size_t failed);

/* A session on that one of two, logged in again if it is down. ERR_NOT_FOUND: there is only one; ERR_UNAVAILABLE, ERR_UNAUTHENTICATED, ERR_CONFIG. */
MUST_USE enum err token_other_open(struct token *t, size_t seat, struct session *out);
void token_other_close(struct session *s);
/* What was found out about the token of such a session: can it take over? */
void token_other_set(struct session *s, bool up);

/* ---- the module begun anew ---- */

/* Around whatever calls the module while threads run. Not to be nested. */
void token_enter(struct token *t);
void token_leave(struct token *t);
/* Waits so long for everybody to leave, and keeps them out until token_leave. False: somebody did not. */
bool token_exclude(struct token *t, int milliseconds);
/* Token or key is gone, or another key in its place: it may be the module that does not see what is there. To be asked: tells, and forgets. */
void token_doubt(struct token *t);
bool token_doubted(struct token *t);

/* While everybody is out: C_Finalize, C_Initialize, logins. ERR_UNAVAILABLE, ERR_UNAUTHENTICATED, ERR_CONFIG: then the module cannot be used any more. */
MUST_USE enum err token_restart(struct token *t);

/* Classifies what a C_ function returned: ERR_OK, or an error with what and the code as reason; sets s->lost. */
MUST_USE enum err returned(struct session *s, const char *what, CK_RV rv);

/* The attributes that guard keys and that this module does not keep; "": none. */
const char *token_lacks(const struct token *t);

/* Is the module NSS's softokn, which has ways of its own? */
bool token_is_nss(const struct token *t);

/* Its function list, the slot that works and the object lock: for the other files of this folder. */
CK_FUNCTION_LIST *token_calls(const struct token *t);
CK_SLOT_ID token_slot(const struct token *t);
void token_lock(struct token *t);
void token_unlock(struct token *t);

/* ---- keys: objects on the token ---- */
enum { KEY_ID_LEN = 16 };

struct token_key {
	const struct algorithm *algorithm;
	CK_OBJECT_HANDLE handle;           /* the private or secret object */
	uint8_t id[KEY_ID_LEN];            /* CKA_ID, random at birth */
	EVP_PKEY *public_key;              /* owned; NULL for secret keys */
	struct verifier *verifier;         /* owned; over public_key */
	struct writer spki;                /* owned DER; empty for secret keys */
	char kid[THUMBPRINT_TEXT_LEN + 1]; /* RFC 7638 thumbprint of the public key; "" for secret keys */
};

/* The one key of that label. ERR_NOT_FOUND; ERR_CORRUPT if there are two, or a half is missing. The caller frees with token_key_free. */
MUST_USE enum err token_key_find(struct session *s, const char *label, const struct algorithm *a,
	struct token_key *out);
void token_key_free(struct token_key *k);

/* Are there any objects at all? For genesis. */
MUST_USE enum err token_is_empty(struct session *s, bool *empty);

/* Has the token what the algorithm needs to be generated and used, at its size? ERR_UNSUPPORTED with the mechanism's name and the remedy; ERR_UNAVAILABLE. */
MUST_USE enum err token_mechanisms_check(struct session *s, const char *label, const struct algorithm *a);

/* Makes the key: private half SENSITIVE, not EXTRACTABLE, not MODIFIABLE, for one use only. Its attributes as read back are appended as a JSON object; a
 * key whose attributes are not as asked is destroyed and ERR_CRYPTO. ERR_EXISTS. */
MUST_USE enum err token_key_generate(struct session *s, const char *label, const struct algorithm *a,
	struct writer *json);

/* The attributes of k's private half, read back: appended as a JSON object. ERR_CRYPTO if they are not those that token_key_generate asks for. */
MUST_USE enum err token_key_attributes(struct session *s, const char *label, const struct token_key *k,
	struct writer *json);

/* Destroys both halves of a key, however many objects there are under its label, on both tokens where there are two. ERR_UNAVAILABLE, and nothing is destroyed, if one of those
 * is down: the key would survive there. */
MUST_USE enum err token_key_destroy(struct session *s, const char *label);

/* ---- using them ---- */

/* Hashes object as the algorithm says, signs, and verifies what the token gave with the public half. DER for ECDSA, raw for EdDSA; appended. ERR_CRYPTO: the
 * token's signature does not verify. */
MUST_USE enum err token_sign(struct session *s, const struct token_key *k, CK_OBJECT_HANDLE handle, struct span object,
	struct writer *signature);

MUST_USE enum err token_mac(struct session *s, const struct token_key *k, CK_OBJECT_HANDLE handle, struct span input,
	uint8_t out[32]);

/* A fresh AES-256 data key: wrapped form appended to blob, its value as *data_key, which the caller frees. */
MUST_USE enum err token_wrap(struct session *s, CK_OBJECT_HANDLE master, struct writer *blob, struct secret **data_key);
/* ERR_CORRUPT if the blob was not made by this key. */
MUST_USE enum err token_unwrap(struct session *s, CK_OBJECT_HANDLE master, struct span blob, struct secret **data_key);

MUST_USE enum err token_random(struct session *s, uint8_t *out, size_t len);

/* ---- data objects: what mohar-hsmd itself remembers in the token ---- */

/* What token_data_put stored last under that label, appended. ERR_NOT_FOUND. */
MUST_USE enum err token_data_get(struct session *s, const char *label, struct writer *value);
/* Stores at most 16 KiB, on both tokens where there are two. Killed at any moment, the old value or the new one is there. */
MUST_USE enum err token_data_put(struct session *s, const char *label, struct span value);

#endif
