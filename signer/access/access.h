/* access: what an agency's service client may do here, told by the access token that it brings. Used by routes.c as guards, and by the handlers behind them. */
#ifndef MOHAR_SIGNER_ACCESS_ACCESS_H
#define MOHAR_SIGNER_ACCESS_ACCESS_H

#include "signer/signer.h"

/* What an access token (RFC 9068) of an agency's service client says. Owned texts. */
struct access {
	char *client;
	char *agency;
};
void access_free(struct access **a);

/* Bearer at+jwt for this service, in time, with scope "decisions" and an agency; attached to the request as struct access. */
extern const struct http_guard SIGNER_AGENCY;
/* The same with scope "signatures". */
extern const struct http_guard SIGNER_AGENCY_SIGNATURES;

/* The Idempotency-Key of a call, NULL if it has none. ERR_MALFORMED. */
MUST_USE enum err access_request_key(const struct request *request, const char **key);

#endif
