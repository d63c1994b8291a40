/* Messages of the WebAuthn page: both ceremonies. The first byte chooses: an R, a RegistrationResponseJSON; an A, an
 * AuthenticationResponseJSON; an O, bytes of an attestation object and an E, of authenticator data, each put into an otherwise good message so
 * that mutation reaches what base64 would hide; a V, authenticator data that the credential's own key then signs. */
/* covers: lib/webauthn/register.c lib/webauthn/authenticate.c */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "json/json.h"
#include "tests/fuzz/country.h"
#include "webauthn/webauthn.h"

static const char *const origins[] = {"https://example.org", NULL};
static const uint8_t id[4] = {1, 2, 3, 4};

/* The good client data of registration and authentication. */
static const char creation[] =
	"{\"type\":\"webauthn.create\",\"challenge\":\"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE\",\"origin\":\"https://example.org\"}";
static const char request[] =
	"{\"type\":\"webauthn.get\",\"challenge\":\"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE\",\"origin\":\"https://example.org\"}";

/* An Ed25519 COSE_Key up to its x. */
static const uint8_t cose_head[] = {0xa4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21, 0x58, 0x20};
enum { PUBLIC_LEN = 32, SIGNATURE_LEN = 64 };

/* The credential: its private half is country()->land. */
static const struct webauthn_key *
credential(void)
{
	static struct webauthn_key *key; /* for the process */
	uint8_t bytes[sizeof(cose_head) + PUBLIC_LEN];
	size_t len = PUBLIC_LEN;

	if (key != NULL)
		return key;
	memcpy(bytes, cose_head, sizeof(cose_head));
	promise(EVP_PKEY_get_raw_public_key(country()->land, bytes + sizeof(cose_head), &len) == 1);
	promise(webauthn_key_parse(span_at(bytes, sizeof(bytes)), &key) == ERR_OK);
	return key;
}

static struct webauthn_expect
expected(void)
{
	return (struct webauthn_expect){
		.rp_id = "example.org",
		.origins = origins,
		.challenge = SPAN("01234567890123456789012345678901"),
		.at = 1800000000,
	};
}

static void
write_message(struct writer *w, const char *client_data, const char *name, struct span bytes, struct span signature)
{
	struct json_writer j = json_to(w);

	json_object(&j, NULL);
	json_bytes64(&j, "id", span_at(id, sizeof(id)));
	json_bytes64(&j, "rawId", span_at(id, sizeof(id)));
	json_text(&j, "type", "public-key");
	json_object(&j, "response");
	json_bytes64(&j, "clientDataJSON", span_of(client_data));
	json_bytes64(&j, "signature", signature);
	json_bytes64(&j, "userHandle", span_at(id, sizeof(id)));
	json_bytes64(&j, name, bytes);
	json_object_end(&j);
	json_object_end(&j);
}

static void
registers(struct span json)
{
	const struct webauthn_expect expect = expected();
	struct webauthn_credential c;

	if (webauthn_register(json, &expect, &c) != ERR_OK) {
		if (c.id_len != 0 || c.cose_key_len != 0)
			abort();
		return;
	}
	AUTO(webauthn_key) *key = NULL;

	/* What was registered must be good for logging in later. */
	if (c.id_len == 0 || webauthn_key_parse(span_at(c.cose_key, c.cose_key_len), &key) != ERR_OK ||
		webauthn_key_algorithm(key) != c.algorithm)
		abort();
}

static void
authenticates(struct span json)
{
	const struct webauthn_expect expect = expected();
	struct webauthn_assertion a;

	if (webauthn_peek(json, &a) == ERR_OK && (a.credential_id_len == 0 || a.credential_id_len > MAX_CREDENTIAL_ID))
		abort();
	if (webauthn_authenticate(json, &expect, credential(), &a) == ERR_OK)
		abort(); /* a forged signature */
}

/* Signed by the credential: what passes says so of the user and of the backup. */
static void
signed_data(struct span data)
{
	AUTO(writer) json = writer_new(1 << 20), message = writer_new(1 << 20);
	const struct sha256 h = sha256_of(span_of(request));
	struct webauthn_expect expect = expected();
	uint8_t signature[SIGNATURE_LEN];
	size_t len = sizeof(signature);
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	struct webauthn_assertion a;

	writer_bytes(&message, data);
	writer_bytes(&message, sha256_span(&h));
	promise(EVP_DigestSignInit(md, NULL, NULL, NULL, country()->land) == 1 &&
		EVP_DigestSign(md, signature, &len, message.ptr, message.len) == 1);
	EVP_MD_CTX_free(md);
	write_message(&json, request, "authenticatorData", data, span_at(signature, len));
	expect.user_verification = true;
	if (webauthn_authenticate(writer_span(&json), &expect, credential(), &a) != ERR_OK)
		return;
	promise(a.user_verified && (a.flags & 5) == 5 && a.credential_id_len == sizeof(id) &&
		a.user_handle_len == sizeof(id));
	promise(webauthn_backup_accepts(a.backup_eligible, &a) && !webauthn_backup_accepts(!a.backup_eligible, &a));
	promise(webauthn_counter_accepts(0, a.counter) &&
		webauthn_counter_accepts(a.counter, a.counter) == (a.counter == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(writer) json = writer_new(1 << 20);
	struct span rest;

	if (size == 0)
		return 0;
	rest = span_at(data + 1, size - 1);
	if (data[0] == 'R')
		registers(rest);
	if (data[0] == 'A')
		authenticates(rest);
	if (data[0] == 'O') {
		write_message(&json, creation, "attestationObject", rest, span_at(id, sizeof(id)));
		registers(writer_span(&json));
	}
	if (data[0] == 'V')
		signed_data(rest);
	if (data[0] == 'E') {
		write_message(&json, request, "authenticatorData", rest, span_at(id, sizeof(id)));
		authenticates(writer_span(&json));
	}
	return 0;
}
