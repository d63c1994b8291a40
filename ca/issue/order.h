/* order: POST /certificates: an operator's or registrar's act becomes a certificate. Used by routes.c; its parts by the queue too. */
#ifndef MOHAR_CA_ISSUE_ORDER_H
#define MOHAR_CA_ISSUE_ORDER_H

#include "audit/event.h"
#include "ca/cad.h"
#include "ca/issue/decide.h"
#include "http/server.h"

enum err issue_post(void *daemon, struct request *request, struct reply *reply);

/* The key to certify: of a request that it signed itself, or of a blob that mohar-hsmd made and will look at again. The caller frees with csr_free. */
MUST_USE enum err issue_key_of(const struct issue_order *order, struct request_facts *out);

/* What mohar-hsmd wants to see beside the certificate: the act as it came, and the blob that it is about. Nothing for a profile without registrar_signature. Appended. */
MUST_USE enum err issue_evidence(const struct profile *profile, const struct issue_order *order, struct span act,
	struct writer *out);

/* 201 with serial, certificate and chain, and what of the log its keeper keeps; logged without a private part: none of that. */
MUST_USE enum err issue_answer(struct reply *reply, const X509 *x, const struct authority *a,
	const struct event *logged);

#endif
