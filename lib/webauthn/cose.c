#include "webauthn/cose.h"

#include <string.h>

#include <openssl/rsa.h>

/* WebAuthn 5.8.5 ties -7, -35 and -36 to one curve each. In order of preference. */
static const struct cose_algorithm table[] = {
	{-7, "ES256", COSE_EC2, COSE_CURVE_P256, "prime256v1", 32, "SHA256", .offered = true},
	{-8, "EdDSA", COSE_OKP, COSE_CURVE_ED25519, "ED25519", 32, NULL, .offered = true},
	{-35, "ES384", COSE_EC2, COSE_CURVE_P384, "secp384r1", 48, "SHA384", .offered = true},
	{-36, "ES512", COSE_EC2, COSE_CURVE_P521, "secp521r1", 66, "SHA512", .offered = true},
	{-257, "RS256", COSE_RSA, COSE_NO_CURVE, "RSA", 0, "SHA256", .offered = true},
	{-9, "ESP256", COSE_EC2, COSE_CURVE_P256, "prime256v1", 32, "SHA256", .offered = false},
	{-51, "ESP384", COSE_EC2, COSE_CURVE_P384, "secp384r1", 48, "SHA384", .offered = false},
	{-52, "ESP512", COSE_EC2, COSE_CURVE_P521, "secp521r1", 66, "SHA512", .offered = false},
	{-19, "Ed25519", COSE_OKP, COSE_CURVE_ED25519, "ED25519", 32, NULL, .offered = false},
	{-53, "Ed448", COSE_OKP, COSE_CURVE_ED448, "ED448", 57, NULL, .offered = false},
	{-258, "RS384", COSE_RSA, COSE_NO_CURVE, "RSA", 0, "SHA384", .offered = false},
	{-259, "RS512", COSE_RSA, COSE_NO_CURVE, "RSA", 0, "SHA512", .offered = false},
	{-37, "PS256", COSE_RSA, COSE_NO_CURVE, "RSA", 0, "SHA256", .pss = true},
	{-38, "PS384", COSE_RSA, COSE_NO_CURVE, "RSA", 0, "SHA384", .pss = true},
	{-39, "PS512", COSE_RSA, COSE_NO_CURVE, "RSA", 0, "SHA512", .pss = true},
	{-65535, "RS1", COSE_RSA, COSE_NO_CURVE, "RSA", 0, "SHA1", .attestation_only = true},
};

enum { ROWS = sizeof(table) / sizeof(table[0]) };

bool
cose_algorithm_listed(const int64_t *list, int64_t id)
{
	if (list == NULL)
		return true;
	for (; *list != 0; list++)
		if (*list == id)
			return true;
	return false;
}

struct md_context {
	EVP_MD_CTX *context;
};

static void
md_context_free(struct md_context *c)
{
	EVP_MD_CTX_free(c->context);
}

const struct cose_algorithm *
cose_algorithm_of(int64_t id)
{
	for (size_t i = 0; i < ROWS; i++)
		if (table[i].id == id)
			return &table[i];
	return NULL;
}

const struct cose_algorithm *
cose_algorithm_at(size_t i)
{
	return i < ROWS ? &table[i] : NULL;
}

bool
cose_algorithm_fits(const struct cose_algorithm *a, const EVP_PKEY *key)
{
	char group[32];

	switch (a->kty) {
	case COSE_EC2:
		return EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1 &&
			strcmp(group, a->group) == 0;
	case COSE_RSA:
		return EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) >= MIN_RSA_BITS &&
			EVP_PKEY_get_bits(key) <= MAX_RSA_BITS;
	case COSE_OKP:
		return EVP_PKEY_is_a(key, a->group);
	}
	return false;
}

/* RFC 8230 2: PSS with MGF1 of the same digest and a salt of its length. */
static bool
set_padding(const struct cose_algorithm *a, EVP_PKEY_CTX *context)
{
	if (a->kty != COSE_RSA)
		return true;
	if (!a->pss)
		return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
	return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
		EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

enum err
cose_verify(const struct cose_algorithm *a, EVP_PKEY *key, struct span message, struct span signature)
{
	AUTO(md_context) md = {EVP_MD_CTX_new()};
	EVP_PKEY_CTX *context; /* the md context's */

	REQUIRE_WHY(cose_algorithm_fits(a, key), ERR_MISMATCH, "RFC 9053 2: the key is not one for %s", a->name);
	REQUIRE(md.context != NULL, ERR_NO_MEMORY);
	REQUIRE(EVP_DigestVerifyInit_ex(md.context, &context, a->digest, NULL, NULL, key, NULL) == 1, ERR_CRYPTO);
	REQUIRE(set_padding(a, context), ERR_CRYPTO);
	REQUIRE(EVP_DigestVerify(md.context, signature.ptr, signature.len, message.ptr, message.len) == 1,
		ERR_BAD_SIGNATURE);
	return ERR_OK;
}

static bool
context_prepare(const struct cose_algorithm *a, EVP_PKEY_CTX *context)
{
	const EVP_MD *md = EVP_get_digestbyname(a->digest);

	return md != NULL && EVP_PKEY_verify_init(context) == 1 && set_padding(a, context) &&
		EVP_PKEY_CTX_set_signature_md(context, md) == 1;
}

enum err
cose_context(const struct cose_algorithm *a, EVP_PKEY *key, EVP_PKEY_CTX **out)
{
	EVP_PKEY_CTX *context;

	*out = NULL;
	if (a->digest == NULL)
		return ERR_OK;
	context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	REQUIRE(context != NULL, ERR_NO_MEMORY);
	if (!context_prepare(a, context)) {
		EVP_PKEY_CTX_free(context);
		return ERR_CRYPTO;
	}
	*out = context;
	return ERR_OK;
}

enum err
cose_digest(const struct cose_algorithm *a, struct span message, uint8_t *out, size_t *len)
{
	REQUIRE(EVP_Q_digest(NULL, a->digest, NULL, message.ptr, message.len, out, len) == 1, ERR_CRYPTO);
	return ERR_OK;
}
