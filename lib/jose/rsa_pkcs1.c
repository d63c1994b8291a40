/* RFC 7518 3.3: RSASSA-PKCS1-v1_5, for partners who have nothing newer. */
#include "jose/alg.h"
#include "x509/weak_key.h"

static bool
pkcs1_fits(const EVP_PKEY *key)
{
	return EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) >= MIN_RSA_BITS;
}

static enum err
pkcs1_verify(EVP_PKEY *key, const char *digest, struct span input, struct span signature)
{
	REQUIRE_WHY(signature.len == (size_t)EVP_PKEY_get_size(key), ERR_BAD_SIGNATURE,
		"RFC 8017 8.2.2: wrong length of signature");
	return jose_evp_verify(key, digest, NULL, input, signature);
}

#define PKCS1_ROW(row, alg, digest)                                                      \
	static enum err row##_sign(EVP_PKEY *key, struct span input, struct writer *out) \
	{                                                                                \
		return jose_evp_sign(key, digest, NULL, input, out);                     \
	}                                                                                \
	static enum err row##_verify(EVP_PKEY *key, struct span input, struct span sig)  \
	{                                                                                \
		return pkcs1_verify(key, digest, input, sig);                            \
	}                                                                                \
	const struct jose_alg jose_##row = {alg, 0, pkcs1_fits, row##_sign, row##_verify};

PKCS1_ROW(rs256, "RS256", "SHA256")
PKCS1_ROW(rs384, "RS384", "SHA384")
PKCS1_ROW(rs512, "RS512", "SHA512")
