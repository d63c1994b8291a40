/* assertion: a whole assertion check (JSON, client data, authenticator data, signature) beside a bare ECDSA verification by libcrypto
 * with a prepared key and digest, both on one core. Prints `assertion  <ours/s>  <raw/s>  <ratio>`. */
#include <stdio.h>
#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>

#include "base/clock.h"
#include "base/digest.h"
#include "json/json.h"
#include "webauthn/cbor.h"
#include "webauthn/webauthn.h"

enum { ROUNDS = 10, MICROSECONDS = 200 * 1000 /* each way in each round */ };

static const char *const origins[] = {"https://localhost:8443", NULL};
static const char client_data[] =
	"{\"type\":\"webauthn.get\",\"challenge\":\"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE\",\"origin\":\"https://localhost:8443\","
	"\"crossOrigin\":false,\"other_keys_can_be_added_here\":\"do not compare clientDataJSON against a template. See https://goo.gl/yabPex\"}";

/* One assertion, as it is posted, and the raw parts of it. */
struct sample {
	EVP_PKEY *pkey;
	struct webauthn_key *key;
	struct writer json;
	struct webauthn_expect expect;
	EVP_PKEY_CTX *raw;
	uint8_t signature[80];
	size_t signature_len;
	struct sha256 digest;
};

static void
must(bool good)
{
	if (good)
		return;
	(void)fprintf(stderr, "assertion: %s\n", err_why());
	exit(EXIT_FAILURE);
}

static struct webauthn_key *
parse_key(EVP_PKEY *pkey)
{
	AUTO(writer) w = writer_new(MAX_COSE_KEY);
	struct webauthn_key *key = NULL;
	uint8_t point[65];
	size_t len;

	must(EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &len) == 1);
	cbor_write_map(&w, 5);
	cbor_write_int(&w, 1);
	cbor_write_int(&w, 2);
	cbor_write_int(&w, 3);
	cbor_write_int(&w, -7);
	cbor_write_int(&w, -1);
	cbor_write_int(&w, 1);
	cbor_write_int(&w, -2);
	cbor_write_bytes(&w, span_at(point + 1, 32));
	cbor_write_int(&w, -3);
	cbor_write_bytes(&w, span_at(point + 33, 32));
	must(webauthn_key_parse(writer_span(&w), &key) == ERR_OK);
	return key;
}

static void
sign(struct sample *s, struct span message)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();

	s->signature_len = sizeof(s->signature);
	must(EVP_DigestSignInit_ex(c, NULL, "SHA256", NULL, NULL, s->pkey, NULL) == 1);
	must(EVP_DigestSign(c, s->signature, &s->signature_len, message.ptr, message.len) == 1);
	EVP_MD_CTX_free(c);
	s->digest = sha256_of(message);
}

static void
write_json(struct sample *s, struct span auth_data)
{
	static const uint8_t id[32] = {1, 2, 3};
	struct json_writer j = json_to(&s->json);

	json_object(&j, NULL);
	json_bytes64(&j, "id", span_at(id, sizeof(id)));
	json_bytes64(&j, "rawId", span_at(id, sizeof(id)));
	json_text(&j, "type", "public-key");
	json_text(&j, "authenticatorAttachment", "platform");
	json_object(&j, "clientExtensionResults");
	json_object_end(&j);
	json_object(&j, "response");
	json_bytes64(&j, "authenticatorData", auth_data);
	json_bytes64(&j, "clientDataJSON", span_of(client_data));
	json_bytes64(&j, "signature", span_at(s->signature, s->signature_len));
	json_bytes64(&j, "userHandle", span_at(id, sizeof(id)));
	json_object_end(&j);
	json_object_end(&j);
	must(writer_done(&s->json) == ERR_OK);
}

static struct sample
sample_new(void)
{
	struct sample s = {.pkey = EVP_EC_gen("P-256"), .json = writer_new(MAX_WEBAUTHN_JSON)};
	const struct sha256 rp = sha256_of(SPAN("localhost")), client = sha256_of(span_of(client_data));
	AUTO(writer) message = writer_new(256);

	s.key = parse_key(s.pkey);
	writer_bytes(&message, sha256_span(&rp));
	writer_u8(&message, 0x05);
	writer_u32(&message, 7);
	const size_t auth_data_len = message.len;

	writer_bytes(&message, sha256_span(&client));
	sign(&s, writer_span(&message));
	write_json(&s, span_at(message.ptr, auth_data_len));
	s.expect = (struct webauthn_expect){.rp_id = "localhost",
		.origins = origins,
		.challenge = SPAN("01234567890123456789012345678901"),
		.user_verification = true};
	s.raw = EVP_PKEY_CTX_new_from_pkey(NULL, s.pkey, NULL);
	must(EVP_PKEY_verify_init(s.raw) == 1);
	return s;
}

static void
check_ours(const struct sample *s)
{
	struct webauthn_assertion a;

	must(webauthn_authenticate(writer_span(&s->json), &s->expect, s->key, &a) == ERR_OK);
}

static void
check_raw(const struct sample *s)
{
	must(EVP_PKEY_verify(s->raw, s->signature, s->signature_len, s->digest.bytes, SHA256_LEN) == 1);
}

/* Checks a second. */
static double
rate(const struct sample *s, void (*check)(const struct sample *s))
{
	const int64_t start = clock_ticks();
	int64_t count = 0, spent;

	do {
		for (int i = 0; i < 100; i++)
			check(s);
		count += 100;
		spent = clock_ticks() - start;
	} while (spent < MICROSECONDS);
	return (double)count * 1e6 / (double)spent;
}

/* Turn by turn, and the best of each: whatever else the machine does disturbs both alike. */
int
main(void)
{
	struct sample s = sample_new();
	double ours = 0, raw = 0;

	for (int i = 0; i < ROUNDS; i++) {
		const double o = rate(&s, check_ours), r = rate(&s, check_raw);

		ours = o > ours ? o : ours;
		raw = r > raw ? r : raw;
	}
	printf("assertion  %.0f  %.0f  %.2f\n", ours, raw, ours / raw);
	EVP_PKEY_CTX_free(s.raw);
	webauthn_key_free(&s.key);
	EVP_PKEY_free(s.pkey);
	writer_free(&s.json);
	return 0;
}
