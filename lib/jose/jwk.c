#include "jose/jwk.h"

#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "jose/alg.h"
#include "x509/own.h"
#include "x509/weak_key.h"

enum { MAX_JWK = 16 << 10, MAX_KID = 256 };

#define ROW(field, row_kind)                                                                      \
	{                                                                                         \
		.name = #field, .kind = (row_kind), .offset = offsetof(struct jwk_members, field) \
	}
static const struct json_row jwk_rows[] = {
	{.name = "kty", .kind = JSON_TEXT, .presence = JSON_REQUIRED, .offset = offsetof(struct jwk_members, kty)},
	{.name = "kid", .kind = JSON_TEXT, .offset = offsetof(struct jwk_members, kid), .max = MAX_KID},
	ROW(crv, JSON_TEXT),
	ROW(alg, JSON_TEXT),
	ROW(use, JSON_TEXT),
	ROW(key_ops, JSON_TEXTS),
	ROW(x, JSON_BYTES),
	ROW(y, JSON_BYTES),
	ROW(n, JSON_BYTES),
	ROW(e, JSON_BYTES),
	ROW(d, JSON_BYTES),
	ROW(p, JSON_BYTES),
	ROW(q, JSON_BYTES),
	ROW(dp, JSON_BYTES),
	ROW(dq, JSON_BYTES),
	ROW(qi, JSON_BYTES),
	ROW(k, JSON_BYTES),
	ROW(oth, JSON_RAW),
};
#undef ROW

const struct json_table jwk_table = {
	.what = "JWK",
	.rows = jwk_rows,
	.count = sizeof(jwk_rows) / sizeof(jwk_rows[0]),
	.size = sizeof(struct jwk_members),
	.open = true,
};

void
jwk_members_wipe(struct jwk_members *m)
{
	struct json_bytes *const secrets[] = {&m->d, &m->p, &m->q, &m->dp, &m->dq, &m->qi, &m->k};

	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
		if (secrets[i]->ptr)
			OPENSSL_cleanse(secrets[i]->ptr, secrets[i]->len);
	if (m->oth)
		OPENSSL_cleanse(m->oth, strlen(m->oth));
}

static bool
has_secret(const struct jwk_members *m)
{
	return m->d.ptr || m->p.ptr || m->q.ptr || m->dp.ptr || m->dq.ptr || m->qi.ptr || m->k.ptr || m->oth;
}

/* RFC 7517 4.2, 4.3: for signatures, or silent about it. */
static enum err
use_check(const struct jwk_members *m)
{
	REQUIRE_WHY(!m->use || strcmp(m->use, "sig") == 0, ERR_UNSUPPORTED,
		"RFC 7517 4.2: a key of use \"%s\" is not for signatures", m->use);
	REQUIRE_WHY(m->key_ops.count == 0 || json_texts_have(&m->key_ops, "verify") ||
			json_texts_have(&m->key_ops, "sign"),
		ERR_UNSUPPORTED, "RFC 7517 4.3: the key's operations do not include signatures");
	return ERR_OK;
}

/* RFC 8725 3.1: one key, one algorithm. RSA without alg means RS256, which every partner that leaves it out also means. */
static enum err
choose_alg(const char *stated, const EVP_PKEY *key, const struct jose_alg **out)
{
	const bool rsa = EVP_PKEY_is_a(key, "RSA");
	const struct jose_alg *alg = rsa ? jose_alg_find(SPAN("RS256")) : jose_alg_of_key(key);

	if (stated) /* ES521 is what the JWKs that circulate with RFC 7520's examples call ES512 */
		alg = jose_alg_find(span_of(strcmp(stated, "ES521") == 0 ? "ES512" : stated));
	REQUIRE_WHY(alg, ERR_UNSUPPORTED, "RFC 7517 4.4: algorithm %s is not known here", stated ? stated : "(none)");
	REQUIRE_WHY(alg->fits(key), ERR_MALFORMED, "RFC 7518 3.1: a key of this type is not for %s", alg->name);
	*out = alg;
	return ERR_OK;
}

/* Takes a reference of key. */
static enum err
jwk_new(EVP_PKEY *key, const struct jose_alg *alg, bool stated, const char *kid, struct jwk **out)
{
	AUTO(jwk) *k = calloc(1, sizeof(*k));

	REQUIRE(k, ERR_NO_MEMORY);
	k->kid = strdup(kid ? kid : "");
	REQUIRE(k->kid, ERR_NO_MEMORY);
	CRYPTO_OK(EVP_PKEY_up_ref(key), "key");
	k->key = key;
	k->alg = alg;
	k->alg_stated = stated;
	*out = k;
	k = NULL;
	return ERR_OK;
}

/* A private half that does not belong to the public one would sign for nobody. */
static enum err
private_check(const struct jwk *k)
{
	AUTO(writer) signature = writer_new(MAX_RSA_BITS / 8);
	const struct span probe = SPAN("probe");

	TRY(k->alg->sign(k->key, probe, &signature));
	REQUIRE_WHY(k->alg->verify(k->key, probe, writer_span(&signature)) == ERR_OK, ERR_MALFORMED,
		"RFC 7518 6: the private members do not belong to the public ones");
	return ERR_OK;
}

enum err
jwk_from_members(const struct jwk_members *m, bool secret_allowed, struct jwk **out)
{
	OWN(EVP_PKEY) key = NULL;
	const struct jose_alg *alg;
	AUTO(jwk) *k = NULL;

	REQUIRE_WHY(strcmp(m->kty, "oct") != 0, ERR_UNSUPPORTED, "RFC 7518 6.4: symmetric keys are not taken");
	REQUIRE_WHY(secret_allowed || !has_secret(m), ERR_REFUSED,
		"RFC 7517 9.2: a private key where a public one belongs");
	TRY(use_check(m));
	TRY(jwk_import(m, &key));
	TRY(weak_key_check(key));
	TRY(choose_alg(m->alg, key, &alg));
	TRY(jwk_new(key, alg, m->alg != NULL, m->kid, &k));
	if (m->d.ptr)
		TRY(private_check(k));
	*out = k;
	k = NULL;
	return ERR_OK;
}

enum err
jwk_parse(struct span json, bool secret_allowed, struct jwk **out)
{
	struct jwk_members m;

	REQUIRE_WHY(json.len <= MAX_JWK, ERR_TOO_LONG, "RFC 7517 4: a JWK of more than %d bytes", MAX_JWK);
	TRY(json_decode(json, &jwk_table, &m));
	const enum err e = jwk_from_members(&m, secret_allowed, out);

	jwk_members_wipe(&m);
	json_free(&jwk_table, &m);
	return e;
}

enum err
jwk_from_key(EVP_PKEY *key, const char *kid, struct jwk **out)
{
	const struct jose_alg *alg = jose_alg_of_key(key);
	char thumbprint[THUMBPRINT_TEXT_LEN + 1];
	AUTO(jwk) *k = NULL;

	REQUIRE_WHY(alg, ERR_UNSUPPORTED, "RFC 7518 3.1: no algorithm here is for this type of key");
	TRY(jwk_new(key, alg, true, kid, &k));
	if (!kid) {
		TRY(jwk_thumbprint(k, thumbprint));
		free(k->kid);
		k->kid = strdup(thumbprint);
		REQUIRE(k->kid, ERR_NO_MEMORY);
	}
	*out = k;
	k = NULL;
	return ERR_OK;
}

enum err
jwk_from_spki(struct span der, const char *kid, struct jwk **out)
{
	const uint8_t *p = der.ptr;
	OWN(EVP_PKEY) key = d2i_PUBKEY(NULL, &p, (long)der.len);

	if (!key || p != der.ptr + der.len)
		return own_failed(ERR_MALFORMED, "RFC 5280 4.1.2.7: not a SubjectPublicKeyInfo");
	TRY(weak_key_check(key));
	return jwk_from_key(key, kid, out);
}

void
jwk_free(struct jwk **k)
{
	if (!*k)
		return;
	EVP_PKEY_free((*k)->key);
	free((*k)->kid);
	free(*k);
	*k = NULL;
}

const char *
jwk_kid(const struct jwk *k)
{
	return k->kid;
}

const char *
jwk_alg(const struct jwk *k)
{
	return k->alg->name;
}

EVP_PKEY *
jwk_key(const struct jwk *k)
{
	return k->key;
}

enum err
jwk_thumbprint(const struct jwk *k, char out[THUMBPRINT_TEXT_LEN + 1])
{
	AUTO(writer) w = writer_new(MAX_JWK);
	AUTO(writer) text = writer_new(THUMBPRINT_TEXT_LEN);
	struct json_writer j = json_to(&w);

	json_object(&j, NULL);
	TRY(jwk_public_members(k->key, &j));
	json_object_end(&j);
	TRY(writer_done(&w));
	const struct sha256 hash = sha256_of(writer_span(&w));

	base64url_write(&text, sha256_span(&hash));
	TRY(writer_done(&text));
	memcpy(out, writer_span(&text).ptr, THUMBPRINT_TEXT_LEN + 1);
	return ERR_OK;
}

enum err
jwk_write(const struct jwk *k, struct writer *w)
{
	struct json_writer j = json_to(w);

	json_object(&j, NULL);
	TRY(jwk_public_members(k->key, &j));
	if (k->kid[0])
		json_text(&j, "kid", k->kid);
	json_text(&j, "alg", k->alg->name);
	json_text(&j, "use", "sig");
	json_object_end(&j);
	return writer_done(w);
}
