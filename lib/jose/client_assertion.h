/* client_assertion: how a client shows who it is at the token endpoint: private_key_jwt (OpenID Connect Core 9, RFC 7523 2.2). Used by signerd and by the
 * command line, which are clients of the identity provider like any other. */
#ifndef MOHAR_JOSE_CLIENT_ASSERTION_H
#define MOHAR_JOSE_CLIENT_ASSERTION_H

#include "jose/jose.h"

enum { CLIENT_ASSERTION_LIFE = 60 }; /* seconds */
#define CLIENT_ASSERTION_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

/* A fresh assertion by key (a private JWK) for client, addressed to audience (the issuer). Appended. */
MUST_USE enum err client_assertion_make(const struct jwk *key, const char *client, const char *audience, unix_time now,
	struct writer *jwt);

#endif
