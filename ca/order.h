/* order: a signed act as it reaches this daemon: verified against the operators, and its jti consumed. Used by every handler that changes or shows something. */
#ifndef MOHAR_CA_ORDER_H
#define MOHAR_CA_ORDER_H

#include "ca/cad.h"
#include "http/request.h"

/* Verifies jws as the act name for this daemon by an operator with one of roles (NULL-terminated), then consumes its jti: ERR_USED for a replay. */
MUST_USE enum err order_take(struct cad *c, struct span jws, const char *const *roles, const char *name,
	struct act *out);

/* The act in a POST body of Content-Type application/jose. */
MUST_USE enum err order_of_body(struct cad *c, const struct request *request, const char *const *roles,
	const char *name, struct act *out);
/* The act as bearer token of a GET. */
MUST_USE enum err order_of_bearer(struct cad *c, const struct request *request, const char *const *roles,
	const char *name, struct act *out);

#endif
