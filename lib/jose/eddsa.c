/* RFC 8037 3.1: EdDSA with Ed25519 or Ed448, by the key. */
#include "jose/alg.h"

static bool
eddsa_fits(const EVP_PKEY *key)
{
	return EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448");
}

static enum err
eddsa_sign(EVP_PKEY *key, struct span input, struct writer *out)
{
	return jose_evp_sign(key, NULL, NULL, input, out);
}

static enum err
eddsa_verify(EVP_PKEY *key, struct span input, struct span signature)
{
	REQUIRE_WHY(signature.len == (size_t)EVP_PKEY_get_size(key), ERR_BAD_SIGNATURE,
		"RFC 8032 5.1.7, 5.2.7: wrong length of signature");
	return jose_evp_verify(key, NULL, NULL, input, signature);
}

const struct jose_alg jose_eddsa = {"EdDSA", 0, eddsa_fits, eddsa_sign, eddsa_verify};
