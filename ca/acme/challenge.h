/* challenge: the three ways in which a name's holder shows that it is his (RFC 8555 8, RFC 8737). One file each, one row each in challenge.c. Used by worker.c. */
#ifndef MOHAR_CA_ACME_CHALLENGE_H
#define MOHAR_CA_ACME_CHALLENGE_H

#include "base/digest.h"
#include "base/random.h"
#include "ca/acme/identifier.h"
#include "ca/acme/reach.h"
#include "jose/jose.h"
#include "x509/x509.h"

enum { MAX_KEY_AUTHORIZATION = TOKEN_TEXT_LEN + 1 + THUMBPRINT_TEXT_LEN };

struct challenge {
	const char *type, *token;
	struct identifier name;
	char key_authorization[MAX_KEY_AUTHORIZATION + 1]; /* RFC 8555 8.1: token "." thumbprint */
};

/* ERR_TOO_LONG, ERR_CORRUPT. type and token are borrowed. */
MUST_USE enum err challenge_make(const char *type, const char *token, const char *name, const char *thumbprint,
	struct challenge *out);

/* Goes there and looks. ACME_OK: shown. Otherwise the refusal with its reason, for the challenge's error member. Takes at most REACH_SECONDS, or a little more for DNS. */
MUST_USE enum problem challenge_look(const struct challenge *c, const struct reach_policy *p);

/* The rows of it. */
MUST_USE enum problem challenge_http(const struct challenge *c, const struct reach_policy *p, int64_t deadline);
MUST_USE enum problem challenge_dns(const struct challenge *c, const struct reach_policy *p, int64_t deadline);
MUST_USE enum problem challenge_tls(const struct challenge *c, const struct reach_policy *p, int64_t deadline);

/* Is it the certificate of RFC 8737 3: for this name alone, with the critical acmeIdentifier extension (id-pe 31) that holds the key authorization's SHA-256? Pure. */
MUST_USE enum problem challenge_tls_check(X509 *x, const struct challenge *c);

#endif
