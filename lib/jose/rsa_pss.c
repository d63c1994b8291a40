/* RFC 7518 3.5: RSASSA-PSS, MGF1 and salt by the same hash. */
#include <openssl/core_names.h>

#include "jose/alg.h"
#include "x509/weak_key.h"

static bool
pss_fits(const EVP_PKEY *key)
{
	return EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) >= MIN_RSA_BITS;
}

/* What both directions set on the signature context. libcrypto's constructors take no const, and write nothing. */
static void
pss_params(char *digest, OSSL_PARAM out[4])
{
	static char mode[] = OSSL_PKEY_RSA_PAD_MODE_PSS, salt[] = OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST;

	out[0] = OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, mode, 0);
	out[1] = OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, digest, 0);
	out[2] = OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, salt, 0);
	out[3] = OSSL_PARAM_construct_end();
}

static enum err
pss_sign(EVP_PKEY *key, char *digest, struct span input, struct writer *signature)
{
	OSSL_PARAM params[4];

	pss_params(digest, params);
	return jose_evp_sign(key, digest, params, input, signature);
}

static enum err
pss_verify(EVP_PKEY *key, char *digest, struct span input, struct span signature)
{
	OSSL_PARAM params[4];

	REQUIRE_WHY(signature.len == (size_t)EVP_PKEY_get_size(key), ERR_BAD_SIGNATURE,
		"RFC 8017 8.1.2: wrong length of signature");
	pss_params(digest, params);
	return jose_evp_verify(key, digest, params, input, signature);
}

#define PSS_ROW(row, alg, digest)                                                        \
	static enum err row##_sign(EVP_PKEY *key, struct span input, struct writer *out) \
	{                                                                                \
		return pss_sign(key, (char[]){digest}, input, out);                      \
	}                                                                                \
	static enum err row##_verify(EVP_PKEY *key, struct span input, struct span sig)  \
	{                                                                                \
		return pss_verify(key, (char[]){digest}, input, sig);                    \
	}                                                                                \
	const struct jose_alg jose_##row = {alg, 0, pss_fits, row##_sign, row##_verify};

PSS_ROW(ps256, "PS256", "SHA256")
PSS_ROW(ps384, "PS384", "SHA384")
PSS_ROW(ps512, "PS512", "SHA512")
