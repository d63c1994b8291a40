#include "person.h"

#include <openssl/ec.h>
#include <time.h>

#include "base/encode.h"
#include "json/json.h"
#include "x509/own.h"

static const char label[] = "citizen-keys";

void
person_make(struct keyring *signer, struct person *p)
{
	*p = (struct person){.passkey = authenticator_new(), .card = EVP_EC_gen("P-256"), .blob = writer_new(MAX_BLOB)};
	assert_ok(keyring_citizen_make(signer, label, &p->blob));
}

void
person_free(struct person *p)
{
	authenticator_free(&p->passkey);
	EVP_PKEY_free(p->card);
	writer_free(&p->blob);
}

struct blob
person_blob(const struct person *p)
{
	struct blob b;

	assert_ok(blob_read(writer_span(&p->blob), &b));
	return b;
}

void
person_credentials(const struct person *p, struct writer *json)
{
	AUTO(writer) cose = writer_new(256);
	struct json_writer j = json_to(json);
	uint8_t *der = NULL;
	const int len = i2d_PUBKEY(p->card, &der);

	authenticator_key(&p->passkey, &cose);
	json_array(&j, NULL);
	json_object(&j, NULL);
	json_text(&j, "kind", "passkey");
	json_bytes64(&j, "id", span_at(p->passkey.id, sizeof(p->passkey.id)));
	json_bytes64(&j, "key", writer_span(&cose));
	json_object_end(&j);
	json_object(&j, NULL);
	json_text(&j, "kind", "card");
	json_bytes64(&j, "key", span_at(der, (size_t)len));
	json_object_end(&j);
	json_array_end(&j);
	OPENSSL_free(der);
}

void
person_members(const struct person *p, const char *profile, const char *credentials, struct writer *members)
{
	AUTO(writer) own = writer_new(4096);
	const struct blob b = person_blob(p);
	const struct sha256 hash = sha256_of(b.spki);

	person_credentials(p, &own);
	writer_format(members,
		",\"person\":\"00000000-0000-4000-8000-000000000001\",\"profile\":\"%s\",\"subject\":[{\"type\":\"CN\",\"value\":\"Test Citizen One\"}],\"spki_sha256\":\"",
		profile);
	base64url_write(members, sha256_span(&hash));
	writer_format(members, "\",\"credentials\":%s",
		credentials == NULL ? (const char *)writer_span(&own).ptr : credentials);
}

void
person_birth(struct rig *r, struct keyring *signer, struct person *p)
{
	AUTO(writer) members = writer_new(8192);
	AUTO(writer) act = writer_new(16384);
	AUTO(writer) born = writer_new(MAX_BLOB);

	person_make(signer, p);
	person_members(p, "citizen-remote-signature", NULL, &members);
	rig_order(r->registrar, "certificate.issue", (const char *)writer_span(&members).ptr, &act);
	assert_ok(keyring_citizen_bind(signer, label, writer_span(&p->blob), writer_span(&act), &born));
	writer_reset(&p->blob);
	writer_bytes(&p->blob, writer_span(&born));
}

enum err
person_sign(struct keyring *signer, const struct person *p, const struct digests *d, const struct wish *wish,
	struct writer *signatures)
{
	AUTO(writer) evidence = writer_new(16384);
	uint8_t challenge[32], nonce[HSM_NONCE_LEN];
	struct wish w = wish_for(span_at(challenge, sizeof(challenge)));

	TRY(keyring_challenge(signer, label, writer_span(&p->blob), d, challenge, nonce));
	if (wish != NULL) {
		w = *wish;
		w.challenge = span_at(challenge, sizeof(challenge));
	}
	authenticator_assert(&p->passkey, &w, &evidence);
	return keyring_activate(signer, label, writer_span(&p->blob), d, nonce, writer_span(&evidence), signatures);
}

void
person_card_evidence(EVP_PKEY *key, struct span challenge, const char *typ, int64_t iat, struct writer *jws)
{
	AUTO(writer) payload = writer_new(512);
	struct jwk *jwk = NULL;

	assert_ok(jwk_from_key(key, NULL, &jwk));
	writer_text(&payload, "{\"challenge\":\"");
	base64url_write(&payload, challenge);
	writer_format(&payload, "\",\"iat\":%lld}", (long long)iat);
	assert_ok(jws_sign(key,
		&(struct jws_sign_options){.typ = typ == NULL ? "activation+jwt" : typ, .kid = jwk_kid(jwk)},
		writer_span(&payload), jws));
	jwk_free(&jwk);
}

bool
person_signed(const struct person *p, const struct digests *d, struct span signatures)
{
	const struct blob b = person_blob(p);
	const uint8_t *at = b.spki.ptr;
	OWN(EVP_PKEY) key = d2i_PUBKEY(NULL, &at, (long)b.spki.len);
	OWN(EVP_PKEY_CTX) c = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	struct reader r = reader_over(signatures);

	assert_int_equal(EVP_PKEY_verify_init(c), 1);
	for (size_t i = 0; i < d->count; i++) {
		const struct span digest = span_at(d->bytes.ptr + i * d->each, d->each);
		struct span signature;

		if (reader_block16(&r, MAX_SIGNATURE, &signature) != ERR_OK ||
			EVP_PKEY_verify(c, signature.ptr, signature.len, digest.ptr, digest.len) != 1)
			return false;
	}
	return reader_done(&r) == ERR_OK;
}

struct digests
digests_some(size_t each, size_t count)
{
	static uint8_t bytes[MAX_DIGESTS * MAX_DIGEST];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 31 + i / 64);
	return (struct digests){.bytes = span_at(bytes, each * count), .each = each, .count = count};
}
