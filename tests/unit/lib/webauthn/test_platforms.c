#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/core_names.h>

#include "base/encode.h"
#include "statements.h"
#include "webauthn/cbor.h"

#define KEY_DESCRIPTION "1.3.6.1.4.1.11129.2.1.17"
#define APPLE_NONCE "1.2.840.113635.100.8.2"

/* ---- android-key ---- */
static enum err
android(struct trial *t, const char *software, const char *hardware, EVP_PKEY *certified, bool good_challenge)
{
	AUTO(writer) client_data = writer_new(4096);
	AUTO(writer) value = writer_new(1024);
	AUTO(writer) w = writer_new(16384);
	struct sha256 h;
	const size_t len = 4 + 3 + 3 + 3 + 34 + 2 + (strlen(software) + strlen(hardware)) / 2;

	forge_client_data(&client_data, &t->forgery);
	h = sha256_of(writer_span(&client_data));
	h.bytes[0] ^= good_challenge ? 0 : 1;
	writer_format(&value, "DER:30%02zx0202012c0a01010201040a01010420", len);
	hex_write(&value, sha256_span(&h));
	writer_format(&value, "0400%s%s", software, hardware);
	t->order.key = certified;
	t->order.extensions[0] = (struct maker_extension){KEY_DESCRIPTION, (const char *)writer_span(&value).ptr};
	write_statement(&w, t, -7, certified, &t->order);
	const enum err e = trial_registers(t, "android-key", &w);

	t->order.extensions[0] = (struct maker_extension){NULL, NULL};
	return e;
}

static void
android_with_a_good_description_is_anchored(void **state)
{
	struct trial *t = *state;

	is_accepted(android(t, "3000", "300ea1053103020102bf853e03020100", t->forgery.key, true));
	assert_int_equal(t->trust, WEBAUTHN_TRUST_ANCHORED);
	is_accepted(android(t, "3000", "3000", t->forgery.key, true));
}

static void
android_with_a_description_against_8_4_is_refused(void **state)
{
	struct trial *t = *state;

	is_refused(android(t, "3000", "3007bf853e03020101", t->forgery.key, true), ERR_MISMATCH, "origin");
	is_refused(android(t, "3007bf853e03020102", "3000", t->forgery.key, true), ERR_MISMATCH, "origin");
	is_refused(android(t, "3000", "3007a1053103020103", t->forgery.key, true), ERR_MISMATCH, "purpose");
	is_refused(android(t, "3000", "300aa1083106020102020103", t->forgery.key, true), ERR_MISMATCH, "purpose");
	is_refused(android(t, "3006bf8458020500", "3000", t->forgery.key, true), ERR_MISMATCH, "all applications");
	is_refused(android(t, "3000", "3006bf8458020500", t->forgery.key, true), ERR_MISMATCH, "all applications");
	is_refused(android(t, "3000", "3000", t->forgery.key, false), ERR_MISMATCH, "attestationChallenge");
	is_refused(android(t, "3000", "3000", t->maker.key, true), ERR_MISMATCH, "not the credential's");
	is_refused(android(t, "3000", "3003020100", t->forgery.key, true), ERR_MALFORMED, "");
	is_refused(android(t, "3000", "30003000", t->forgery.key, true), ERR_MALFORMED, "description");
}

static void
android_without_a_description_is_refused(void **state)
{
	struct trial *t = *state;
	AUTO(writer) w = writer_new(16384);

	t->order.key = t->forgery.key;
	write_statement(&w, t, -7, t->forgery.key, &t->order);
	is_refused(trial_registers(t, "android-key", &w), ERR_MISMATCH, "no key description");
}

/* ---- apple ---- */
static enum err
apple(struct trial *t, const char *prefix, uint8_t flip, EVP_PKEY *certified)
{
	AUTO(writer) attested = writer_new(4096);
	AUTO(writer) value = writer_new(1024);
	AUTO(writer) der = writer_new(8192);
	AUTO(writer) w = writer_new(16384);

	forge_attested(&attested, &t->forgery);
	struct sha256 nonce = sha256_of(writer_span(&attested));

	nonce.bytes[31] ^= flip;
	writer_text(&value, prefix);
	hex_write(&value, sha256_span(&nonce));
	t->order.key = certified;
	t->order.extensions[0] = (struct maker_extension){APPLE_NONCE, (const char *)writer_span(&value).ptr};
	maker_certificate(&der, &t->maker, &t->order);
	cbor_write_map(&w, 1);
	cbor_write_text(&w, SPAN("x5c"));
	cbor_write_array(&w, 1);
	cbor_write_bytes(&w, writer_span(&der));
	const enum err e = trial_registers(t, "apple", &w);

	t->order.extensions[0] = (struct maker_extension){NULL, NULL};
	return e;
}

static void
apple_is_for_this_nonce_and_key_only(void **state)
{
	struct trial *t = *state;

	is_accepted(apple(t, "DER:3024a1220420", 0, t->forgery.key));
	assert_int_equal(t->trust, WEBAUTHN_TRUST_ANCHORED);
	is_refused(apple(t, "DER:3024a1220420", 1, t->forgery.key), ERR_MISMATCH, "nonce");
	is_refused(apple(t, "DER:3024a1220420", 0, t->maker.key), ERR_MISMATCH, "not the credential's");
	is_refused(apple(t, "DER:3024a2220420", 0, t->forgery.key), ERR_MALFORMED, "nonce");
}

/* ---- fido-u2f ---- */
static enum err
u2f(struct trial *t, EVP_PKEY *signer, size_t certificates)
{
	AUTO(writer) client_data = writer_new(4096);
	AUTO(writer) data = writer_new(4096);
	AUTO(writer) signature = writer_new(512);
	AUTO(writer) der = writer_new(8192);
	AUTO(writer) w = writer_new(32768);
	const struct sha256 rp = sha256_of(span_of(t->forgery.rp_id));
	uint8_t point[65];
	size_t len;

	forge_client_data(&client_data, &t->forgery);
	const struct sha256 h = sha256_of(writer_span(&client_data));

	assert_int_equal(EVP_PKEY_get_octet_string_param(t->forgery.key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point),
				 &len),
		1);
	writer_u8(&data, 0);
	writer_bytes(&data, sha256_span(&rp));
	writer_bytes(&data, sha256_span(&h));
	writer_bytes(&data, span_at(forge_credential_id, sizeof(forge_credential_id)));
	writer_bytes(&data, span_at(point, len));
	forge_signature(&signature, signer, writer_span(&data));
	maker_certificate(&der, &t->maker, &t->order);
	cbor_write_map(&w, 2);
	cbor_write_text(&w, SPAN("sig"));
	cbor_write_bytes(&w, writer_span(&signature));
	cbor_write_text(&w, SPAN("x5c"));
	cbor_write_array(&w, certificates);
	for (size_t i = 0; i < certificates; i++)
		cbor_write_bytes(&w, writer_span(&der));
	return trial_registers(t, "fido-u2f", &w);
}

static void
u2f_has_one_certificate_whose_key_signs(void **state)
{
	struct trial *t = *state;

	is_accepted(u2f(t, t->maker.key, 1));
	assert_int_equal(t->trust, WEBAUTHN_TRUST_ANCHORED);
	is_refused(u2f(t, t->maker.key, 2), ERR_MALFORMED, "exactly one");
	is_refused(u2f(t, t->forgery.key, 1), ERR_BAD_SIGNATURE, "not the certificate's");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TRIAL(android_with_a_good_description_is_anchored),
		TRIAL(android_with_a_description_against_8_4_is_refused),
		TRIAL(android_without_a_description_is_refused),
		TRIAL(apple_is_for_this_nonce_and_key_only),
		TRIAL(u2f_has_one_certificate_whose_key_signs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
