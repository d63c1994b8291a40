#include "hsm/token/token.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/x509.h>

#include "x509/own.h"

enum { MAX_POINT = 160, MAX_MODULUS = 512, MAX_SPKI = MAX_MODULUS + 64 };

/* Under the object lock: how many objects fit, the first two of them. */
static enum err
objects_find(struct session *s, CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE found[2], CK_ULONG *n)
{
	CK_FUNCTION_LIST *c = token_calls(s->token);
	enum err e;

	*n = 0;
	TRY(returned(s, "C_FindObjectsInit", c->C_FindObjectsInit(s->handle, template, count)));
	e = returned(s, "C_FindObjects", c->C_FindObjects(s->handle, found, 2, n));
	(void)c->C_FindObjectsFinal(s->handle);
	return e;
}

static enum err
object_find(struct session *s, CK_OBJECT_CLASS class, const char *label, CK_OBJECT_HANDLE *out)
{
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE template[] = {
		{CKA_CLASS, &class, sizeof(class)},
		{CKA_TOKEN, &yes, sizeof(yes)},
		{CKA_LABEL, (void *)(uintptr_t)label, strlen(label)},
	};
	CK_OBJECT_HANDLE found[2];
	CK_ULONG n;

	TRY(objects_find(s, template, 3, found, &n));
	REQUIRE_WHY(n > 0, ERR_NOT_FOUND, "the token has no object '%s'", label);
	REQUIRE_WHY(n == 1, ERR_CORRUPT, "the token has more than one object '%s'", label);
	*out = found[0];
	return ERR_OK;
}

enum err
token_is_empty(struct session *s, bool *empty)
{
	CK_OBJECT_HANDLE found[2];
	CK_ULONG n;
	enum err e;

	token_lock(s->token);
	e = objects_find(s, NULL, 0, found, &n);
	token_unlock(s->token);
	*empty = n == 0;
	return e;
}

/* CKA_EC_POINT is a DER OCTET STRING (PKCS#11 2.40 2.3.3). */
static enum err
point_of(struct span der, struct span *out)
{
	const size_t head = der.len >= 2 && der.ptr[0] == 0x04 && der.ptr[1] == 0x81 ? 3 : 2;

	REQUIRE(der.len > head && der.ptr[0] == 0x04 && der.ptr[head - 1] == der.len - head, ERR_CORRUPT);
	*out = span_at(der.ptr + head, der.len - head);
	return ERR_OK;
}

static enum err
ec_public_key(const char *group, struct span point, EVP_PKEY **out)
{
	OWN(EVP_PKEY_CTX) context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)(uintptr_t)group, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)(uintptr_t)point.ptr, point.len),
		OSSL_PARAM_construct_end(),
	};

	CRYPTO_OK(context != NULL && EVP_PKEY_fromdata_init(context) == 1, "EVP_PKEY_fromdata_init");
	CRYPTO_OK(EVP_PKEY_fromdata(context, out, EVP_PKEY_PUBLIC_KEY, (OSSL_PARAM *)(uintptr_t)params) == 1,
		"a public key on the token");
	return ERR_OK;
}

/* CKA_MODULUS and CKA_PUBLIC_EXPONENT are big-endian (PKCS#11 2.40 2.1.2). A modulus of another length is another key than keys.json names. */
static enum err
rsa_public_key(struct session *s, CK_OBJECT_HANDLE object, struct token_key *k)
{
	OWN(EVP_PKEY_CTX) context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OWN(OSSL_PARAM_BLD) build = OSSL_PARAM_BLD_new();
	OWN(OSSL_PARAM) params = NULL;
	OWN(BIGNUM) n = NULL;
	OWN(BIGNUM) e = NULL;
	uint8_t modulus[MAX_MODULUS], exponent[32];
	CK_ATTRIBUTE parts[] = {{CKA_MODULUS, modulus, sizeof(modulus)},
		{CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent)}};

	TRY(returned(s, "C_GetAttributeValue",
		token_calls(s->token)->C_GetAttributeValue(s->handle, object, parts, 2)));
	REQUIRE(parts[0].ulValueLen <= sizeof(modulus) && parts[1].ulValueLen <= sizeof(exponent), ERR_CORRUPT);
	n = BN_bin2bn(modulus, (int)parts[0].ulValueLen, NULL);
	e = BN_bin2bn(exponent, (int)parts[1].ulValueLen, NULL);
	CRYPTO_OK(context != NULL && build != NULL && n != NULL && e != NULL, "a public key on the token");
	REQUIRE_WHY(BN_num_bits(n) == (int)k->algorithm->bits, ERR_CORRUPT,
		"the token's key has %d bits, not those of %s", BN_num_bits(n), k->algorithm->name);
	CRYPTO_OK(OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
			OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) == 1,
		"a public key on the token");
	params = OSSL_PARAM_BLD_to_param(build);
	CRYPTO_OK(params != NULL && EVP_PKEY_fromdata_init(context) == 1 &&
			EVP_PKEY_fromdata(context, &k->public_key, EVP_PKEY_PUBLIC_KEY, params) == 1,
		"a public key on the token");
	return ERR_OK;
}

/* Once, because every JWS that the key signs must name it. */
static enum err
kid_make(struct token_key *k)
{
	AUTO(jwk) *jwk = NULL;

	TRY(jwk_from_spki(writer_span(&k->spki), NULL, &jwk));
	memcpy(k->kid, jwk_kid(jwk), sizeof(k->kid));
	return ERR_OK;
}

static enum err
point_read(struct session *s, CK_OBJECT_HANDLE object, struct token_key *k)
{
	uint8_t bytes[MAX_POINT];
	CK_ATTRIBUTE point = {CKA_EC_POINT, bytes, sizeof(bytes)};
	struct span raw;

	TRY(returned(s, "C_GetAttributeValue",
		token_calls(s->token)->C_GetAttributeValue(s->handle, object, &point, 1)));
	REQUIRE(point.ulValueLen <= sizeof(bytes), ERR_CORRUPT);
	TRY(point_of(span_at(bytes, point.ulValueLen), &raw));
	if (k->algorithm->group != NULL)
		TRY(ec_public_key(k->algorithm->group, raw, &k->public_key));
	else
		k->public_key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, raw.ptr, raw.len);
	CRYPTO_OK(k->public_key != NULL, "a public key on the token");
	return ERR_OK;
}

static enum err
public_key_read(struct session *s, CK_OBJECT_HANDLE object, struct token_key *k)
{
	uint8_t *der = NULL;
	int len;

	TRY(k->algorithm->key_type == CKK_RSA ? rsa_public_key(s, object, k) : point_read(s, object, k));
	TRY(verifier_new(k->public_key, &k->verifier));
	len = i2d_PUBKEY(k->public_key, &der);
	CRYPTO_OK(len > 0, "i2d_PUBKEY");
	writer_bytes(&k->spki, span_at(der, (size_t)len));
	OPENSSL_free(der);
	TRY(writer_done(&k->spki));
	return kid_make(k);
}

/* Under the object lock. */
static enum err
key_find(struct session *s, const char *label, struct token_key *k)
{
	const bool pair = k->algorithm->kind == ALGORITHM_SIGN;
	CK_ATTRIBUTE id = {CKA_ID, k->id, sizeof(k->id)};
	CK_OBJECT_HANDLE public_half;

	TRY(object_find(s, pair ? CKO_PRIVATE_KEY : CKO_SECRET_KEY, label, &k->handle));
	TRY(returned(s, "C_GetAttributeValue",
		token_calls(s->token)->C_GetAttributeValue(s->handle, k->handle, &id, 1)));
	REQUIRE_WHY(id.ulValueLen == KEY_ID_LEN, ERR_CORRUPT,
		"key '%s' was not made by mohar-hsmd: its CKA_ID has %lu bytes", label, id.ulValueLen);
	if (!pair)
		return ERR_OK;
	REQUIRE_WHY(object_find(s, CKO_PUBLIC_KEY, label, &public_half) == ERR_OK, ERR_CORRUPT,
		"key '%s' has no public half: its making was cut short. Restore the token's backup", label);
	return public_key_read(s, public_half, k);
}

enum err
token_key_find(struct session *s, const char *label, const struct algorithm *a, struct token_key *out)
{
	struct token_key k = {.algorithm = a, .spki = writer_new(MAX_SPKI)};
	enum err e;

	token_lock(s->token);
	e = key_find(s, label, &k);
	token_unlock(s->token);
	if (e != ERR_OK) {
		token_key_free(&k);
		return e;
	}
	*out = k;
	return ERR_OK;
}

void
token_key_free(struct token_key *k)
{
	verifier_free(&k->verifier);
	EVP_PKEY_free(k->public_key);
	writer_free(&k->spki);
	*k = (struct token_key){0};
}
