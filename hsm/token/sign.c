#include "hsm/token/token.h"

#include <openssl/ecdsa.h>

#include "x509/own.h"

/* r || s to the DER that X.509 and libcrypto speak (RFC 3279 2.2.3). */
static enum err
ecdsa_der(struct span raw, struct writer *out)
{
	const int half = (int)(raw.len / 2);
	OWN(ECDSA_SIG) sig = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(raw.ptr, half, NULL), *s = BN_bin2bn(raw.ptr + half, half, NULL);
	uint8_t *der = NULL;
	int len;

	if (sig == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(sig, r, s) != 1) {
		BN_free(r);
		BN_free(s);
		return ERR_NO_MEMORY;
	}
	len = i2d_ECDSA_SIG(sig, &der);
	CRYPTO_OK(len > 0, "i2d_ECDSA_SIG");
	writer_bytes(out, span_at(der, (size_t)len));
	OPENSSL_free(der);
	return writer_done(out);
}

/* One C_SignInit and C_Sign of exactly len bytes of result. */
static enum err
sign_raw(struct session *s, CK_MECHANISM_TYPE type, CK_OBJECT_HANDLE handle, struct span input, uint8_t *out,
	size_t len)
{
	CK_FUNCTION_LIST *c = token_calls(s->token);
	CK_MECHANISM mechanism = {type, NULL, 0};
	CK_ULONG got = len;

	TRY(returned(s, "C_SignInit", c->C_SignInit(s->handle, &mechanism, handle)));
	TRY(returned(s, "C_Sign", c->C_Sign(s->handle, (CK_BYTE *)(uintptr_t)input.ptr, input.len, out, &got)));
	REQUIRE_WHY(got == len, ERR_CRYPTO, "C_Sign gave %lu bytes instead of %zu", got, len);
	return ERR_OK;
}

enum err
token_sign(struct session *s, const struct token_key *k, CK_OBJECT_HANDLE handle, struct span object,
	struct writer *signature)
{
	const struct algorithm *a = k->algorithm;
	uint8_t hash[EVP_MAX_MD_SIZE], raw[MAX_RAW_SIGNATURE];
	struct span input = object;
	size_t len;

	if (a->digest != NULL) {
		CRYPTO_OK(EVP_Q_digest(NULL, a->digest, NULL, object.ptr, object.len, hash, &len) == 1, a->digest);
		input = span_at(hash, len);
	}
	TRY(sign_raw(s, a->use, handle, input, raw, a->signature_len));
	TRY(verifier_check(k->verifier, input, span_at(raw, a->signature_len)));
	if (a->key_type == CKK_EC)
		return ecdsa_der(span_at(raw, a->signature_len), signature);
	writer_bytes(signature, span_at(raw, a->signature_len));
	return writer_done(signature);
}

enum err
token_mac(struct session *s, const struct token_key *k, CK_OBJECT_HANDLE handle, struct span input, uint8_t out[32])
{
	return sign_raw(s, k->algorithm->use, handle, input, out, 32);
}

enum err
token_random(struct session *s, uint8_t *out, size_t len)
{
	return returned(s, "C_GenerateRandom", token_calls(s->token)->C_GenerateRandom(s->handle, out, len));
}
