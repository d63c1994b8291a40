/* certificate: what attestation asks of an X.509 certificate, beyond what the CA's own code asks of ours: foreign makers' extensions,
 * and chains to roots that a policy names. Used by the attestation formats. */
#ifndef MOHAR_WEBAUTHN_ATTESTATION_CERTIFICATE_H
#define MOHAR_WEBAUTHN_ATTESTATION_CERTIFICATE_H

#include <openssl/x509.h>

#include "webauthn/cose.h"
#include "webauthn/attestation/statement.h"
#include "webauthn/webauthn.h"

/* A path, the attestation certificate first. */
struct certificates {
	X509 *at[MAX_CERTIFICATES];
	size_t count;
};

/* Parses x5c; trailing bytes are refused. The caller frees *out. ERR_MALFORMED. */
MUST_USE enum err certificates_parse(const struct statement *s, struct certificates *out);
void certificates_free(struct certificates *c);

/* The value of the one extension of that OID (dotted), borrowed; *found tells whether it is there. ERR_MALFORMED if it is there twice. */
MUST_USE enum err certificate_extension(const X509 *x, const char *oid, struct span *value, bool *critical,
	bool *found);

/* Version 3, and basic constraints saying that it is no CA (8.2.1, 8.3.1). ERR_MISMATCH. */
MUST_USE enum err certificate_end_entity(const X509 *x);

/* 8.2.1, 8.3: id-fido-gen-ce-aaguid, if it is there, is not critical and equals aaguid. ERR_MISMATCH. */
MUST_USE enum err certificate_aaguid(const X509 *x, struct span aaguid);

/* A signature over message by x's key with a COSE algorithm. ERR_BAD_SIGNATURE, ERR_UNSUPPORTED, ERR_MISMATCH. */
MUST_USE enum err certificate_verify(const X509 *x, int64_t alg, struct span message, struct span signature);

/* Is x's key that one? ERR_MISMATCH. */
MUST_USE enum err certificate_has_key(const X509 *x, const EVP_PKEY *key);

/* Does the path lead, at that time, to one of the roots in the PEM text? Without roots: does each certificate verify with the next?
 * *trust becomes WEBAUTHN_TRUST_ANCHORED or _UNANCHORED. ERR_UNTRUSTED with the reason; ERR_CONFIG if the PEM cannot be read. */
MUST_USE enum err certificates_chain(const struct certificates *c, const char *roots, unix_time at,
	enum webauthn_trust *trust);

#endif
