/* alg: what the algorithm files and the registry share inside jose. Not for others: they use jose_alg_find(). */
#ifndef MOHAR_JOSE_ALG_H
#define MOHAR_JOSE_ALG_H

#include "jose/jose.h"

/* The rows, one file a family; registry.c lists them. */
extern const struct jose_alg jose_es256, jose_es384, jose_es512;
extern const struct jose_alg jose_ps256, jose_ps384, jose_ps512;
extern const struct jose_alg jose_rs256, jose_rs384, jose_rs512;
extern const struct jose_alg jose_eddsa;

/* The algorithm that a bare key is used with here: ES256/384/512 by curve, PS256 for RSA, EdDSA. NULL if there is none. */
const struct jose_alg *jose_alg_of_key(const EVP_PKEY *key);

/* One EVP_DigestSign over input, with digest NULL for EdDSA and params set on the signature context. Appends libcrypto's form. */
MUST_USE enum err jose_evp_sign(EVP_PKEY *key, const char *digest, const OSSL_PARAM *params, struct span input,
	struct writer *signature);

/* One EVP_DigestVerify. ERR_BAD_SIGNATURE unless it verifies. */
MUST_USE enum err jose_evp_verify(EVP_PKEY *key, const char *digest, const OSSL_PARAM *params, struct span input,
	struct span signature);

#endif
