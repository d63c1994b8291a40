/* acting: who signed an act that reaches the queue: an operator of keys.json, or somebody who holds a certificate of ours and asks for the next one. Used inside ca/request and
 * ca/bulk. */
#ifndef MOHAR_CA_REQUEST_ACTING_H
#define MOHAR_CA_REQUEST_ACTING_H

#include "ca/cad.h"
#include "ca/request/decide.h"
#include "http/request.h"

enum { MAX_ACTING_NAME = 256 };

struct acting {
	struct act act; /* verified, and its jti consumed */
	struct sha256 key;
	struct person_acting who; /* borrows from here */
	bool has_person;          /* of a certificate's holder */
	struct uuid person;
	char name[MAX_ACTING_NAME + 1];
	/* a certificate's holder, in the form of an operator */
	struct operator_row holder;
	char *roles[1];
};

/* The act in the request's body, by an operator with one of roles (NULL-terminated). *out must stay where it is; freed with acting_free, on error too. */
MUST_USE enum err acting_operator(struct cad *c, const struct request *request, const char *const *roles,
	const char *name, struct acting *out);
/* The same; or, if the act's member certificate names one of ours by its serial, by that certificate's key: a person's, that is valid now. */
MUST_USE enum err acting_anybody(struct cad *c, const struct request *request, const char *const *roles,
	const char *name, struct acting *out);
void acting_free(struct acting *a);

#endif
