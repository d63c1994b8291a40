/* key: a credential public key, read from its COSE_Key (RFC 9052 7, WebAuthn 6.5.1.1) and ready to verify with. Used inside
 * lib/webauthn; others know only struct webauthn_key of webauthn.h. Also builds keys from the numbers that a TPM shows. */
#ifndef MOHAR_WEBAUTHN_KEY_H
#define MOHAR_WEBAUTHN_KEY_H

#include "webauthn/cose.h"
#include "webauthn/webauthn.h"

/* Never changed after webauthn_key_parse(): threads may share one. */
struct webauthn_key {
	const struct cose_algorithm *algorithm;
	EVP_PKEY *pkey;
	/* Prepared once, since that costs as much as using them; NULL if the algorithm hashes for itself. */
	EVP_MD *digest;
	EVP_PKEY_CTX *verifier; /* copied for each use */
};

/* A signature over message by key. ERR_BAD_SIGNATURE. */
MUST_USE enum err webauthn_key_verify(const struct webauthn_key *key, struct span message, struct span signature);

/* The affine coordinates of an EC2 key that webauthn_key_parse() accepted, or ERR_MALFORMED; borrowed from cose_key. */
MUST_USE enum err webauthn_key_point(struct span cose_key, struct span *x, struct span *y);

/* A key from a curve point, each coordinate exactly a->coordinate bytes and the point on the curve. The caller owns *out. ERR_MALFORMED. */
MUST_USE enum err webauthn_key_from_point(const struct cose_algorithm *a, struct span x, struct span y, EVP_PKEY **out);

/* A key from modulus and exponent, big-endian without leading zeros, MIN_RSA_BITS to MAX_RSA_BITS, both odd. The caller owns *out. ERR_MALFORMED. */
MUST_USE enum err webauthn_key_from_modulus(struct span n, struct span e, EVP_PKEY **out);

#endif
