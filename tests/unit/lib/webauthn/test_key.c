#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/rsa.h>

#include "forge.h"
#include "webauthn/cbor.h"
#include "webauthn/key.h"

static enum err
parses(const struct writer *cose_key)
{
	AUTO(webauthn_key) *key = NULL;

	assert_int_equal(writer_done(cose_key), ERR_OK);
	const enum err e = webauthn_key_parse(writer_span(cose_key), &key);

	assert_int_equal(e == ERR_OK, key != NULL);
	return e;
}

/* kty and alg, which every key begins with. */
static void
open_key(struct writer *w, size_t pairs, int64_t kty, int64_t alg)
{
	cbor_write_map(w, pairs);
	cbor_write_int(w, 1);
	cbor_write_int(w, kty);
	cbor_write_int(w, 3);
	cbor_write_int(w, alg);
}

static void
member_int(struct writer *w, int64_t label, int64_t n)
{
	cbor_write_int(w, label);
	cbor_write_int(w, n);
}

static void
member_bytes(struct writer *w, int64_t label, struct span bytes)
{
	cbor_write_int(w, label);
	cbor_write_bytes(w, bytes);
}

/* The generator of P-256, a point that is surely on the curve. */
static const uint8_t gx[32] = {0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40,
	0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96};
static const uint8_t gy[32] = {0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e,
	0x16, 0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5};

static enum err
parses_point(int64_t alg, int64_t curve, struct span x, struct span y)
{
	AUTO(writer) w = writer_new(MAX_COSE_KEY);

	open_key(&w, 5, COSE_EC2, alg);
	member_int(&w, -1, curve);
	member_bytes(&w, -2, x);
	member_bytes(&w, -3, y);
	return parses(&w);
}

static void
a_point_on_the_curve_is_accepted(void **state)
{
	(void)state;
	assert_int_equal(parses_point(-7, 1, span_at(gx, 32), span_at(gy, 32)), ERR_OK);
	assert_int_equal(parses_point(-9, 1, span_at(gx, 32), span_at(gy, 32)), ERR_OK);
}

static void
a_point_off_the_curve_is_refused(void **state)
{
	static const uint8_t zero[32] = {0};
	uint8_t all_ones[32];

	(void)state;
	memset(all_ones, 0xff, sizeof(all_ones));
	assert_int_equal(parses_point(-7, 1, span_at(gx, 32), span_at(gx, 32)), ERR_MALFORMED);
	assert_int_equal(parses_point(-7, 1, span_at(zero, 32), span_at(zero, 32)), ERR_MALFORMED);
	assert_int_equal(parses_point(-7, 1, span_at(all_ones, 32), span_at(gy, 32)), ERR_MALFORMED);
}

static void
coordinates_of_another_length_are_refused(void **state)
{
	(void)state;
	assert_int_equal(parses_point(-7, 1, span_at(gx, 31), span_at(gy, 32)), ERR_MALFORMED);
	assert_int_equal(parses_point(-7, 1, span_at(gx, 32), span_at(gy, 0)), ERR_MALFORMED);
	assert_int_equal(parses_point(-35, 2, span_at(gx, 32), span_at(gy, 32)), ERR_MALFORMED);
}

static void
a_curve_that_is_not_the_algorithms_is_refused(void **state)
{
	(void)state;
	assert_int_equal(parses_point(-7, 2, span_at(gx, 32), span_at(gy, 32)), ERR_MALFORMED);
	assert_int_equal(parses_point(-35, 1, span_at(gx, 32), span_at(gy, 32)), ERR_MALFORMED);
	assert_int_equal(parses_point(-257, 1, span_at(gx, 32), span_at(gy, 32)), ERR_MALFORMED);
	assert_int_equal(parses_point(-47, 8, span_at(gx, 32), span_at(gy, 32)), ERR_UNSUPPORTED); /* secp256k1 */
}

static void
a_compressed_point_is_refused(void **state)
{
	AUTO(writer) w = writer_new(MAX_COSE_KEY);

	(void)state;
	open_key(&w, 5, COSE_EC2, -7);
	member_int(&w, -1, 1);
	member_bytes(&w, -2, span_at(gx, 32));
	cbor_write_int(&w, -3);
	writer_u8(&w, 0xf5); /* true */
	assert_int_equal(parses(&w), ERR_MALFORMED);
}

static void
members_missing_or_beyond_the_required_are_refused(void **state)
{
	AUTO(writer) w = writer_new(MAX_COSE_KEY);

	(void)state;
	open_key(&w, 4, COSE_EC2, -7);
	member_int(&w, -1, 1);
	member_bytes(&w, -2, span_at(gx, 32));
	assert_int_equal(parses(&w), ERR_MALFORMED);

	writer_reset(&w);
	cbor_write_map(&w, 6); /* with key_ops, which 6.5.1.1 forbids */
	member_int(&w, 1, 2);
	member_int(&w, 3, -7);
	member_int(&w, 4, 2);
	member_int(&w, -1, 1);
	member_bytes(&w, -2, span_at(gx, 32));
	member_bytes(&w, -3, span_at(gy, 32));
	assert_int_equal(parses(&w), ERR_MALFORMED);

	writer_reset(&w);
	open_key(&w, 6, COSE_EC2, -7); /* with a private half */
	member_int(&w, -1, 1);
	member_bytes(&w, -2, span_at(gx, 32));
	member_bytes(&w, -3, span_at(gy, 32));
	member_bytes(&w, -4, span_at(gx, 32));
	assert_int_equal(parses(&w), ERR_MALFORMED);

	writer_reset(&w);
	cbor_write_map(&w, 4); /* no alg */
	member_int(&w, 1, 2);
	member_int(&w, -1, 1);
	member_bytes(&w, -2, span_at(gx, 32));
	member_bytes(&w, -3, span_at(gy, 32));
	assert_int_equal(parses(&w), ERR_MALFORMED);
}

static enum err
parses_okp(int64_t alg, int64_t curve, size_t len)
{
	AUTO(writer) w = writer_new(MAX_COSE_KEY);
	static const uint8_t x[64] = {9, 8, 7};

	open_key(&w, 4, COSE_OKP, alg);
	member_int(&w, -1, curve);
	member_bytes(&w, -2, span_at(x, len));
	return parses(&w);
}

static void
edwards_keys_have_one_curve_and_one_length(void **state)
{
	(void)state;
	assert_int_equal(parses_okp(-8, 6, 32), ERR_OK);
	assert_int_equal(parses_okp(-19, 6, 32), ERR_OK);
	assert_int_equal(parses_okp(-53, 7, 57), ERR_OK);
	assert_int_equal(parses_okp(-8, 7, 57), ERR_MALFORMED); /* WebAuthn 5.8.5: EdDSA is Ed25519 */
	assert_int_equal(parses_okp(-53, 6, 32), ERR_MALFORMED);
	assert_int_equal(parses_okp(-8, 6, 31), ERR_MALFORMED);
	assert_int_equal(parses_okp(-8, 4, 32), ERR_MALFORMED); /* X25519 signs nothing */
}

static enum err
parses_rsa(size_t bytes, uint8_t first, uint8_t last, struct span e, int64_t alg)
{
	AUTO(writer) w = writer_new(4096);
	uint8_t n[1024];

	memset(n, 0x5a, sizeof(n));
	n[0] = first;
	n[bytes - 1] = last;
	open_key(&w, 4, COSE_RSA, alg);
	member_bytes(&w, -1, span_at(n, bytes));
	member_bytes(&w, -2, e);
	return parses(&w);
}

static void
rsa_keys_are_of_sane_sizes_and_one_form(void **state)
{
	const struct span e = SPAN("\x01\x00\x01");

	(void)state;
	assert_int_equal(parses_rsa(256, 0xc0, 0x01, e, -257), ERR_OK);
	assert_int_equal(parses_rsa(256, 0xc0, 0x01, e, -37), ERR_OK);
	assert_int_equal(parses_rsa(512, 0xc0, 0x01, e, -257), ERR_OK);
	assert_int_equal(parses_rsa(256, 0x7f, 0x01, e, -257), ERR_MALFORMED); /* 2047 bits */
	assert_int_equal(parses_rsa(128, 0xc0, 0x01, e, -257), ERR_MALFORMED);
	assert_int_equal(parses_rsa(513, 0xc0, 0x01, e, -257), ERR_MALFORMED);
	assert_int_equal(parses_rsa(1020, 0xc0, 0x01, e, -257), ERR_TOO_LONG);
	assert_int_equal(parses_rsa(257, 0x00, 0x01, e, -257), ERR_MALFORMED); /* leading zero */
	assert_int_equal(parses_rsa(256, 0xc0, 0x02, e, -257), ERR_MALFORMED); /* even */
	assert_int_equal(parses_rsa(256, 0xc0, 0x01, SPAN("\x01"), -257), ERR_MALFORMED);
	assert_int_equal(parses_rsa(256, 0xc0, 0x01, SPAN("\x02"), -257), ERR_MALFORMED);
	assert_int_equal(parses_rsa(256, 0xc0, 0x01, SPAN("\x00\x01\x00\x01"), -257), ERR_MALFORMED);
	assert_int_equal(parses_rsa(256, 0xc0, 0x01, SPAN("\x01\x00\x00\x00\x00\x00\x00\x00\x01"), -257),
		ERR_MALFORMED);
	assert_int_equal(parses_rsa(256, 0xc0, 0x01, e, -7), ERR_MALFORMED);
	assert_int_equal(parses_rsa(256, 0xc0, 0x01, e, -65535), ERR_UNSUPPORTED); /* SHA-1 */
}

static void
symmetric_keys_are_refused(void **state)
{
	AUTO(writer) w = writer_new(MAX_COSE_KEY);

	(void)state;
	open_key(&w, 3, 4, 5); /* HMAC */
	member_bytes(&w, -1, span_at(gx, 32));
	assert_int_equal(parses(&w), ERR_UNSUPPORTED);
}

static void
trailing_bytes_after_a_key_are_refused(void **state)
{
	struct forgery f = forgery_new(true);
	AUTO(writer) w = writer_new(MAX_COSE_KEY);

	(void)state;
	forge_cose_key(&w, &f);
	forgery_free(&f);
	assert_int_equal(parses(&w), ERR_OK);
	writer_u8(&w, 0);
	assert_int_equal(parses(&w), ERR_MALFORMED);
}

/* A signature that is no DER, or a longer DER for the same numbers, is another signature. */
static void
a_signature_in_another_encoding_is_refused(void **state)
{
	struct forgery f = forgery_new(true);
	AUTO(writer) cose_key = writer_new(MAX_COSE_KEY);
	AUTO(writer) signature = writer_new(256);
	AUTO(webauthn_key) *key = NULL;

	(void)state;
	forge_cose_key(&cose_key, &f);
	assert_int_equal(webauthn_key_parse(writer_span(&cose_key), &key), ERR_OK);
	forge_signature(&signature, f.key, SPAN("message"));
	forgery_free(&f);
	assert_int_equal(webauthn_key_verify(key, SPAN("message"), writer_span(&signature)), ERR_OK);
	assert_int_equal(webauthn_key_verify(key, SPAN("massage"), writer_span(&signature)), ERR_BAD_SIGNATURE);
	assert_int_equal(webauthn_key_verify(key, SPAN("message"), (struct span){NULL, 0}), ERR_BAD_SIGNATURE);
	assert_int_equal(webauthn_key_verify(key, SPAN("message"), SPAN("\x30\x06\x02\x01\x00\x02\x01\x00")),
		ERR_BAD_SIGNATURE);
	writer_u8(&signature, 0);
	assert_int_equal(webauthn_key_verify(key, SPAN("message"), writer_span(&signature)), ERR_BAD_SIGNATURE);
}

static void
sign_rsa(struct writer *w, EVP_PKEY *pkey, const char *digest, bool pss)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	uint8_t signature[512];
	size_t len = sizeof(signature);
	EVP_PKEY_CTX *padding;

	assert_int_equal(EVP_DigestSignInit_ex(c, &padding, digest, NULL, NULL, pkey, NULL), 1);
	if (pss) {
		assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(padding, RSA_PKCS1_PSS_PADDING), 1);
		assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(padding, RSA_PSS_SALTLEN_DIGEST), 1);
	}
	assert_int_equal(EVP_DigestSign(c, signature, &len, (const uint8_t *)"message", 7), 1);
	EVP_MD_CTX_free(c);
	writer_bytes(w, span_at(signature, len));
}

static const struct {
	int64_t alg;
	const char *digest;
	bool pss;
} rsa[] = {{-257, "SHA256", false}, {-258, "SHA384", false}, {-259, "SHA512", false}, {-37, "SHA256", true},
	{-38, "SHA384", true}, {-39, "SHA512", true}};

enum { RSA_ALGORITHMS = sizeof(rsa) / sizeof(rsa[0]) };

/* The prepared context is copied for each use: padding, salt length and digest must survive it. */
static void
an_rsa_signature_is_good_for_its_own_algorithm_only(void **state)
{
	struct forgery f = forgery_new(true);

	(void)state;
	EVP_PKEY_free(f.key);
	f.key = EVP_RSA_gen(2048);
	for (size_t i = 0; i < RSA_ALGORITHMS; i++) {
		AUTO(writer) signature = writer_new(512);

		sign_rsa(&signature, f.key, rsa[i].digest, rsa[i].pss);
		for (size_t k = 0; k < RSA_ALGORITHMS; k++) {
			AUTO(writer) cose_key = writer_new(MAX_COSE_KEY);
			AUTO(webauthn_key) *key = NULL;

			f.cose_alg = rsa[k].alg;
			forge_cose_key(&cose_key, &f);
			assert_int_equal(webauthn_key_parse(writer_span(&cose_key), &key), ERR_OK);
			assert_int_equal(webauthn_key_algorithm(key), rsa[k].alg);
			for (int again = 0; again < 2; again++)
				assert_int_equal(webauthn_key_verify(key, SPAN("message"), writer_span(&signature)),
					i == k ? ERR_OK : ERR_BAD_SIGNATURE);
		}
	}
	forgery_free(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_point_on_the_curve_is_accepted),
		cmocka_unit_test(a_point_off_the_curve_is_refused),
		cmocka_unit_test(coordinates_of_another_length_are_refused),
		cmocka_unit_test(a_curve_that_is_not_the_algorithms_is_refused),
		cmocka_unit_test(a_compressed_point_is_refused),
		cmocka_unit_test(members_missing_or_beyond_the_required_are_refused),
		cmocka_unit_test(edwards_keys_have_one_curve_and_one_length),
		cmocka_unit_test(rsa_keys_are_of_sane_sizes_and_one_form),
		cmocka_unit_test(symmetric_keys_are_refused),
		cmocka_unit_test(trailing_bytes_after_a_key_are_refused),
		cmocka_unit_test(an_rsa_signature_is_good_for_its_own_algorithm_only),
		cmocka_unit_test(a_signature_in_another_encoding_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
