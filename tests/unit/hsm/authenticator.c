#include "authenticator.h"

#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>

#include "base/encode.h"
#include "base/random.h"
#include "json/json.h"
#include "webauthn/cbor.h"

static void
must(bool good)
{
	if (!good)
		abort();
}

struct wish
wish_for(struct span challenge)
{
	return (struct wish){.challenge = challenge,
		.rp_id = "sign.localhost",
		.origin = "https://sign.localhost:8447",
		.type = "webauthn.get",
		.flags = AUTHENTICATOR_UP | AUTHENTICATOR_UV};
}

struct authenticator
authenticator_new(void)
{
	struct authenticator a = {.key = EVP_EC_gen("P-256")};

	must(a.key != NULL);
	random_bytes(a.id, sizeof(a.id));
	return a;
}

void
authenticator_free(struct authenticator *a)
{
	EVP_PKEY_free(a->key);
	a->key = NULL;
}

void
authenticator_key(const struct authenticator *a, struct writer *cose)
{
	uint8_t point[65];
	size_t len;

	must(EVP_PKEY_get_octet_string_param(a->key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &len) == 1 &&
		len == sizeof(point));
	cbor_write_map(cose, 5);
	cbor_write_int(cose, 1);
	cbor_write_int(cose, 2);
	cbor_write_int(cose, 3);
	cbor_write_int(cose, -7);
	cbor_write_int(cose, -1);
	cbor_write_int(cose, 1);
	cbor_write_int(cose, -2);
	cbor_write_bytes(cose, span_at(point + 1, 32));
	cbor_write_int(cose, -3);
	cbor_write_bytes(cose, span_at(point + 33, 32));
}

static void
sign(const struct authenticator *a, struct span message, struct writer *out)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	uint8_t signature[128];
	size_t len = sizeof(signature);

	must(EVP_DigestSignInit_ex(c, NULL, "SHA256", NULL, NULL, a->key, NULL) == 1 &&
		EVP_DigestSign(c, signature, &len, message.ptr, message.len) == 1);
	EVP_MD_CTX_free(c);
	writer_bytes(out, span_at(signature, len));
}

void
authenticator_assert(const struct authenticator *a, const struct wish *w, struct writer *json)
{
	AUTO(writer) client_data = writer_new(4096);
	AUTO(writer) data = writer_new(512);
	AUTO(writer) signed_bytes = writer_new(512);
	AUTO(writer) signature = writer_new(128);
	const struct sha256 rp = sha256_of(span_of(w->rp_id));
	struct json_writer j = json_to(&client_data);
	struct sha256 hash;

	json_object(&j, NULL);
	json_text(&j, "type", w->type);
	json_bytes64(&j, "challenge", w->challenge);
	json_text(&j, "origin", w->origin);
	json_bool(&j, "crossOrigin", false);
	json_object_end(&j);
	writer_bytes(&data, sha256_span(&rp));
	writer_u8(&data, w->flags);
	writer_u32(&data, 0);
	hash = sha256_of(writer_span(&client_data));
	writer_bytes(&signed_bytes, writer_span(&data));
	writer_bytes(&signed_bytes, sha256_span(&hash));
	sign(a, writer_span(&signed_bytes), &signature);
	j = json_to(json);
	json_object(&j, NULL);
	json_bytes64(&j, "id", span_at(a->id, sizeof(a->id)));
	json_bytes64(&j, "rawId", span_at(a->id, sizeof(a->id)));
	json_text(&j, "type", "public-key");
	json_object(&j, "response");
	json_bytes64(&j, "clientDataJSON", writer_span(&client_data));
	json_bytes64(&j, "authenticatorData", writer_span(&data));
	json_bytes64(&j, "signature", writer_span(&signature));
	json_object_end(&j);
	json_object_end(&j);
	must(writer_done(json) == ERR_OK);
}
