/* decide: is what an operator ordered a certificate that may be issued? Pure: no I/O, no clock, no database. Used by issue/order.c; tested without a server. */
#ifndef MOHAR_CA_ISSUE_DECIDE_H
#define MOHAR_CA_ISSUE_DECIDE_H

#include "base/random.h"
#include "x509/x509.h"

enum { MAX_ISSUE_PARTS = 16 };

/* The act certificate.issue's own members, decoded from its payload. */
struct issue_order {
	char *profile;
	struct json_bytes csr;  /* or: */
	struct json_bytes blob; /* of a citizen's key in mohar-hsmd, which knows that it holds the private half */
	struct json_list subject, names; /* struct name_part, strings owned */
	char *person;                    /* UUID text; NULL if absent */
	struct json_bytes spki_sha256;
	char *request;  /* the act approves this request of the queue, and is good for nothing else; NULL: none */
	char *registry; /* the identity registry's signed statement of names; NULL: none */
};
extern const struct json_table issue_order_table; /* open: act, aud, iat, exp, jti stand beside */

/* May it be issued by this act alone? ERR_REFUSED: the act approves a request of the queue, or the profile takes more than one approval. */
MUST_USE enum err issue_alone(const struct profile *profile, const struct issue_order *order);

/* "registrar" for profiles that need a registrar's signature, else "ca-operator". */
const char *issue_role(const struct profile *profile);

/* ERR_REFUSED, ERR_MISMATCH, ERR_MALFORMED with the reason. spki: of the request, whose own signature was checked. person is set if has_person. Puts the subject
 * into the profile's order. */
MUST_USE enum err issue_decide(const struct profile *profile, struct issue_order *order,
	const struct request_facts *request, bool *has_person, struct uuid *person);

#endif
