/* verifier: a public key made ready to check what the token signs with its private half. Used by token_sign before a signature goes anywhere: a token that errs, or
 * lies, must not get a wrong one past us, and a faulty ECDSA signature can betray the key. The check is the standard's own equation in full; for P-256
 * it costs a quarter of libcrypto's, because the key is known beforehand: once it has been used a little, multiples of its point are tabled. Thread-safe. */
#ifndef MOHAR_HSM_TOKEN_VERIFIER_H
#define MOHAR_HSM_TOKEN_VERIFIER_H

#include <openssl/evp.h>

#include "base/err.h"
#include "base/span.h"

struct verifier;

/* key is borrowed for the life of *out, which the caller frees with verifier_free. ERR_CRYPTO. */
MUST_USE enum err verifier_new(EVP_PKEY *key, struct verifier **out);

/* For a citizen's key, of which there are many, that come and go: 128 at most have their multiples tabled at a time. */
MUST_USE enum err verifier_new_passing(EVP_PKEY *key, struct verifier **out);
void verifier_free(struct verifier **v);

/* ECDSA: input is the digest, signature r || s of half its length each (SEC 1 4.1.4). RSA: input is a digest
 * (PSS, MGF1 and salt by SHA-256, SHA-384 or SHA-512 as its length says) or a DigestInfo (PKCS #1 v1.5). Others: input as the token got it, signature as it gave it.
 * ERR_CRYPTO if it does not verify. */
MUST_USE enum err verifier_check(struct verifier *v, struct span input, struct span signature);

#endif
