/* What reaches mohar-hsmd with a citizen's key: evidence of the citizen's will, digests, a registrar's order. The first byte chooses: an E, evidence as it comes; a P, client data and, after
 * a record separator, authenticator data, which the passkey then signs; a C, a payload that the card signs, a T, under another typ, an N, without a kid; a D, the digests
 * of a request; an O, the payload of a registrar's order. */
/* covers: hsm/citizen/activation.c hsm/citizen/challenge.c hsm/citizen/order.c */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/ec.h>

#include "base/encode.h"
#include "hsm/citizen/activation.h"
#include "hsm/citizen/challenge.h"
#include "hsm/citizen/order.h"
#include "keyring/frame.h"
#include "tests/fuzz/country.h"

enum { PUBLIC_LEN = 32, SIGNATURE_LEN = 64 };
static const uint8_t challenge[] = "01234567890123456789012345678901", id[4] = {1, 2, 3, 4};
static const uint8_t cose_head[] = {0xa4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21, 0x58, 0x20}; /* Ed25519, up to x */

static char *origins[] = {(char *)"https://sign.example"};
static struct certificate_rule certificate = {.profile = (char *)"remote", .wrapped_by = (char *)"citizens"};
static struct key_rule keys[] = {{.label = (char *)"ca", .certificates = {&certificate, 1}},
	{.label = (char *)"citizens", .activation = {.rp_id = (char *)"sign.example", .origins = {origins, 1}}}};
static const struct policy policy = {.file = {.keys = {keys, 2}}};

/* A key with a passkey (whose private half is country()->land) and a card. */
static struct citizen {
	struct citizen_key *key;
	EVP_PKEY *card;
	struct writer blob;
} citizen;

static void
citizen_make(void)
{
	uint8_t cose[sizeof(cose_head) + PUBLIC_LEN];
	uint8_t *der = NULL;
	size_t len = PUBLIC_LEN;
	struct blob b = {.state = BLOB_BORN,
		.generation = 1,
		.id = SPAN("0123456789abcdef"),
		.instance = SPAN("0123456789abcdef"),
		.algorithm = SPAN("P-256"),
		.person = SPAN("person"),
		.profile = SPAN("remote"),
		.wrapped = SPAN("wrapped"),
		.count = 2};

	memcpy(cose, cose_head, sizeof(cose_head));
	promise(EVP_PKEY_get_raw_public_key(country()->land, cose + sizeof(cose_head), &len) == 1);
	citizen.card = EVP_EC_gen("P-256");
	citizen.blob = writer_new(MAX_BLOB);
	len = (size_t)i2d_PUBKEY(citizen.card, &der);
	b.spki = span_at(der, len);
	b.credentials[0] = (struct blob_credential){.kind = BLOB_PASSKEY,
		.id = span_at(id, sizeof(id)),
		.key = span_at(cose, sizeof(cose))};
	b.credentials[1] = (struct blob_credential){.kind = BLOB_CARD, .key = b.spki};
	blob_write(&citizen.blob, &b);
	writer_bytes(&citizen.blob, SPAN("01234567890123456789012345678901"));
	promise(citizen_key_read(writer_span(&citizen.blob), &citizen.key) == ERR_OK);
	OPENSSL_free(der);
}

static enum err
activates(struct span evidence)
{
	const struct activation_question q = {.key = citizen.key,
		.rule = &keys[1].activation,
		.challenge = span_at(challenge, SHA256_LEN),
		.now = COUNTRY_NOW};
	struct sha256 credential;

	return activation_check(&q, evidence, &credential);
}

static void
passkey_signs(struct span client_data, struct span data)
{
	AUTO(writer) message = writer_new(1 << 20), json = writer_new(1 << 20);
	const struct sha256 hash = sha256_of(client_data), rp = sha256_of(span_of(keys[1].activation.rp_id));
	struct json_writer j = json_to(&json);
	uint8_t signature[SIGNATURE_LEN];
	size_t len = sizeof(signature);
	EVP_MD_CTX *md = EVP_MD_CTX_new();

	writer_bytes(&message, data);
	writer_bytes(&message, sha256_span(&hash));
	promise(EVP_DigestSignInit(md, NULL, NULL, NULL, country()->land) == 1 &&
		EVP_DigestSign(md, signature, &len, message.ptr, message.len) == 1);
	EVP_MD_CTX_free(md);
	json_object(&j, NULL);
	json_bytes64(&j, "id", span_at(id, sizeof(id)));
	json_bytes64(&j, "rawId", span_at(id, sizeof(id)));
	json_text(&j, "type", "public-key");
	json_object(&j, "response");
	json_bytes64(&j, "clientDataJSON", client_data);
	json_bytes64(&j, "authenticatorData", data);
	json_bytes64(&j, "signature", span_at(signature, len));
	json_object_end(&j);
	json_object_end(&j);
	if (activates(writer_span(&json)) == ERR_OK) /* then for this RP ID, present and verified */
		promise(data.len >= 37 && memcmp(data.ptr, rp.bytes, SHA256_LEN) == 0 && (data.ptr[32] & 5) == 5);
}

static void
card_signs(struct span payload, const char *typ, const char *kid)
{
	AUTO(writer) jws = writer_new(1 << 20);
	AUTO(writer) text = writer_new(64);

	if (jws_sign(citizen.card, &(struct jws_sign_options){.typ = typ, .kid = kid}, payload, &jws) != ERR_OK)
		return;
	base64url_write(&text, span_at(challenge, SHA256_LEN));
	if (activates(writer_span(&jws)) == ERR_OK)
		promise(strcmp(typ, "activation+jwt") == 0 &&
			memmem(payload.ptr, payload.len, text.ptr, text.len) != NULL);
}

static void
digests(struct span field)
{
	struct digests d;
	struct sha256 made;

	if (digests_read(field, &d) != ERR_OK)
		return;
	promise(d.count > 0 && d.count <= MAX_DIGESTS && d.each * d.count == d.bytes.len);
	made = challenge_make(SPAN("0123456789abcdef"), SPAN("0123456789abcdef"), &citizen.key->blob, &d);
	(void)made;
}

static void
order(struct span payload)
{
	struct blob b = citizen.key->blob;
	struct birth_order o;

	if (unfreeze_order_check(payload, &b) == ERR_OK)
		promise(memmem(payload.ptr, payload.len, "\"generation\"", 12) != NULL);
	b = (struct blob){.spki = SPAN("the key")};
	if (birth_order_read(payload, &o) != ERR_OK)
		return;
	if (birth_order_apply(&o, &policy, "citizens", &b) == ERR_OK)
		promise(b.state == BLOB_BORN && b.generation == 1 && b.count > 0 && b.count <= MAX_BLOB_CREDENTIALS &&
			b.person.len > 0 && span_is(b.profile, "remote"));
	birth_order_free(&o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest, first, second = {0};

	if (citizen.key == NULL)
		citizen_make();
	if (size == 0)
		return 0;
	rest = span_at(data + 1, size - 1);
	switch (data[0]) {
	case 'E':
		promise(activates(rest) != ERR_OK);
		break;
	case 'P':
		if (part_take(&rest, &first) && part_take(&rest, &second))
			passkey_signs(first, second);
		break;
	case 'C':
		card_signs(rest, "activation+jwt", jwk_kid(citizen.key->credentials[1].card));
		break;
	case 'T':
		card_signs(rest, "act+jwt", jwk_kid(citizen.key->credentials[1].card));
		break;
	case 'N':
		card_signs(rest, "activation+jwt", NULL);
		break;
	case 'D':
		digests(rest);
		break;
	case 'O':
		order(rest);
		break;
	default:
		break;
	}
	err_forget();
	return 0;
}
