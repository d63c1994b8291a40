/* citizens: what a worker process knows of citizens' signing keys, gathered; and the door to it: a blob that is genuine, born, and not retired. Used by
 * hsm/citizen and, for its making and for certificates, by worker.c and signing.c. */
#ifndef MOHAR_HSM_CITIZEN_CITIZENS_H
#define MOHAR_HSM_CITIZEN_CITIZENS_H

#include "hsm/citizen/hot.h"
#include "hsm/citizen/ledger.h"
#include "hsm/citizen/retired.h"
#include "hsm/work.h"

struct citizens {
	uint8_t instance[BLOB_INSTANCE_LEN]; /* random: this worker and no other */
	struct ledger unborn;                /* ids of keys made here that may still be born */
	struct ledger challenges;            /* SHA-256 of those that are open */
	struct retired retired;
	struct hot hot;
	struct nests nests;
};

/* Once a process, before the journal is read. ERR_NO_MEMORY. */
MUST_USE enum err citizens_new(size_t hot_keys, struct citizens **out);

/* Told of each line of the journal: a journal_replay, context struct citizens. */
MUST_USE enum err citizens_replay(void *context, const struct journal_line *line);

/* Where unwrapped keys will lie: as many nests as there are workers. Before threads start. */
void citizens_ready(struct citizens *c, struct token *t, size_t workers);

/* ERR_REVOKED if this generation of the key is frozen or removed. */
MUST_USE enum err citizens_allow(struct citizens *c, const struct blob *b);

/* The blob of a born key under that label, not retired; borrows from bytes. ERR_NOT_FOUND: no such label; ERR_CORRUPT, ERR_REFUSED, ERR_REVOKED. */
MUST_USE enum err citizens_born(struct service *service, struct session *s, const char *label, struct span bytes,
	struct blob *out);

/* The same for the request's own key and object, kept hot, held until hot_give. */
MUST_USE enum err citizens_open(struct work *w, struct hot_key **out);

/* The operations on citizen-keys keys. WRAP makes a key; with object and evidence it is born, or raised after a freeze. */
operation op_citizen_wrap, op_challenge, op_activate, op_retire;

/* Seconds of a clock that never goes back, for the ledgers. */
int64_t citizens_clock(void);

#endif
