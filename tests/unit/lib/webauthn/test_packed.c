#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "statements.h"
#include "webauthn/cbor.h"

#define ID_FIDO_GEN_CE_AAGUID "1.3.6.1.4.1.45724.1.1.4"

static enum err
packed(struct trial *t)
{
	AUTO(writer) w = writer_new(16384);

	write_statement(&w, t, -7, t->maker.key, &t->order);
	return trial_registers(t, "packed", &w);
}

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
	return trial_registers(t, "packed", &w);
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
	is_refused(trial_registers(t, "packed", &w), ERR_BAD_SIGNATURE, "not the certificate's");
}

static void
packed_with_an_algorithm_that_is_not_the_keys_is_refused(void **state)
{
	struct trial *t = *state;
	static const int64_t others[] = {-35, -257, -8};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		AUTO(writer) w = writer_new(16384);

		write_statement(&w, t, others[i], t->maker.key, &t->order);
		is_refused(trial_registers(t, "packed", &w), ERR_MISMATCH, "not one for");
	}
	AUTO(writer) w = writer_new(16384);

	write_statement(&w, t, -999, t->maker.key, &t->order);
	is_refused(trial_registers(t, "packed", &w), ERR_UNSUPPORTED, "-999");
}

static void
self_attestation_is_by_the_credentials_key_and_algorithm(void **state)
{
	struct trial *t = *state;
	AUTO(writer) good = writer_new(16384);
	AUTO(writer) other_key = writer_new(16384);
	AUTO(writer) other_algorithm = writer_new(16384);

	write_statement(&good, t, -7, t->forgery.key, NULL);
	is_accepted(trial_registers(t, "packed", &good));
	assert_int_equal(t->trust, WEBAUTHN_TRUST_SELF);
	write_statement(&other_key, t, -7, t->maker.key, NULL);
	is_refused(trial_registers(t, "packed", &other_key), ERR_BAD_SIGNATURE, "self attestation");
	write_statement(&other_algorithm, t, -9, t->forgery.key, NULL);
	is_refused(trial_registers(t, "packed", &other_algorithm), ERR_MISMATCH, "another algorithm");
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
		assert_int_equal(trial_registers(t, "packed", &w), ERR_MALFORMED);
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
	assert_int_equal(trial_registers(t, "packed", &w), ERR_TOO_LONG);
}

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
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
