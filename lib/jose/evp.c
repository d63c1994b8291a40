#include <stdlib.h>

#include "jose/alg.h"
#include "x509/own.h"

/* No signature here is longer: RSA of 8192 bits. */
enum { MAX_SIGNATURE = 1024 };

static enum err
set_params(EVP_PKEY_CTX *ctx, const OSSL_PARAM *params)
{
	CRYPTO_OK(!params || EVP_PKEY_CTX_set_params(ctx, params) == 1, "signature parameters");
	return ERR_OK;
}

enum err
jose_evp_sign(EVP_PKEY *key, const char *digest, const OSSL_PARAM *params, struct span input, struct writer *signature)
{
	OWN(EVP_MD_CTX) ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx = NULL; /* ctx owns it */
	uint8_t out[MAX_SIGNATURE];
	size_t len = sizeof(out);

	REQUIRE(ctx, ERR_NO_MEMORY);
	CRYPTO_OK(EVP_DigestSignInit_ex(ctx, &pctx, digest, NULL, NULL, key, NULL) == 1, "sign");
	TRY(set_params(pctx, params));
	CRYPTO_OK(EVP_DigestSign(ctx, out, &len, input.ptr, input.len) == 1, "sign");
	writer_bytes(signature, span_at(out, len));
	return writer_done(signature);
}

enum err
jose_evp_verify(EVP_PKEY *key, const char *digest, const OSSL_PARAM *params, struct span input, struct span signature)
{
	OWN(EVP_MD_CTX) ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx = NULL; /* ctx owns it */

	REQUIRE(ctx, ERR_NO_MEMORY);
	CRYPTO_OK(EVP_DigestVerifyInit_ex(ctx, &pctx, digest, NULL, NULL, key, NULL) == 1, "verify");
	TRY(set_params(pctx, params));
	if (EVP_DigestVerify(ctx, signature.ptr, signature.len, input.ptr, input.len) != 1)
		return own_failed(ERR_BAD_SIGNATURE, "RFC 7515 5.2: the signature does not verify");
	return ERR_OK;
}
