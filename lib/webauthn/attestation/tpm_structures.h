/* tpm_structures: the two structures of TPM 2.0 Library, Part 2, that an attestation statement carries: TPMT_PUBLIC (12.2.4) and
 * TPMS_ATTEST (10.12.8). Used by tpm.c. All numbers are big-endian. */
#ifndef MOHAR_WEBAUTHN_ATTESTATION_TPM_STRUCTURES_H
#define MOHAR_WEBAUTHN_ATTESTATION_TPM_STRUCTURES_H

#include "webauthn/key.h"

enum { MAX_TPM2B = 1024 };

/* The public area of an object: enough to name it and to rebuild its key. Borrowed. */
struct tpm_public {
	uint16_t name_alg;
	enum cose_kty kty;
	enum cose_curve curve;     /* COSE_EC2 */
	struct span first, second; /* modulus and exponent (4 bytes, 0 for 65537), or x and y */
};

/* What a TPM certified. Borrowed. */
struct tpm_attest {
	struct span extra_data;
	struct span name; /* of the certified object: hash algorithm (2 bytes) and hash of its public area */
};

/* ERR_MALFORMED for anything else than a signing key of RSA or of a NIST curve, and for trailing bytes. */
MUST_USE enum err tpm_public_parse(struct span bytes, struct tpm_public *out);

/* ERR_MALFORMED for anything else than TPM_GENERATED_VALUE, TPM_ST_ATTEST_CERTIFY, and for trailing bytes. */
MUST_USE enum err tpm_attest_parse(struct span bytes, struct tpm_attest *out);

/* The key that the public area describes; the caller owns *out. */
MUST_USE enum err tpm_public_key(const struct tpm_public *p, EVP_PKEY **out);

/* Is name that of the public area with these bytes (Part 1, 16)? ERR_MISMATCH, ERR_UNSUPPORTED for an unknown hash. */
MUST_USE enum err tpm_name_check(const struct tpm_public *p, struct span public_bytes, struct span name);

#endif
