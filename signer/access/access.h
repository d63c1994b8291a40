/* issuer: the identity provider as signerd sees it: its published keys, and the tokens they sign. Used by the guard of the agencies' API and by the officers' login. */
#ifndef MOHAR_SIGNER_ACCESS_ISSUER_H
#define MOHAR_SIGNER_ACCESS_ISSUER_H

#include "jose/jose.h"
#include "signer/signer.h"

/* Keys fetched from ISSUER/jwks, kept, and fetched again when a token names a key that is not among them (at most every 10 s), and every five minutes, so that a key
 * which the issuer has withdrawn is trusted no longer. Has its own lock. */
struct issuer_keys;
MUST_USE enum err issuer_keys_new(const char *issuer, const char *tls_ca, struct issuer_keys **out);
void issuer_keys_free(struct issuer_keys **k);

/* Is it time to fetch, since ticks after the last try? */
bool issuer_due(bool have_keys, bool know_key, int64_t since);

/* Verifies a token with them: typ as given, alg ES256. The caller frees *out with jws_free. ERR_UNAVAILABLE if the keys cannot be had. */
MUST_USE enum err issuer_verify(struct issuer_keys *k, struct span token, const char *typ, struct jws *out);

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
