/* forge: JWSs with any header at all, rightly signed, so that a refusal can only be for the header. Used by the tests of lib/jose. */
#ifndef MOHAR_TESTS_FORGE_H
#define MOHAR_TESTS_FORGE_H

#include "jose/jose.h"

/* The private key of RFC 7515 A.3 and its public JWK with kid "a". */
extern const char rfc7515_a3_private[], rfc7515_a3_public[];

/* A private JWK, parsed; fails the test if it is not one. */
struct jwk *forge_key(const char *json);

/* A key of this type ("P-256", "RSA", "ED25519"), new in each process. */
EVP_PKEY *forge_new_key(const char *type);

/* Appends BASE64URL(header).BASE64URL(payload).BASE64URL(signature by key with the algorithm alg). */
void forge_compact(struct writer *w, const char *header, const char *payload, EVP_PKEY *key, const char *alg);

/* A set with the public JWK given. */
struct jwks *forge_set(const char *jwk);

#endif
