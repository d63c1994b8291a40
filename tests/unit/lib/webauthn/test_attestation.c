#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/core_names.h>

#include "base/encode.h"
#include "forge.h"
#include "maker.h"
#include "webauthn/cbor.h"

#define ID_FIDO_GEN_CE_AAGUID "1.3.6.1.4.1.45724.1.1.4"
#define KEY_DESCRIPTION "1.3.6.1.4.1.11129.2.1.17"
#define APPLE_NONCE "1.2.840.113635.100.8.2"

/* A registration with a certified statement, and what is expected of it. */
struct trial {
	struct forgery forgery;
	struct maker maker;
	struct maker_order order;
	struct webauthn_expect expect;
	enum webauthn_trust trust;
};

static int
trial_open(void **state)
{
	static struct trial t;

	t = (struct trial){.forgery = forgery_new(true),
		.maker = maker_new("Test Maker Root"),
		.expect = forge_expect()};
	t.order = maker_order_packed(&t.maker);
	t.expect.attestation_trust = t.maker.root_pem;
	*state = &t;
	return 0;
}

static int
trial_close(void **state)
{
	struct trial *t = *state;

	forgery_free(&t->forgery);
	maker_free(&t->maker);
	return 0;
}

static enum err
registers(struct trial *t, const char *format, const struct writer *statement)
{
	AUTO(writer) object = writer_new(16384);
	AUTO(writer) json = writer_new(MAX_WEBAUTHN_JSON);
	struct webauthn_credential c;

	assert_int_equal(writer_done(statement), ERR_OK);
	forge_object(&object, &t->forgery, format, writer_span(statement));
	forge_registration(&json, &t->forgery, writer_span(&object));
	const enum err e = webauthn_register(writer_span(&json), &t->expect, &c);

	t->trust = c.trust;
	return e;
}

static void
is_refused(enum err e, enum err expected, const char *why)
{
	if (e != expected || strstr(err_why(), why) == NULL)
		fail_msg("%s (%s) where %s (…%s…) belongs", err_name(e), err_why(), err_name(expected), why);
}

static void
is_accepted(enum err e)
{
	if (e != ERR_OK)
		fail_msg("%s: %s", err_name(e), err_why());
}

/* {alg, sig, x5c} over the usual bytes. */
static void
write_statement(struct writer *w, const struct trial *t, int64_t alg, EVP_PKEY *signer, const struct maker_order *order)
{
	AUTO(writer) attested = writer_new(4096);
	AUTO(writer) signature = writer_new(512);
	AUTO(writer) der = writer_new(8192);

	forge_attested(&attested, &t->forgery);
	forge_signature(&signature, signer, writer_span(&attested));
	cbor_write_map(w, order != NULL ? 3 : 2);
	cbor_write_text(w, SPAN("alg"));
	cbor_write_int(w, alg);
	cbor_write_text(w, SPAN("sig"));
	cbor_write_bytes(w, writer_span(&signature));
	if (order == NULL)
		return;
	maker_certificate(&der, &t->maker, order);
	cbor_write_text(w, SPAN("x5c"));
	cbor_write_array(w, 1);
	cbor_write_bytes(w, writer_span(&der));
}

static enum err
packed(struct trial *t)
{
	AUTO(writer) w = writer_new(16384);

	write_statement(&w, t, -7, t->maker.key, &t->order);
	return registers(t, "packed", &w);
}

/* ---- packed ---- */
static void
packed_with_a_good_certificate_is_anchored(void **state)
{
	struct trial *t = *state;

	t->order.extensions[0] =
		(struct maker_extension){ID_FIDO_GEN_CE_AAGUID, "DER:041001020304050607080102030405060708"};
	is_accepted(packed(t));
	assert_int_equal(t->trust, WEBAUTHN_TRUST_ANCHORED);
	t->expect.attestation_trust = NULL;
	is_accepted(packed(t));
	assert_int_equal(t->trust, WEBAUTHN_TRUST_UNANCHORED);
}

static void
packed_from_a_maker_that_is_not_accepted_is_refused(void **state)
{
	struct trial *t = *state;
	struct maker other = maker_new("Test Maker Root");

	t->expect.attestation_trust = other.root_pem;
	is_refused(packed(t), ERR_UNTRUSTED, "no accepted root");
	maker_free(&other);
	t->expect.attestation_trust = "no PEM";
	is_refused(packed(t), ERR_CONFIG, "PEM");
}

/* x5c = attestation certificate by the intermediate, then that intermediate (by root), or another one. */
static enum err
packed_by(struct trial *t, const struct maker *intermediate, struct span second)
{
	AUTO(writer) attested = writer_new(4096);
	AUTO(writer) signature = writer_new(512);
	AUTO(writer) der = writer_new(8192);
	AUTO(writer) w = writer_new(16384);

	forge_attested(&attested, &t->forgery);
	forge_signature(&signature, t->maker.key, writer_span(&attested));
	maker_certificate(&der, intermediate, &t->order);
	cbor_write_map(&w, 3);
	cbor_write_text(&w, SPAN("alg"));
	cbor_write_int(&w, -7);
	cbor_write_text(&w, SPAN("sig"));
	cbor_write_bytes(&w, writer_span(&signature));
	cbor_write_text(&w, SPAN("x5c"));
	cbor_write_array(&w, 2);
	cbor_write_bytes(&w, writer_span(&der));
	cbor_write_bytes(&w, second);
	return registers(t, "packed", &w);
}

/* The DER of an intermediate over its key, issued by the trial's root; ca: is it a CA at all? */
static void
write_intermediate(struct writer *der, const struct trial *t, const struct maker *intermediate, bool ca)
{
	const struct maker_order order = {
		.key = intermediate->root_key,
		.version = 2,
		.name = "Test Maker Intermediate",
		.basic_constraints = ca ? "critical,CA:TRUE" : "critical,CA:FALSE",
	};

	maker_certificate(der, &t->maker, &order);
}

static void
packed_through_an_intermediate_needs_every_link(void **state)
{
	struct trial *t = *state;
	struct maker intermediate = maker_new("Test Maker Intermediate"),
		     stranger = maker_new("Test Maker Intermediate");
	AUTO(writer) good = writer_new(8192);
	AUTO(writer) no_ca = writer_new(8192);
	AUTO(writer) other = writer_new(8192);

	write_intermediate(&good, t, &intermediate, true);
	write_intermediate(&no_ca, t, &intermediate, false);
	write_intermediate(&other, t, &stranger, true);
	is_accepted(packed_by(t, &intermediate, writer_span(&good)));
	assert_int_equal(t->trust, WEBAUTHN_TRUST_ANCHORED);
	is_refused(packed_by(t, &intermediate, writer_span(&no_ca)), ERR_UNTRUSTED, "root");
	is_refused(packed_by(t, &intermediate, writer_span(&other)), ERR_UNTRUSTED, "root");
	t->expect.attestation_trust = NULL;
	is_accepted(packed_by(t, &intermediate, writer_span(&good)));
	assert_int_equal(t->trust, WEBAUTHN_TRUST_UNANCHORED);
	is_refused(packed_by(t, &intermediate, writer_span(&other)), ERR_UNTRUSTED, "not signed by the next");
	maker_free(&intermediate);
	maker_free(&stranger);
}

static void
packed_outside_its_validity_is_refused(void **state)
{
	struct trial *t = *state;

	t->expect.at = 1900000001;
	is_refused(packed(t), ERR_UNTRUSTED, "expired");
	t->expect.at = 1600000000;
	is_refused(packed(t), ERR_UNTRUSTED, "not yet valid");
}

static void
packed_with_another_aaguid_in_the_certificate_is_refused(void **state)
{
	struct trial *t = *state;

	t->order.extensions[0] =
		(struct maker_extension){ID_FIDO_GEN_CE_AAGUID, "DER:041001020304050607080102030405060709"};
	is_refused(packed(t), ERR_MISMATCH, "another AAGUID");
	t->order.extensions[0].value = "critical,DER:041001020304050607080102030405060708";
	is_refused(packed(t), ERR_MISMATCH, "critical");
	t->order.extensions[0].value = "DER:0102030405060708";
	is_refused(packed(t), ERR_MALFORMED, "16 bytes");
	t->order.extensions[0].value = "DER:041001020304050607080102030405060708";
	t->order.extensions[1] = t->order.extensions[0];
	is_refused(packed(t), ERR_MALFORMED, "twice");
}

static void
packed_with_a_subject_against_8_2_1_is_refused(void **state)
{
	struct trial *t = *state;
	const struct maker_order good = t->order;

	t->order.unit = "Authenticator attestation";
	is_refused(packed(t), ERR_MISMATCH, "OU");
	t->order.unit = NULL;
	is_refused(packed(t), ERR_MISMATCH, "OU");
	t->order = good;
	t->order.country = NULL;
	is_refused(packed(t), ERR_MISMATCH, " C");
	t->order = good;
	t->order.organization = NULL;
	is_refused(packed(t), ERR_MISMATCH, " O");
	t->order = good;
	t->order.name = NULL;
	is_refused(packed(t), ERR_MISMATCH, "CN");
}

static void
packed_by_a_ca_or_an_old_version_is_refused(void **state)
{
	struct trial *t = *state;

	t->order.basic_constraints = "critical,CA:TRUE";
	is_refused(packed(t), ERR_MISMATCH, "CA's");
	t->order.basic_constraints = NULL;
	is_refused(packed(t), ERR_MISMATCH, "basic constraints");
	t->order.version = 0;
	is_refused(packed(t), ERR_MISMATCH, "version 3");
}

static void
packed_signed_by_another_key_is_refused(void **state)
{
	struct trial *t = *state;
	AUTO(writer) w = writer_new(16384);

	write_statement(&w, t, -7, t->forgery.key, &t->order);
	is_refused(registers(t, "packed", &w), ERR_BAD_SIGNATURE, "not the certificate's");
}

static void
packed_with_an_algorithm_that_is_not_the_keys_is_refused(void **state)
{
	struct trial *t = *state;
	static const int64_t others[] = {-35, -257, -8};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		AUTO(writer) w = writer_new(16384);

		write_statement(&w, t, others[i], t->maker.key, &t->order);
		is_refused(registers(t, "packed", &w), ERR_MISMATCH, "not one for");
	}
	AUTO(writer) w = writer_new(16384);

	write_statement(&w, t, -999, t->maker.key, &t->order);
	is_refused(registers(t, "packed", &w), ERR_UNSUPPORTED, "-999");
}

static void
self_attestation_is_by_the_credentials_key_and_algorithm(void **state)
{
	struct trial *t = *state;
	AUTO(writer) good = writer_new(16384);
	AUTO(writer) other_key = writer_new(16384);
	AUTO(writer) other_algorithm = writer_new(16384);

	write_statement(&good, t, -7, t->forgery.key, NULL);
	is_accepted(registers(t, "packed", &good));
	assert_int_equal(t->trust, WEBAUTHN_TRUST_SELF);
	write_statement(&other_key, t, -7, t->maker.key, NULL);
	is_refused(registers(t, "packed", &other_key), ERR_BAD_SIGNATURE, "self attestation");
	write_statement(&other_algorithm, t, -9, t->forgery.key, NULL);
	is_refused(registers(t, "packed", &other_algorithm), ERR_MISMATCH, "another algorithm");
}

static void
statements_with_foreign_missing_or_empty_members_are_refused(void **state)
{
	struct trial *t = *state;
	static const struct {
		const char *cbor;
		size_t len;
	} bad[] = {
#define BAD(literal) {literal, sizeof(literal) - 1}
		BAD("\xa0"),
		BAD("\xa1\x63"
		    "alg\x26"),
		BAD("\xa3\x63"
		    "alg\x26\x63sig\x41\x00\x63x5c\x80"),
		BAD("\xa3\x63"
		    "alg\x26\x63sig\x41\x00\x63x5c\x81\x41\x00"),
		BAD("\xa3\x63"
		    "alg\x26\x63sig\x41\x00\x63ver\x63"
		    "2.0"),
		BAD("\xa3\x63"
		    "alg\x26\x63sig\x41\x00\x6a"
		    "ecdaaKeyId\x41\x00"),
		BAD("\xa2\x63"
		    "alg\x63sig\x63sig\x41\x00"),
		BAD("\xa2\x01\x26\x02\x41\x00"),
		BAD("\x80"),
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		AUTO(writer) w = writer_new(256);

		writer_bytes(&w, span_at(bad[i].cbor, bad[i].len));
		assert_int_equal(registers(t, "packed", &w), ERR_MALFORMED);
	}
}

static void
more_certificates_than_the_limit_are_refused(void **state)
{
	struct trial *t = *state;
	AUTO(writer) w = writer_new(256);

	writer_bytes(&w,
		SPAN("\xa3\x63"
		     "alg\x26\x63sig\x41\x00\x63x5c\x89\x41\x00\x41\x00\x41\x00\x41\x00\x41\x00\x41\x00\x41\x00\x41\x00\x41\x00"));
	assert_int_equal(registers(t, "packed", &w), ERR_TOO_LONG);
}

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
	const enum err e = registers(t, "android-key", &w);

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
	is_refused(registers(t, "android-key", &w), ERR_MISMATCH, "no key description");
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
	const enum err e = registers(t, "apple", &w);

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
	return registers(t, "fido-u2f", &w);
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

#define TRIAL(name) cmocka_unit_test_setup_teardown(name, trial_open, trial_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TRIAL(packed_with_a_good_certificate_is_anchored),
		TRIAL(packed_from_a_maker_that_is_not_accepted_is_refused),
		TRIAL(packed_through_an_intermediate_needs_every_link),
		TRIAL(packed_outside_its_validity_is_refused),
		TRIAL(packed_with_another_aaguid_in_the_certificate_is_refused),
		TRIAL(packed_with_a_subject_against_8_2_1_is_refused),
		TRIAL(packed_by_a_ca_or_an_old_version_is_refused),
		TRIAL(packed_signed_by_another_key_is_refused),
		TRIAL(packed_with_an_algorithm_that_is_not_the_keys_is_refused),
		TRIAL(self_attestation_is_by_the_credentials_key_and_algorithm),
		TRIAL(statements_with_foreign_missing_or_empty_members_are_refused),
		TRIAL(more_certificates_than_the_limit_are_refused),
		TRIAL(android_with_a_good_description_is_anchored),
		TRIAL(android_with_a_description_against_8_4_is_refused),
		TRIAL(android_without_a_description_is_refused),
		TRIAL(apple_is_for_this_nonce_and_key_only),
		TRIAL(u2f_has_one_certificate_whose_key_signs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
