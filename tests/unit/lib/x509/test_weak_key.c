#include "tests/unit/lib/test.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <time.h>

#include "x509/weak_key.h"

static EVP_PKEY *
rsa_key(const BIGNUM *n, unsigned long e)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	BIGNUM *exponent = BN_new();
	EVP_PKEY *key = NULL;
	OSSL_PARAM *params;

	BN_set_word(exponent, e);
	OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n);
	OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, exponent);
	params = OSSL_PARAM_BLD_to_param(bld);
	assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
	assert_int_equal(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params), 1);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	EVP_PKEY_CTX_free(ctx);
	BN_free(exponent);
	return key;
}

/* The verdict on an RSA key of this modulus and exponent. */
static enum err
rsa_verdict(const BIGNUM *n, unsigned long e)
{
	EVP_PKEY *key = rsa_key(n, e);
	const enum err verdict = weak_key_check(key);

	EVP_PKEY_free(key);
	return verdict;
}

static enum err
search_verdict(const BIGNUM *n)
{
	EVP_PKEY *key = rsa_key(n, 65537);
	const enum err verdict = weak_key_search(key);

	EVP_PKEY_free(key);
	return verdict;
}

/* An odd number of bits bits that is 65537^7 modulo every prime of the flawed generator's product, or any other odd number. */
static BIGNUM *
modulus(int bits, bool flawed)
{
	static const unsigned long primes[] = {11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151,
		157};
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *product = BN_new(), *rest = BN_new(), *n = BN_new(), *e = BN_new(), *seven = BN_new();

	BN_one(product);
	for (size_t i = 0; i < sizeof(primes) / sizeof(primes[0]); i++)
		BN_mul_word(product, primes[i]);
	BN_set_word(e, 65537);
	BN_set_word(seven, 7);
	BN_mod_exp(rest, e, seven, product, ctx);
	assert_int_equal(BN_rand(n, bits, BN_RAND_TOP_TWO, BN_RAND_BOTTOM_ODD), 1);
	if (flawed) { /* the nearest below that leaves the rest; then odd again */
		BN_mod(seven, n, product, ctx);
		BN_sub(n, n, seven);
		BN_add(n, n, rest);
		if (!BN_is_odd(n))
			BN_add(n, n, product);
	}
	BN_free(product);
	BN_free(rest);
	BN_free(e);
	BN_free(seven);
	BN_CTX_free(ctx);
	return n;
}

CASE(the_flawed_generators_keys_are_recognised)
{
	BIGNUM *flawed = modulus(2048, true), *honest = modulus(2048, false);

	assert_err(rsa_verdict(flawed, 65537), ERR_REFUSED);
	assert_non_null(strstr(err_why(), "ROCA"));
	assert_ok(rsa_verdict(honest, 65537));
	BN_free(flawed);
	BN_free(honest);
}

CASE(lengths_and_exponents_have_limits)
{
	BIGNUM *small = modulus(2047, false), *good = modulus(3072, false), *large = modulus(8193, false);

	assert_err(rsa_verdict(small, 65537), ERR_REFUSED);
	assert_err(rsa_verdict(large, 65537), ERR_REFUSED);
	assert_err(rsa_verdict(good, 1), ERR_REFUSED);
	assert_err(rsa_verdict(good, 3), ERR_REFUSED);
	assert_err(rsa_verdict(good, 65535), ERR_REFUSED);
	assert_err(rsa_verdict(good, 65538), ERR_REFUSED);
	assert_ok(rsa_verdict(good, 65537));
	assert_ok(rsa_verdict(good, 0x100000001));
	BN_add_word(good, 1);
	assert_err(rsa_verdict(good, 65537), ERR_REFUSED); /* even */
	BN_free(small);
	BN_free(good);
	BN_free(large);
}

static enum err
raw_verdict(const char *type, const uint8_t *bytes, size_t len)
{
	EVP_PKEY *key = EVP_PKEY_new_raw_public_key_ex(NULL, type, NULL, bytes, len);

	assert_non_null(key);
	const enum err verdict = weak_key_check(key);

	EVP_PKEY_free(key);
	return verdict;
}

CASE(edwards_points_of_small_order_are_recognised)
{
	uint8_t y[57] = {0};

	assert_err(raw_verdict("ED25519", y, 32), ERR_REFUSED);
	y[31] = 0x80; /* the sign does not matter */
	assert_err(raw_verdict("ED25519", y, 32), ERR_REFUSED);
	y[0] = 1;
	assert_err(raw_verdict("ED25519", y, 32), ERR_REFUSED);
	y[0] = 9;
	assert_ok(raw_verdict("ED25519", y, 32));
	memset(y, 0xff, 32);
	y[0] = 0xec;
	assert_err(raw_verdict("ED25519", y, 32), ERR_REFUSED);
	memset(y, 0, sizeof(y));
	assert_err(raw_verdict("ED448", y, 57), ERR_REFUSED);
	y[0] = 1;
	assert_err(raw_verdict("ED448", y, 57), ERR_REFUSED);
	y[0] = 19;
	assert_ok(raw_verdict("ED448", y, 57));
	memset(y, 0xff, 56);
	y[0] = y[28] = 0xfe;
	assert_err(raw_verdict("ED448", y, 57), ERR_REFUSED);
}

CASE(keys_that_cannot_sign_are_not_taken)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");

	assert_err(weak_key_check(key), ERR_UNSUPPORTED);
	EVP_PKEY_free(key);
}

CASE(a_modulus_with_a_small_factor_is_refused)
{
	static const unsigned long factors[] = {3, 5, 251, 65519, 65521};
	BIGNUM *n = BN_new(), *rest = modulus(2033, false);

	for (size_t i = 0; i < sizeof(factors) / sizeof(factors[0]); i++) {
		BN_copy(n, rest);
		BN_mul_word(n, factors[i]);
		assert_err(search_verdict(n), ERR_REFUSED);
		assert_non_null(strstr(err_why(), "factor"));
	}
	BN_free(n);
	BN_free(rest);
}

/* The prime after p, or that after p + distance. */
static BIGNUM *
prime_from(const BIGNUM *p, unsigned distance, BN_CTX *ctx)
{
	BIGNUM *q = BN_dup(p);

	BN_add_word(q, distance);
	if (!BN_is_odd(q))
		BN_add_word(q, 1);
	while (BN_check_prime(q, ctx, NULL) != 1)
		BN_add_word(q, 2);
	return q;
}

CASE(primes_beside_each_other_are_found)
{
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *start = BN_new(), *n = BN_new();

	assert_int_equal(BN_rand(start, 1024, BN_RAND_TOP_TWO, BN_RAND_BOTTOM_ODD), 1);
	BIGNUM *p = prime_from(start, 0, ctx), *q = prime_from(p, 1 << 16, ctx);

	BN_mul(n, p, q, ctx);
	assert_err(search_verdict(n), ERR_REFUSED);
	assert_non_null(strstr(err_why(), "close"));
	BN_sqr(n, p, ctx); /* twice the same prime */
	assert_err(search_verdict(n), ERR_REFUSED);
	BN_free(p);
	BN_free(q);
	BN_free(n);
	BN_free(start);
	BN_CTX_free(ctx);
}

CASE(honest_keys_of_every_type_are_searched_in_vain)
{
	static const char *const curves[] = {"P-256", "P-384", "P-521"};
	EVP_PKEY *key = EVP_RSA_gen(2048);

	assert_ok(weak_key_check(key));
	assert_ok(weak_key_search(key));
	const clock_t from = clock();

	for (size_t i = 0; i < 50; i++)
		assert_ok(weak_key_search(key));
	print_message("search: %.0f us a modulus of 2048 bits\n", (double)(clock() - from) * 1e6 / CLOCKS_PER_SEC / 50);
	EVP_PKEY_free(key);
	for (size_t i = 0; i < 3; i++) {
		key = EVP_EC_gen(curves[i]);
		assert_ok(weak_key_check(key));
		assert_ok(weak_key_search(key));
		EVP_PKEY_free(key);
	}
}

/* A SubjectPublicKeyInfo of P-256 with this point. */
static bool
point_is_taken(const uint8_t *point, size_t len)
{
	static const uint8_t head[] = {0x30, 0, 0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86,
		0x48, 0xce, 0x3d, 3, 1, 7, 3, 0, 0};
	uint8_t der[128];
	const uint8_t *p = der;

	memcpy(der, head, sizeof(head));
	memcpy(der + sizeof(head), point, len);
	der[1] = (uint8_t)(sizeof(head) - 2 + len);
	der[24] = (uint8_t)(len + 1);
	EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)(sizeof(head) + len));
	const bool taken = key != NULL && weak_key_check(key) == ERR_OK;

	EVP_PKEY_free(key);
	return taken;
}

CASE(points_that_are_on_no_curve_or_infinite_are_not_taken)
{
	/* the base point of P-256 (SEC 2 2.4.2) */
	uint8_t point[65] = {4, 0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4,
		0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2,
		0x96, 0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16,
		0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5};

	assert_true(point_is_taken(point, sizeof(point)));
	point[64] ^= 1;
	assert_false(point_is_taken(point, sizeof(point)));
	assert_false(point_is_taken((const uint8_t[]){0}, 1)); /* infinity */
	memset(point + 1, 0, 64);
	assert_false(point_is_taken(point, sizeof(point)));
}

CASE(curves_that_are_not_taken_are_named)
{
	EVP_PKEY *key = EVP_EC_gen("secp256k1");

	assert_err(weak_key_check(key), ERR_UNSUPPORTED);
	assert_non_null(strstr(err_why(), "secp256k1"));
	EVP_PKEY_free(key);
}

RUN(cmocka_unit_test(a_modulus_with_a_small_factor_is_refused), cmocka_unit_test(primes_beside_each_other_are_found),
	cmocka_unit_test(honest_keys_of_every_type_are_searched_in_vain),
	cmocka_unit_test(points_that_are_on_no_curve_or_infinite_are_not_taken),
	cmocka_unit_test(curves_that_are_not_taken_are_named),
	cmocka_unit_test(the_flawed_generators_keys_are_recognised),
	cmocka_unit_test(lengths_and_exponents_have_limits),
	cmocka_unit_test(edwards_points_of_small_order_are_recognised),
	cmocka_unit_test(keys_that_cannot_sign_are_not_taken))
