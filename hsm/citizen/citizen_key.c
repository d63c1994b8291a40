#include "hsm/citizen/citizen_key.h"

#include <stdlib.h>
#include <string.h>

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

enum err
citizen_credential_read(const struct blob_credential *c, struct citizen_credential *out)
{
	struct citizen_credential read = {0};

	*out = read;
	if (c->kind == BLOB_PASSKEY)
		return webauthn_key_parse(c->key, &out->passkey);
	TRY(jwk_from_spki(c->key, NULL, &read.card));
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
parse(struct citizen_key *k, size_t len)
{
	const uint8_t *at;

	TRY(blob_read(span_at(k->bytes, len), &k->blob));
	TRY(algorithm_read(k->blob.algorithm, &k->algorithm));
	at = k->blob.spki.ptr;
	k->public_key = d2i_PUBKEY(NULL, &at, (long)k->blob.spki.len);
	if (k->public_key == NULL || at != k->blob.spki.ptr + k->blob.spki.len || !EVP_PKEY_is_a(k->public_key, "EC"))
		return own_failed(ERR_MALFORMED, "RFC 5280 4.1.2.7: not a citizen's SubjectPublicKeyInfo");
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
