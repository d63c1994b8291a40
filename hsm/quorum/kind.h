/* kind: the kinds of act that custodians decide. One row in kinds.c and one file each. Used by the operations PROPOSE and APPROVE. */
#ifndef MOHAR_HSM_QUORUM_KIND_H
#define MOHAR_HSM_QUORUM_KIND_H

#include "hsm/service.h"

struct kind_question {
	struct service *service;
	struct session *session;
	struct key *key;    /* of the label; NULL where the kind has none */
	struct span object; /* whole, as it came */
	unix_time at;       /* when it was proposed: what is checked is checked for then, each time */
	uid_t uid;
};

struct kind {
	const char *name;
	bool labelled;       /* it is about a key */
	bool recorded_first; /* done after its line is in the journal; else before, and told after */
	bool restoring;      /* served while mohar-hsmd waits for a restore, and only then */
	bool replaces;       /* a fresh worker takes over once it is done */
	/* Refuses, or says what it would do, appended to summary: the same for the same question, before and after a restart. *number: for the journal. */
	enum err (*check)(const struct kind_question *q, struct writer *summary, int64_t *number);
	/* Does it. by: the names of those who approved, ended by NULL. What the last approver gets is appended to result. */
	enum err (*execute)(const struct kind_question *q, const char *const *by, struct writer *result);
};

extern const struct kind kind_sign;     /* object: what a root-ca key, or a certificate rule with quorum, signs */
extern const struct kind kind_generate; /* object empty: a key whose row says "generate": "quorum" */
extern const struct kind kind_delete;   /* object empty: both halves of the key */
extern const struct kind kind_policy;   /* object: the next keys.json */
extern const struct kind kind_restore;  /* object: what STATUS tells in `restore` */

/* The row of a name. ERR_UNSUPPORTED names those there are. */
MUST_USE enum err kind_find(struct span name, const struct kind **out);

#endif
