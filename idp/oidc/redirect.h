/* redirect: answers that go back to a portal through the browser. Used by interaction and end_session; the address has been matched already, byte for byte. */
#ifndef MOHAR_IDP_OIDC_REDIRECT_H
#define MOHAR_IDP_OIDC_REDIRECT_H

#include "idp/idp.h"
#include "idp/oidc/authorization.h"

/* name=value pairs in order, ended by a NULL name; NULL values are left out. */
struct redirect_pair {
	const char *name, *value;
};
MUST_USE enum err redirect_to(struct reply *reply, const char *uri, const struct redirect_pair *pairs);

/* RFC 6749 4.1.2.1 with RFC 9207: error, error_description (the remembered reason), state, iss. Logs it once. */
MUST_USE enum err redirect_error(struct idp *d, struct reply *reply, const struct client *c,
	const struct authorization_text *t, const char *code);

#endif
