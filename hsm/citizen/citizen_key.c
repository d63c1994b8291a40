#include "hsm/citizen/citizen_key.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>

#include "hsm/token/citizen.h"
#include "x509/own.h"
#include "x509/x509.h"

enum { MIN_CARD_RSA = 3072, MAX_ALGORITHM_NAME = 16 };

static bool
card_may(const EVP_PKEY *key)
{
	if (EVP_PKEY_is_a(key, "RSA"))
		return EVP_PKEY_get_bits(key) >= MIN_CARD_RSA;
	return EVP_PKEY_is_a(key, "EC"); /* whose curves jwk.h chooses */
}

/* A SubjectPublicKeyInfo of an uncompressed point up to the point, for each curve that it may be on (RFC 5480 2): of this form they are nearly all, and libcrypto's
 * decoders take several times as long as the key itself. */
static const struct form {
	const char *group;
	struct span head;
	size_t point;
} forms[] = {
	{"P-256",
		{(const uint8_t *)"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00",
			26},
		65},
	{"P-384",
		{(const uint8_t *)"\x30\x76\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22\x03\x62\x00",
			23},
		97},
	{"P-521",
		{(const uint8_t *)"\x30\x81\x9b\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x23\x03\x81\x86\x00",
			25},
		133},
};

static const struct form *
form_of(struct span spki)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (spki.len == forms[i].head.len + forms[i].point &&
			span_equal(span_at(spki.ptr, forms[i].head.len), forms[i].head))
			return &forms[i];
	return NULL;
}

/* NULL: it is of none of these forms, or no point of that curve. */
static EVP_PKEY *
form_read(struct span spki)
{
	const struct form *f = form_of(spki);
	OWN(EVP_PKEY_CTX) context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *key = NULL;

	if (f == NULL || context == NULL)
		return NULL;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)(uintptr_t)f->group, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)(uintptr_t)(spki.ptr + f->head.len),
			f->point),
		OSSL_PARAM_construct_end(),
	};
	if (EVP_PKEY_fromdata_init(context) != 1 || EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
		ERR_clear_error();
	return key;
}

static enum err
card_read(struct span spki, struct jwk **out)
{
	OWN(EVP_PKEY) key = form_read(spki);

	return key != NULL ? jwk_from_key(key, NULL, out) : jwk_from_spki(spki, NULL, out);
}

enum err
citizen_credential_read(const struct blob_credential *c, struct citizen_credential *out)
{
	struct citizen_credential read = {0};

	*out = read;
	if (c->kind == BLOB_PASSKEY)
		return webauthn_key_parse(c->key, &out->passkey);
	TRY(card_read(c->key, &read.card));
	if (!card_may(jwk_key(read.card))) {
		citizen_credential_free(&read);
		return err_because(ERR_UNSUPPORTED, "a card signs with P-256, P-384, P-521 or RSA of %d bits and more",
			MIN_CARD_RSA);
	}
	*out = read;
	return ERR_OK;
}

void
citizen_credential_free(struct citizen_credential *c)
{
	webauthn_key_free(&c->passkey);
	jwk_free(&c->card);
}

enum err
citizen_credential_hash(const struct citizen_credential *c, struct sha256 *out)
{
	return spki_hash(c->card != NULL ? jwk_key(c->card) : webauthn_key_public(c->passkey), out);
}

static enum err
algorithm_read(struct span name, const struct algorithm **out)
{
	char text[MAX_ALGORITHM_NAME + 1] = "";

	REQUIRE(name.len <= MAX_ALGORITHM_NAME, ERR_MALFORMED);
	memcpy(text, name.ptr, name.len);
	*out = algorithm_find(text, ALGORITHM_SIGN);
	REQUIRE_WHY(algorithm_suits_citizens(*out), ERR_UNSUPPORTED, "a citizen's key of another algorithm");
	return ERR_OK;
}

static enum err
public_read(struct span spki, EVP_PKEY **out)
{
	const uint8_t *at = spki.ptr;

	*out = form_read(spki);
	if (*out != NULL)
		return ERR_OK;
	*out = d2i_PUBKEY(NULL, &at, (long)spki.len);
	if (*out == NULL || at != spki.ptr + spki.len || !EVP_PKEY_is_a(*out, "EC"))
		return own_failed(ERR_MALFORMED, "RFC 5280 4.1.2.7: not a citizen's SubjectPublicKeyInfo");
	return ERR_OK;
}

static enum err
parse(struct citizen_key *k, size_t len)
{
	TRY(blob_read(span_at(k->bytes, len), &k->blob));
	TRY(algorithm_read(k->blob.algorithm, &k->algorithm));
	TRY(public_read(k->blob.spki, &k->public_key));
	TRY(verifier_new_passing(k->public_key, &k->verifier));
	for (size_t i = 0; i < k->blob.count; i++)
		TRY(citizen_credential_read(&k->blob.credentials[i], &k->credentials[i]));
	return ERR_OK;
}

enum err
citizen_key_read(struct span blob, struct citizen_key **out)
{
	struct citizen_key *k;
	enum err e;

	REQUIRE(blob.len > 0 && blob.len <= MAX_BLOB, ERR_MALFORMED);
	k = calloc(1, sizeof(*k));
	REQUIRE(k != NULL, ERR_NO_MEMORY);
	k->bytes = malloc(blob.len);
	if (k->bytes != NULL)
		memcpy(k->bytes, blob.ptr, blob.len);
	e = k->bytes == NULL ? ERR_NO_MEMORY : parse(k, blob.len);
	if (e != ERR_OK) {
		citizen_key_free(&k);
		return e;
	}
	*out = k;
	return ERR_OK;
}

void
citizen_key_free(struct citizen_key **k)
{
	if (*k == NULL)
		return;
	for (size_t i = 0; i < MAX_BLOB_CREDENTIALS; i++)
		citizen_credential_free(&(*k)->credentials[i]);
	verifier_free(&(*k)->verifier);
	EVP_PKEY_free((*k)->public_key);
	free((*k)->bytes);
	free(*k);
	*k = NULL;
}
