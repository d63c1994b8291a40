#include "forge.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>

#include "base/encode.h"
#include "json/json.h"
#include "webauthn/cbor.h"

const uint8_t forge_credential_id[20] = "twenty bytes of ids";
static const char challenge[] = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE"; /* of the 32 digits below */

static void
must(bool good)
{
	if (!good)
		abort();
}

struct forgery
forgery_new(bool registration)
{
	return (struct forgery){
		.key = EVP_EC_gen("P-256"),
		.type = registration ? "webauthn.create" : "webauthn.get",
		.challenge = challenge,
		.origin = "https://localhost:8443",
		.rp_id = "localhost",
		.more = ",\"crossOrigin\":false",
		.flags = FLAG_UP | FLAG_UV | (registration ? FLAG_AT : 0),
		.cose_alg = -7,
		.envelope_type = "public-key",
		.aaguid = {1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8},
	};
}

void
forgery_free(struct forgery *f)
{
	EVP_PKEY_free(f->key);
}

struct webauthn_expect
forge_expect(void)
{
	static const char *const origins[] = {"https://sign.localhost:8447", "https://localhost:8443", NULL};

	return (struct webauthn_expect){
		.rp_id = "localhost",
		.origins = origins,
		.challenge = SPAN("01234567890123456789012345678901"),
		.user_verification = true,
		.at = 1800000000,
	};
}

void
forge_client_data(struct writer *w, const struct forgery *f)
{
	writer_format(w, "{\"type\":\"%s\",\"challenge\":\"%s\",\"origin\":\"%s\"%s}", f->type, f->challenge, f->origin,
		f->more);
}

static void
write_point(struct writer *w, const struct forgery *f)
{
	uint8_t point[65];
	size_t len;

	must(EVP_PKEY_get_octet_string_param(f->key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &len) == 1 &&
		len == 65);
	cbor_write_map(w, 5);
	cbor_write_int(w, 1);
	cbor_write_int(w, 2);
	cbor_write_int(w, 3);
	cbor_write_int(w, f->cose_alg);
	cbor_write_int(w, -1);
	cbor_write_int(w, 1);
	cbor_write_int(w, -2);
	cbor_write_bytes(w, span_at(point + 1, 32));
	cbor_write_int(w, -3);
	cbor_write_bytes(w, span_at(point + 33, 32));
}

static void
write_modulus(struct writer *w, const struct forgery *f)
{
	uint8_t n[512];
	BIGNUM *number = NULL;
	int len;

	must(EVP_PKEY_get_bn_param(f->key, OSSL_PKEY_PARAM_RSA_N, &number) == 1);
	len = BN_bn2bin(number, n);
	BN_free(number);
	cbor_write_map(w, 4);
	cbor_write_int(w, 1);
	cbor_write_int(w, 3);
	cbor_write_int(w, 3);
	cbor_write_int(w, f->cose_alg);
	cbor_write_int(w, -1);
	cbor_write_bytes(w, span_at(n, (size_t)len));
	cbor_write_int(w, -2);
	cbor_write_bytes(w, SPAN("\x01\x00\x01"));
}

void
forge_cose_key(struct writer *w, const struct forgery *f)
{
	if (EVP_PKEY_is_a(f->key, "RSA"))
		write_modulus(w, f);
	else
		write_point(w, f);
}

void
forge_auth_data(struct writer *w, const struct forgery *f)
{
	const struct sha256 h = sha256_of(span_of(f->rp_id));

	writer_bytes(w, sha256_span(&h));
	writer_u8(w, f->flags);
	writer_u32(w, f->counter);
	if (f->flags & FLAG_AT) {
		writer_bytes(w, span_at(f->aaguid, sizeof(f->aaguid)));
		writer_block16(w, span_at(forge_credential_id, sizeof(forge_credential_id)));
		forge_cose_key(w, f);
	}
	writer_bytes(w, f->extensions);
	writer_bytes(w, f->trailing);
}

void
forge_signature(struct writer *w, EVP_PKEY *key, struct span message)
{
	forge_signature_by(w, key, "SHA256", message);
}

void
forge_signature_by(struct writer *w, EVP_PKEY *key, const char *digest, struct span message)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	uint8_t signature[512];
	size_t len = sizeof(signature);

	must(EVP_DigestSignInit_ex(c, NULL, digest, NULL, NULL, key, NULL) == 1);
	must(EVP_DigestSign(c, signature, &len, message.ptr, message.len) == 1);
	EVP_MD_CTX_free(c);
	writer_bytes(w, span_at(signature, len));
}

void
forge_attested(struct writer *w, const struct forgery *f)
{
	AUTO(writer) client_data = writer_new(4096);

	forge_client_data(&client_data, f);
	const struct sha256 h = sha256_of(writer_span(&client_data));

	forge_auth_data(w, f);
	writer_bytes(w, sha256_span(&h));
}

void
forge_object(struct writer *w, const struct forgery *f, const char *format, struct span statement)
{
	AUTO(writer) auth_data = writer_new(4096);

	forge_auth_data(&auth_data, f);
	cbor_write_map(w, 3);
	cbor_write_text(w, SPAN("fmt"));
	cbor_write_text(w, span_of(format));
	cbor_write_text(w, SPAN("attStmt"));
	writer_bytes(w, statement);
	cbor_write_text(w, SPAN("authData"));
	cbor_write_bytes(w, writer_span(&auth_data));
}

static void
open_envelope(struct json_writer *j, const struct forgery *f)
{
	AUTO(writer) client_data = writer_new(16384);

	forge_client_data(&client_data, f);
	json_object(j, NULL);
	json_bytes64(j, "id",
		f->id != NULL ? span_of(f->id) : span_at(forge_credential_id, sizeof(forge_credential_id)));
	json_bytes64(j, "rawId", span_at(forge_credential_id, sizeof(forge_credential_id)));
	json_text(j, "type", f->envelope_type);
	json_object(j, "response");
	json_bytes64(j, "clientDataJSON", writer_span(&client_data));
}

void
forge_registration(struct writer *json, const struct forgery *f, struct span object)
{
	struct json_writer j = json_to(json);

	open_envelope(&j, f);
	json_bytes64(&j, "attestationObject", object);
	json_object_end(&j);
	json_object_end(&j);
	must(writer_done(json) == ERR_OK);
}

void
forge_registration_none(struct writer *json, const struct forgery *f)
{
	AUTO(writer) object = writer_new(16384);

	forge_object(&object, f, "none", SPAN("\xa0"));
	forge_registration(json, f, writer_span(&object));
}

void
forge_assertion(struct writer *json, const struct forgery *f)
{
	AUTO(writer) auth_data = writer_new(4096);
	AUTO(writer) attested = writer_new(4096);
	AUTO(writer) signature = writer_new(512);
	struct json_writer j = json_to(json);

	forge_auth_data(&auth_data, f);
	forge_attested(&attested, f);
	forge_signature(&signature, f->key, writer_span(&attested));
	open_envelope(&j, f);
	json_bytes64(&j, "authenticatorData", writer_span(&auth_data));
	json_bytes64(&j, "signature", writer_span(&signature));
	json_bytes64(&j, "userHandle", SPAN("user-handle-1"));
	json_object_end(&j);
	json_object_end(&j);
	must(writer_done(json) == ERR_OK);
}
