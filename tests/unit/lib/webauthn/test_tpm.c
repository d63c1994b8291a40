#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include "forge.h"
#include "maker.h"
#include "webauthn/attestation/tpm_structures.h"
#include "webauthn/cbor.h"

/* Alternative names (TCG EK Credential Profile 3.2.9) in DER: maker "id:54455354", model "x", version "id:1"; and wrong ones. */
#define TPM_NAME \
	"DER:303ba439303731163014060567810502010c0b69643a3534343535333534310c300a060567810502020c0178310f300d060567810502030c0469643a31"
#define NO_VENDOR \
	"DER:303ba439303731163014060567810502010c0b54657374204d616b657221310c300a060567810502020c0178310f300d060567810502030c0469643a31"
#define NO_MODEL "DER:302da42b302931163014060567810502010c0b69643a3534343535333534310f300d060567810502030c0469643a31"
#define NO_VERSION "DER:302aa428302631163014060567810502010c0b69643a3534343535333534310c300a060567810502020c0178"
#define NO_MAKER "DER:3023a421301f310c300a060567810502020c0178310f300d060567810502030c0469643a31"

/* A TPM's registration, and what may be wrong with it. */
struct trial {
	struct forgery forgery;
	struct maker maker;
	struct maker_order order;
	struct webauthn_expect expect;
	int64_t alg;
	const char *digest, *version;
	uint32_t magic;
	uint16_t type;
	uint8_t flip_extra, flip_name, flip_key;
	struct span area_tail, info_tail;
};

static int
trial_open(void **state)
{
	static struct trial t;

	t = (struct trial){.forgery = forgery_new(true),
		.maker = maker_new("Test Maker Root"),
		.expect = forge_expect()};
	t.alg = -7;
	t.digest = "SHA256";
	t.version = "2.0";
	t.magic = 0xff544347;
	t.type = 0x8017;
	t.order = (struct maker_order){.key = t.maker.key, .version = 2, .basic_constraints = "critical,CA:FALSE"};
	t.order.extensions[0] = (struct maker_extension){"extendedKeyUsage", "2.23.133.8.3"};
	t.order.extensions[1] = (struct maker_extension){"2.5.29.17", TPM_NAME};
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

/* What Windows has: an RSA credential, certified with SHA-1. */
static void
make_windows(struct trial *t)
{
	EVP_PKEY_free(t->forgery.key);
	EVP_PKEY_free(t->maker.key);
	t->forgery.key = EVP_RSA_gen(2048);
	t->forgery.cose_alg = -257;
	t->maker.key = EVP_RSA_gen(2048);
	t->order.key = t->maker.key;
	t->alg = -65535;
	t->digest = "SHA1";
}

static void
write_area(struct writer *w, const struct trial *t)
{
	static const uint8_t policy[32] = {1};
	uint8_t numbers[256];
	BIGNUM *n = NULL;
	size_t len;

	if (EVP_PKEY_is_a(t->forgery.key, "RSA")) {
		assert_int_equal(EVP_PKEY_get_bn_param(t->forgery.key, OSSL_PKEY_PARAM_RSA_N, &n), 1);
		assert_int_equal(BN_bn2bin(n, numbers), 256);
		BN_free(n);
		writer_bytes(w, SPAN("\x00\x01\x00\x0b\x00\x06\x04\x72"));
		writer_block16(w, span_at(policy, sizeof(policy)));
		writer_bytes(w, SPAN("\x00\x10\x00\x10\x08\x00\x00\x00\x00\x00"));
		numbers[255] ^= (uint8_t)(t->flip_key << 1);
		writer_block16(w, span_at(numbers, 256));
	} else {
		assert_int_equal(EVP_PKEY_get_octet_string_param(t->forgery.key, OSSL_PKEY_PARAM_PUB_KEY, numbers,
					 sizeof(numbers), &len),
			1);
		writer_bytes(w, SPAN("\x00\x23\x00\x0b\x00\x04\x04\x72\x00\x00\x00\x10\x00\x10\x00\x03\x00\x10"));
		numbers[64] ^= t->flip_key;
		writer_block16(w, span_at(numbers + 1, 32));
		writer_block16(w, span_at(numbers + 33, 32));
	}
	writer_bytes(w, t->area_tail);
}

static void
write_info(struct writer *w, const struct trial *t, struct span area)
{
	static const uint8_t path[34] = {0x00, 0x0b}, clock[25] = {[16] = 1};
	AUTO(writer) attested = writer_new(4096);
	struct sha256 h = sha256_of(area);
	uint8_t extra[EVP_MAX_MD_SIZE];
	size_t len;

	forge_attested(&attested, &t->forgery);
	assert_int_equal(EVP_Q_digest(NULL, t->digest, NULL, attested.ptr, attested.len, extra, &len), 1);
	extra[0] ^= t->flip_extra;
	h.bytes[31] ^= t->flip_name;
	writer_u32(w, t->magic);
	writer_u16(w, t->type);
	writer_block16(w, span_at(path, sizeof(path)));
	writer_block16(w, span_at(extra, len));
	writer_bytes(w, span_at(clock, sizeof(clock)));
	writer_u16(w, 34);
	writer_u16(w, 0x000b);
	writer_bytes(w, sha256_span(&h));
	writer_block16(w, span_at(path, sizeof(path)));
	writer_bytes(w, t->info_tail);
}

static void
member(struct writer *w, const char *name, struct span bytes)
{
	cbor_write_text(w, span_of(name));
	cbor_write_bytes(w, bytes);
}

static enum err
registers(struct trial *t, EVP_PKEY *signer)
{
	AUTO(writer) area = writer_new(4096);
	AUTO(writer) info = writer_new(4096);
	AUTO(writer) signature = writer_new(512);
	AUTO(writer) der = writer_new(8192);
	AUTO(writer) w = writer_new(16384);
	AUTO(writer) object = writer_new(16384);
	AUTO(writer) json = writer_new(MAX_WEBAUTHN_JSON);
	struct webauthn_credential c;

	write_area(&area, t);
	write_info(&info, t, writer_span(&area));
	forge_signature_by(&signature, signer, t->digest, writer_span(&info));
	maker_certificate(&der, &t->maker, &t->order);
	cbor_write_map(&w, 6);
	cbor_write_text(&w, SPAN("alg"));
	cbor_write_int(&w, t->alg);
	member(&w, "sig", writer_span(&signature));
	cbor_write_text(&w, SPAN("ver"));
	cbor_write_text(&w, span_of(t->version));
	cbor_write_text(&w, SPAN("x5c"));
	cbor_write_array(&w, 1);
	cbor_write_bytes(&w, writer_span(&der));
	member(&w, "pubArea", writer_span(&area));
	member(&w, "certInfo", writer_span(&info));
	assert_int_equal(writer_done(&w), ERR_OK);
	forge_object(&object, &t->forgery, "tpm", writer_span(&w));
	forge_registration(&json, &t->forgery, writer_span(&object));
	return webauthn_register(writer_span(&json), &t->expect, &c);
}

static void
is_refused(struct trial *t, enum err expected, const char *why)
{
	const enum err e = registers(t, t->maker.key);

	if (e != expected || strstr(err_why(), why) == NULL)
		fail_msg("%s (%s) where %s (…%s…) belongs", err_name(e), err_why(), err_name(expected), why);
}

static void
is_accepted(struct trial *t)
{
	const enum err e = registers(t, t->maker.key);

	if (e != ERR_OK)
		fail_msg("%s: %s", err_name(e), err_why());
}

static void
elliptic_and_windows_statements_are_accepted(void **state)
{
	struct trial *t = *state;

	is_accepted(t);
	make_windows(t);
	is_accepted(t); /* libfido2 is asked too: this is the one shape it knows */
}

static void
a_structure_no_tpm_made_is_refused(void **state)
{
	struct trial *t = *state;

	t->magic = 0xff544348;
	is_refused(t, ERR_MALFORMED, "not made by a TPM");
	t->magic = 0xff544347;
	t->type = 0x8018; /* a quote */
	is_refused(t, ERR_MALFORMED, "CERTIFY");
	t->type = 0x8017;
	t->version = "1.2";
	is_refused(t, ERR_UNSUPPORTED, "2.0");
}

static void
another_registrations_certification_is_refused(void **state)
{
	struct trial *t = *state;

	t->flip_extra = 1;
	is_refused(t, ERR_MISMATCH, "extraData");
	make_windows(t);
	is_refused(t, ERR_MISMATCH, "extraData");
}

static void
another_object_or_key_is_refused(void **state)
{
	struct trial *t = *state;

	t->flip_name = 1;
	is_refused(t, ERR_MISMATCH, "another object");
	make_windows(t);
	is_refused(t, ERR_MISMATCH, "another object");
	t->flip_name = 0;
	t->flip_key = 1;
	is_refused(t, ERR_MISMATCH, "not the credential's key");
}

static void
trailing_bytes_are_refused(void **state)
{
	struct trial *t = *state;

	t->area_tail = SPAN("\x00");
	is_refused(t, ERR_MALFORMED, "");
	t->area_tail = SPAN("");
	t->info_tail = SPAN("\x00");
	is_refused(t, ERR_MALFORMED, "");
}

static void
another_signer_is_refused(void **state)
{
	struct trial *t = *state;

	assert_int_equal(registers(t, t->forgery.key), ERR_BAD_SIGNATURE);
	make_windows(t);
	assert_int_equal(registers(t, t->forgery.key), ERR_BAD_SIGNATURE);
}

static void
sha1_is_for_statements_only(void **state)
{
	struct trial *t = *state;

	make_windows(t);
	t->forgery.cose_alg = -65535;
	is_refused(t, ERR_UNSUPPORTED, "-65535");
}

static void
a_certificate_against_8_3_1_is_refused(void **state)
{
	static const char *const names[] = {NO_VENDOR, NO_MODEL, NO_VERSION, NO_MAKER, "DNS:tpm.example"};
	struct trial *t = *state;
	const struct maker_order good = t->order;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		t->order.extensions[1] = (struct maker_extension){i < 4 ? "2.5.29.17" : "subjectAltName", names[i]};
		is_refused(t, ERR_MISMATCH, "alternative name");
	}
	t->order = good;
	t->order.name = "Test Authenticator One";
	is_refused(t, ERR_MISMATCH, "subject is not empty");
	t->order = good;
	t->order.extensions[0].value = "clientAuth";
	is_refused(t, ERR_MISMATCH, "AIKCertificate");
	t->order = good;
	t->order.basic_constraints = "critical,CA:TRUE";
	is_refused(t, ERR_MISMATCH, "CA's");
	t->order = good;
	t->order.extensions[2] =
		(struct maker_extension){"1.3.6.1.4.1.45724.1.1.4", "DER:041001020304050607080102030405060709"};
	is_refused(t, ERR_MISMATCH, "another AAGUID");
}

/* A TPM leaves out leading zeros; one coordinate in 256 is shorter. */
static void
a_short_coordinate_is_padded(void **state)
{
	static const uint8_t area[] = {0x00, 0x23, 0x00, 0x0b, 0, 0, 0, 0, 0, 0, 0x00, 0x10, 0x00, 0x10, 0x00, 0x03,
		0x00, 0x10, 0, 0, 0, 32,
		/* y of the point with x = 0 on P-256 */
		0x66, 0x48, 0x5c, 0x78, 0x0e, 0x2f, 0x83, 0xd7, 0x24, 0x33, 0xbd, 0x5d, 0x84, 0xa0, 0x6b, 0xb6, 0x54,
		0x1c, 0x2a, 0xf3, 0x1d, 0xae, 0x87, 0x17, 0x28, 0xbf, 0x85, 0x6a, 0x17, 0x4f, 0x93, 0xf4};
	struct tpm_public p;
	EVP_PKEY *key = NULL;

	(void)state;
	assert_int_equal(tpm_public_parse(span_at(area, sizeof(area)), &p), ERR_OK);
	assert_int_equal(tpm_public_key(&p, &key), ERR_OK);
	EVP_PKEY_free(key);
	for (size_t len = 0; len < sizeof(area); len++)
		assert_int_equal(tpm_public_parse(span_at(area, len), &p), ERR_MALFORMED);
}

#define TRIAL(name) cmocka_unit_test_setup_teardown(name, trial_open, trial_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TRIAL(elliptic_and_windows_statements_are_accepted),
		TRIAL(a_structure_no_tpm_made_is_refused),
		TRIAL(another_registrations_certification_is_refused),
		TRIAL(another_object_or_key_is_refused),
		TRIAL(trailing_bytes_are_refused),
		TRIAL(another_signer_is_refused),
		TRIAL(sha1_is_for_statements_only),
		TRIAL(a_certificate_against_8_3_1_is_refused),
		cmocka_unit_test(a_short_coordinate_is_padded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
