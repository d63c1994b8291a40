#include "rig.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include "hsm/token/inverse.h"
#include "hsm/token/verifier.h"
#include "x509/own.h"

static const struct curve {
	const char *name;
	int half;
	size_t digest;
} curves[] = {{"P-256", 32, 32}, {"P-256", 32, 64}, {"P-256", 32, 20}, {"P-384", 48, 48}, {"P-521", 66, 64}};

/* r || s over digest, by libcrypto. */
static void
sign(EVP_PKEY *key, const struct curve *c, const uint8_t *digest, uint8_t *raw)
{
	OWN(EVP_PKEY_CTX) context = EVP_PKEY_CTX_new(key, NULL);
	uint8_t der[200];
	const uint8_t *at = der;
	size_t len = sizeof(der);
	OWN(ECDSA_SIG) sig = NULL;

	assert_int_equal(EVP_PKEY_sign_init(context), 1);
	assert_int_equal(EVP_PKEY_sign(context, der, &len, digest, c->digest), 1);
	sig = d2i_ECDSA_SIG(NULL, &at, (long)len);
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, c->half), c->half);
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + c->half, c->half), c->half);
}

static void
expect(struct verifier *v, const struct curve *c, const uint8_t *digest, const uint8_t *raw, enum err wanted)
{
	assert_err(verifier_check(v, span_at(digest, c->digest), span_at(raw, 2 * (size_t)c->half)), wanted);
}

/* A key is checked in another way once it has been used a little: both ways are tried. */
static struct verifier *
used(EVP_PKEY *key, const struct curve *c, bool much)
{
	struct verifier *v = NULL;
	uint8_t digest[64] = {1}, raw[132];

	assert_ok(verifier_new(key, &v));
	sign(key, c, digest, raw);
	for (int i = 0; much && i < 100; i++)
		expect(v, c, digest, raw, ERR_OK);
	return v;
}

/* What libcrypto signs verifies here, and with any one bit changed it does not. */
static void
round_of(const struct curve *c, bool much)
{
	OWN(EVP_PKEY) key = EVP_EC_gen(c->name);
	struct verifier *v = used(key, c, much);
	uint8_t digest[64], raw[132];

	assert_int_equal(RAND_bytes(digest, sizeof(digest)), 1);
	sign(key, c, digest, raw);
	expect(v, c, digest, raw, ERR_OK);
	for (int i = 0; i < 2 * c->half; i++) {
		raw[i] ^= (uint8_t)(1 << i % 8);
		expect(v, c, digest, raw, ERR_CRYPTO);
		raw[i] ^= (uint8_t)(1 << i % 8);
	}
	for (size_t i = 0; i < c->digest && i < (size_t)c->half; i++) {
		digest[i] ^= (uint8_t)(1 << i % 8);
		expect(v, c, digest, raw, ERR_CRYPTO);
		digest[i] ^= (uint8_t)(1 << i % 8);
	}
	expect(v, c, digest, raw, ERR_OK);
	verifier_free(&v);
}

CASE(one_changed_bit_does_not_verify)
{
	(void)state;
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		for (int n = 0; n < 3; n++)
			round_of(&curves[i], n > 0);
}

CASE(another_keys_signature_does_not_verify)
{
	OWN(EVP_PKEY) key = EVP_EC_gen("P-256");
	OWN(EVP_PKEY) other = EVP_EC_gen("P-256");
	struct verifier *v = used(key, &curves[0], true);
	uint8_t digest[32] = {1}, raw[64];

	(void)state;
	sign(other, &curves[0], digest, raw);
	expect(v, &curves[0], digest, raw, ERR_CRYPTO);
	verifier_free(&v);
}

/* SEC 1 4.1.4 step 1: r and s from 1 to n - 1. */
CASE(numbers_out_of_range_do_not_verify)
{
	static const uint8_t order[32] = {0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
	OWN(EVP_PKEY) key = EVP_EC_gen("P-256");
	struct verifier *v = used(key, &curves[0], true);
	uint8_t digest[32] = {0}, good[64], raw[64];

	(void)state;
	sign(key, &curves[0], digest, good);
	expect(v, &curves[0], digest, good, ERR_OK); /* a digest of zeros is one like any other */
	for (size_t half = 0; half < 2; half++) {
		memcpy(raw, good, sizeof(raw));
		memset(raw + 32 * half, 0, 32);
		expect(v, &curves[0], digest, raw, ERR_CRYPTO);
		memcpy(raw + 32 * half, order, 32);
		expect(v, &curves[0], digest, raw, ERR_CRYPTO);
	}
	memset(raw, 0, sizeof(raw));
	expect(v, &curves[0], digest, raw, ERR_CRYPTO);
	verifier_free(&v);
}

CASE(a_signature_of_another_length_does_not_verify)
{
	OWN(EVP_PKEY) key = EVP_EC_gen("P-256");
	struct verifier *v = NULL;
	uint8_t digest[32] = {7}, raw[66] = {0};

	(void)state;
	assert_ok(verifier_new(key, &v));
	sign(key, &curves[0], digest, raw);
	for (size_t len = 0; len < sizeof(raw); len++)
		if (len != 64)
			assert_err(verifier_check(v, span_at(digest, 32), span_at(raw, len)), ERR_CRYPTO);
	verifier_free(&v);
}

CASE(an_ed25519_signature_is_checked_over_the_whole)
{
	OWN(EVP_PKEY) key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	OWN(EVP_MD_CTX) context = EVP_MD_CTX_new();
	struct verifier *v = NULL;
	uint8_t raw[64];
	size_t len = sizeof(raw);

	(void)state;
	assert_int_equal(EVP_DigestSignInit(context, NULL, NULL, NULL, key), 1);
	assert_int_equal(EVP_DigestSign(context, raw, &len, (const uint8_t *)"whole", 5), 1);
	assert_ok(verifier_new(key, &v));
	assert_ok(verifier_check(v, SPAN("whole"), span_at(raw, len)));
	assert_err(verifier_check(v, SPAN("whols"), span_at(raw, len)), ERR_CRYPTO);
	raw[3] ^= 1;
	assert_err(verifier_check(v, SPAN("whole"), span_at(raw, len)), ERR_CRYPTO);
	verifier_free(&v);
}

/* A digest of 32 or 64 bytes is PSS's, a DigestInfo is PKCS #1 v1.5's: neither passes for the other, and no bit may change. */
static void
rsa_round(EVP_PKEY *key, const EVP_MD *md, bool pss)
{
	static const uint8_t info256[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04,
		0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
	OWN(EVP_PKEY_CTX) context = EVP_PKEY_CTX_new(key, NULL);
	const size_t hash = (size_t)EVP_MD_get_size(md);
	uint8_t input[sizeof(info256) + 64] = {0}, raw[512];
	struct verifier *v = NULL;
	size_t len = sizeof(raw), input_len = pss ? hash : sizeof(info256) + hash;

	if (!pss)
		memcpy(input, info256, sizeof(info256));
	assert_int_equal(EVP_PKEY_sign_init(context), 1);
	assert_true(EVP_PKEY_CTX_set_rsa_padding(context, pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) > 0);
	if (pss)
		assert_true(EVP_PKEY_CTX_set_signature_md(context, md) > 0 &&
			EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) > 0);
	assert_int_equal(EVP_PKEY_sign(context, raw, &len, input, input_len), 1);
	assert_ok(verifier_new(key, &v));
	assert_ok(verifier_check(v, span_at(input, input_len), span_at(raw, len)));
	assert_err(verifier_check(v, span_at(input, input_len), span_at(raw, len - 1)), ERR_CRYPTO);
	raw[len / 2] ^= 1;
	assert_err(verifier_check(v, span_at(input, input_len), span_at(raw, len)), ERR_CRYPTO);
	raw[len / 2] ^= 1;
	input[input_len - 1] ^= 1;
	assert_err(verifier_check(v, span_at(input, input_len), span_at(raw, len)), ERR_CRYPTO);
	verifier_free(&v);
}

CASE(an_rsa_signature_is_checked_by_its_padding)
{
	OWN(EVP_PKEY) key = EVP_RSA_gen(2048);

	(void)state;
	rsa_round(key, EVP_sha256(), false);
	rsa_round(key, EVP_sha256(), true);
	rsa_round(key, EVP_sha512(), true);
}

/* libcrypto's inverse is the judge: of small numbers and large ones, of powers of two, at random, modulo P-256's order and modulo anything odd, where there may be none. */
CASE(an_inverse_is_another_than_libcryptos)
{
	EC_GROUP *curve = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	BN_CTX *c = BN_CTX_new();
	BIGNUM *n = BN_new(), *m = BN_dup(EC_GROUP_get0_order(curve)), *ours = BN_new(), *theirs = BN_new();

	(void)state;
	for (int i = 0; i < 20000; i++) {
		bool is;

		if (i >= 10000) {
			assert_int_equal(BN_rand(m, 2 + i % 255, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD), 1);
			assert_int_equal(BN_rand_range(n, m), 1);
		} else if (i < 256) {
			assert_int_equal(BN_set_word(n, 1) == 1 && BN_lshift(n, n, i % 255) == 1, 1);
		} else if (i < 512) {
			assert_int_equal(BN_set_word(n, (BN_ULONG)i - 255), 1);
		} else if (i < 768) {
			assert_true(BN_copy(n, m) != NULL && BN_sub_word(n, (BN_ULONG)i - 511) == 1);
		} else {
			assert_int_equal(BN_rand_range(n, m), 1);
		}
		if (BN_is_zero(n))
			continue;
		is = BN_mod_inverse(theirs, n, m, c) != NULL;
		assert_int_equal(inverse_mod(ours, n, m), is);
		if (is)
			assert_int_equal(BN_cmp(ours, theirs), 0);
	}
	BN_free(n);
	BN_free(m);
	BN_free(ours);
	BN_free(theirs);
	BN_CTX_free(c);
	EC_GROUP_free(curve);
}

/* What a verifier of a citizen's key tables goes with it; beyond so many such tables it checks without one, and as strictly. */
CASE(citizens_keys_take_no_more_tables_than_they_may)
{
	enum { KEYS = 160 };
	struct verifier *all[KEYS];
	EVP_PKEY *keys[KEYS];
	uint8_t digest[32] = {9}, raw[64];

	(void)state;
	for (int i = 0; i < KEYS; i++) {
		keys[i] = EVP_EC_gen("P-256");
		assert_ok(verifier_new_passing(keys[i], &all[i]));
		sign(keys[i], &curves[0], digest, raw);
		for (int n = 0; n < 40; n++)
			expect(all[i], &curves[0], digest, raw, ERR_OK);
		raw[40] ^= 1;
		expect(all[i], &curves[0], digest, raw, ERR_CRYPTO);
	}
	for (int i = 0; i < KEYS; i++) {
		verifier_free(&all[i]);
		EVP_PKEY_free(keys[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_changed_bit_does_not_verify),
		cmocka_unit_test(another_keys_signature_does_not_verify),
		cmocka_unit_test(numbers_out_of_range_do_not_verify),
		cmocka_unit_test(a_signature_of_another_length_does_not_verify),
		cmocka_unit_test(an_rsa_signature_is_checked_by_its_padding),
		cmocka_unit_test(an_inverse_is_another_than_libcryptos),
		cmocka_unit_test(citizens_keys_take_no_more_tables_than_they_may),
		cmocka_unit_test(an_ed25519_signature_is_checked_over_the_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
