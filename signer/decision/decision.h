/* decision: the life of a decision: received, sealed, revoked; and its HTTP surface. Used by routes.c and by the officer's confirmation. */
#ifndef MOHAR_SIGNER_DECISION_DECISION_H
#define MOHAR_SIGNER_DECISION_DECISION_H

#include "signer/decision/type.h"
#include "signer/signer.h"

enum { MAX_DECISION_BODY = 32 << 10, MAX_REFUSAL = 1000 };

/* Who stands behind a seal. Borrowed. */
struct sealing {
	const char *office, *office_title; /* NULL: no person's confirmation was needed */
	const char *actor;                 /* pairwise subject of the officer, or the client */
	const char *channel;               /* "web", "api" */
};

/* Seals a pending decision: takes a status index, signs, and commits decision and event together. ERR_USED if it is not pending any more. */
MUST_USE enum err decision_seal(struct signer *s, const struct uuid *id, const struct sealing *by);

/* A pending decision is refused by the officer who might have confirmed it: state and event together. ERR_USED if it is not pending any more; ERR_MALFORMED if the reason is
 * not a line of 1 to MAX_REFUSAL bytes. */
MUST_USE enum err decision_refuse(struct signer *s, const struct decision_row *row, const struct sealing *by,
	const char *reason);

/* A decision by the text of its id, by whoever asks. The caller frees the row with decision_row_free. ERR_NOT_FOUND. */
MUST_USE enum err decision_find(struct signer *s, const char *id, struct decision_row *out);
void decision_row_free(struct decision_row *row);

/* POST /decisions, GET /decisions, GET /decisions/{id}, GET /decisions/{id}/receipt, POST /decisions/{id}/revoke */
enum err decision_create(void *daemon, struct request *request, struct reply *reply);
enum err decision_list(void *daemon, struct request *request, struct reply *reply);
enum err decision_show(void *daemon, struct request *request, struct reply *reply);
enum err decision_receipt(void *daemon, struct request *request, struct reply *reply);
enum err decision_revoke(void *daemon, struct request *request, struct reply *reply);

/* The answer that create and show give. */
void decision_answer(struct signer *s, const struct decision_row *row, struct reply *reply);

#endif
