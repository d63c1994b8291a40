/* answer: what a citizen answered to a request, signed or declined, stored once and with its event. Whoever answers claims the request first and holds no
 * connection in between, so that a slow HSM does not empty the pool. Used by sign.c. */
#ifndef MOHAR_SIGNER_SIGNING_ANSWER_H
#define MOHAR_SIGNER_SIGNING_ANSWER_H

#include "base/random.h"
#include "signer/signer.h"

enum { CLAIM_SECONDS = 60 }; /* longer than mohar-hsmd may take */

struct answer {
	const char *state;      /* "signed", "declined" */
	const char *event;      /* its type */
	struct span signatures; /* JSON array; empty: none */
};

/* This request is ours to answer for CLAIM_SECONDS. ERR_USED: it was answered, or somebody else is answering it at this moment. */
MUST_USE enum err answer_claim(struct signer *s, const struct uuid *request, struct uuid *claim);
/* Not answered after all: the next may claim it at once. */
void answer_release(struct signer *s, const struct uuid *request, const struct uuid *claim);

/* The answer and its event, in one statement. ERR_USED: the claim is over, and what it was made for with it. */
MUST_USE enum err answer_store(struct signer *s, const struct signing_request_row *row, const struct uuid *claim,
	const struct answer *a);

#endif
