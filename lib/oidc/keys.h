/* keys: the identity provider's published keys, as a service sees them, and the tokens they sign. Used by signerd (guard of the agencies' API, officers' login) and by mohar-cad's console.
 * They are fetched from ISSUER/jwks, kept, and fetched again when a token names a key that is not among them (at most every 10 s), and every five minutes, so that a key which the
 * issuer has withdrawn is trusted no longer. Guards itself. */
#ifndef MOHAR_OIDC_KEYS_H
#define MOHAR_OIDC_KEYS_H

#include "jose/jose.h"

struct oidc_keys;

/* tls_ca: file of the anchors for the call, NULL: the system's; borrowed. */
MUST_USE enum err oidc_keys_new(const char *issuer, const char *tls_ca, struct oidc_keys **out);
void oidc_keys_free(struct oidc_keys **k);

/* Is it time to fetch, since ticks after the last try? Pure. */
bool oidc_keys_due(bool have_keys, bool know_key, int64_t since);

/* Verifies a token with them: typ as given. The caller frees *out with jws_free. ERR_UNAVAILABLE if the keys cannot be had. */
MUST_USE enum err oidc_keys_verify(struct oidc_keys *k, struct span token, const char *typ, struct jws *out);

#endif
