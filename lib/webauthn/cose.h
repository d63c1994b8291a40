/* cose: the COSE signature algorithms (RFC 9053, RFC 8812, RFC 9864) that a credential or an attestation may use, one row each.
 * Used by key.c (credentials) and by the attestation formats (certificates). */
#ifndef MOHAR_WEBAUTHN_COSE_H
#define MOHAR_WEBAUTHN_COSE_H

#include <openssl/evp.h>

#include "base/span.h"

/* RFC 9053 7, RFC 8230 4: the key types, and the curves of EC2 and OKP. */
enum cose_kty { COSE_OKP = 1, COSE_EC2 = 2, COSE_RSA = 3 };
enum cose_curve {
	COSE_NO_CURVE = 0,
	COSE_CURVE_P256 = 1,
	COSE_CURVE_P384 = 2,
	COSE_CURVE_P521 = 3,
	COSE_CURVE_ED25519 = 6,
	COSE_CURVE_ED448 = 7
};

enum { MIN_RSA_BITS = 2048, MAX_RSA_BITS = 4096 };

struct cose_algorithm {
	int64_t id; /* IANA COSE algorithms */
	const char *name;
	enum cose_kty kty;
	enum cose_curve curve;
	const char *group;  /* libcrypto's name of the curve or key type */
	size_t coordinate;  /* bytes of a coordinate (EC2) or of the key (OKP) */
	const char *digest; /* NULL: the algorithm hashes for itself */
	bool pss;
	bool attestation_only; /* TPMs still sign certInfo with SHA-1: good for a statement, never for a credential */
	bool offered;          /* in creation options, in the order of the table */
};

/* The row of a COSE identifier, NULL if there is none. Static. */
const struct cose_algorithm *cose_algorithm_of(int64_t id);

/* The row at place i in order of preference, NULL past the end. */
const struct cose_algorithm *cose_algorithm_at(size_t i);

/* Is id in a 0-terminated list? NULL lists everything. */
bool cose_algorithm_listed(const int64_t *list, int64_t id);

/* May this key be used with this algorithm: type, curve, size? */
bool cose_algorithm_fits(const struct cose_algorithm *a, const EVP_PKEY *key);

/* Verifies a signature over message. ERR_BAD_SIGNATURE; ERR_MISMATCH if the key is not the algorithm's; ERR_CRYPTO. */
MUST_USE enum err cose_verify(const struct cose_algorithm *a, EVP_PKEY *key, struct span message,
	struct span signature);

/* A context for EVP_PKEY_verify() over the algorithm's digest, which the caller owns; *out stays NULL for one that hashes for itself. */
MUST_USE enum err cose_context(const struct cose_algorithm *a, EVP_PKEY *key, EVP_PKEY_CTX **out);

/* The digest of message, at most EVP_MAX_MD_SIZE bytes. ERR_CRYPTO. */
MUST_USE enum err cose_digest(const struct cose_algorithm *a, struct span message, uint8_t *out, size_t *len);

#endif
