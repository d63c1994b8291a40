/* algorithm: what keys.json may name, and how PKCS#11, X.509 and JOSE call it. One row each. Used by mohar-hsmd (generation, signing, the type checks) and by the check of
 * keys.json; these are names and numbers only, and nothing here calls a module. */
#ifndef MOHAR_POLICY_ALGORITHM_H
#define MOHAR_POLICY_ALGORITHM_H

#include <p11-kit/pkcs11.h>

#include "base/span.h"

enum algorithm_kind {
	ALGORITHM_SIGN,
	ALGORITHM_MAC,
	ALGORITHM_WRAP,   /* wraps data keys: secrets that leave */
	ALGORITHM_MASTER, /* wraps citizens' private keys, which never do */
};

struct algorithm {
	const char *name;
	enum algorithm_kind kind;
	CK_KEY_TYPE key_type;
	CK_MECHANISM_TYPE generate, use;
	struct span parameters; /* CKA_EC_PARAMS */
	const char *group;      /* libcrypto's name of the curve; NULL: none */
	const char *digest;     /* hashed here, before the token signs; NULL: the token takes the whole object */
	struct span identifier; /* AlgorithmIdentifier in X.509, DER */
	const char *jose;       /* alg in JOSE */
	size_t signature_len;   /* raw, bytes; MAC: of the tag */
	unsigned bits; /* of the modulus, or of the curve's order: what C_GetMechanismInfo is asked about; 0: none */
};

enum { MAX_RAW_SIGNATURE = 512 };

/* The row of that name and kind; NULL if there is none. */
const struct algorithm *algorithm_find(const char *name, enum algorithm_kind kind);

/* May a citizen's key be of this algorithm? It signs digests that were made elsewhere, which ECDSA does. NULL: no. */
bool algorithm_suits_citizens(const struct algorithm *a);

/* "CKM_ECDSA" for a mechanism of the rows; "?" for any other. Static. */
const char *mechanism_name(CK_MECHANISM_TYPE mechanism);

#endif
