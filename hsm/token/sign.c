#include "hsm/token/token.h"

#include <string.h>

#include <openssl/ecdsa.h>

#include "base/digest.h"
#include "x509/own.h"

enum { MAX_DIGEST_INFO = 19 + EVP_MAX_MD_SIZE };

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

/* What the SHA-2 functions are called elsewhere. */
static const struct hash {
	const char *name;
	CK_MECHANISM_TYPE mechanism;
	CK_RSA_PKCS_MGF_TYPE mgf;
	uint8_t oid; /* the last byte: 2.16.840.1.101.3.4.2.n */
	uint8_t len;
} hashes[] = {
	{"SHA256", CKM_SHA256, CKG_MGF1_SHA256, 1, 32},
	{"SHA384", CKM_SHA384, CKG_MGF1_SHA384, 2, 48},
	{"SHA512", CKM_SHA512, CKG_MGF1_SHA512, 3, 64},
};

static const struct hash *
hash_named(const char *name)
{
	const struct hash *h = hashes;

	while (name != NULL && h < hashes + sizeof(hashes) / sizeof(hashes[0]) - 1 && strcmp(h->name, name) != 0)
		h++;
	return h;
}

/* RFC 8017 9.2: what RSASSA-PKCS1-v1_5 signs is the hash behind its name. The token pads it (CKM_RSA_PKCS). */
static struct span
digest_info(const struct algorithm *a, struct span hash, uint8_t out[MAX_DIGEST_INFO])
{
	const struct hash *h = hash_named(a->digest);
	const uint8_t head[] = {0x30, (uint8_t)(0x11 + h->len), 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65,
		0x03, 0x04, 0x02, h->oid, 0x05, 0x00, 0x04, h->len};

	memcpy(out, head, sizeof(head));
	memcpy(out + sizeof(head), hash.ptr, hash.len);
	return span_at(out, sizeof(head) + hash.len);
}

/* The hash that the algorithm wants first. Not SHA-256 by its name: looking that up costs more than hashing a token. */
static enum err
hash_of(const struct algorithm *a, struct span object, uint8_t out[EVP_MAX_MD_SIZE], size_t *len)
{
	struct sha256 hash;

	if (strcmp(a->digest, "SHA256") != 0) {
		CRYPTO_OK(EVP_Q_digest(NULL, a->digest, NULL, object.ptr, object.len, out, len) == 1, a->digest);
		return ERR_OK;
	}
	hash = sha256_of(object);
	memcpy(out, hash.bytes, SHA256_LEN);
	*len = SHA256_LEN;
	return ERR_OK;
}

/* One C_SignInit and C_Sign of exactly len bytes of result. */
static enum err
sign_raw(struct session *s, const struct algorithm *a, CK_OBJECT_HANDLE handle, struct span input, uint8_t *out,
	size_t len)
{
	CK_FUNCTION_LIST *c = token_calls(s->token);
	const struct hash *h = hash_named(a->digest);
	/* RFC 8017 8.1, and the AlgorithmIdentifier of the row: MGF1 by the same hash, a salt as long as it. */
	CK_RSA_PKCS_PSS_PARAMS pss = {h->mechanism, h->mgf, input.len};
	CK_MECHANISM mechanism = {a->use, a->use == CKM_RSA_PKCS_PSS ? &pss : NULL,
		a->use == CKM_RSA_PKCS_PSS ? sizeof(pss) : 0};
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
	uint8_t hash[EVP_MAX_MD_SIZE], info[MAX_DIGEST_INFO], raw[MAX_RAW_SIGNATURE];
	struct span input = object;
	size_t len;

	if (a->digest != NULL) {
		TRY(hash_of(a, object, hash, &len));
		input = span_at(hash, len);
	}
	if (a->use == CKM_RSA_PKCS)
		input = digest_info(a, input, info);
	TRY(sign_raw(s, a, handle, input, raw, a->signature_len));
	TRY(verifier_check(k->verifier, input, span_at(raw, a->signature_len)));
	if (a->key_type == CKK_EC)
		return ecdsa_der(span_at(raw, a->signature_len), signature);
	writer_bytes(signature, span_at(raw, a->signature_len));
	return writer_done(signature);
}

enum err
token_mac(struct session *s, const struct token_key *k, CK_OBJECT_HANDLE handle, struct span input, uint8_t out[32])
{
	return sign_raw(s, k->algorithm, handle, input, out, 32);
}

enum err
token_random(struct session *s, uint8_t *out, size_t len)
{
	return returned(s, "C_GenerateRandom", token_calls(s->token)->C_GenerateRandom(s->handle, out, len));
}
