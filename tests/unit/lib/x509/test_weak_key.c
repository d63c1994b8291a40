#include "tests/unit/lib/test.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>

#include "x509/weak_key.h"

/* The verdict on an RSA key of this modulus and exponent. */
static enum err
rsa_verdict(const BIGNUM *n, unsigned long e)
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
	const enum err verdict = weak_key_check(key);

	EVP_PKEY_free(key);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	EVP_PKEY_CTX_free(ctx);
	BN_free(exponent);
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

RUN(cmocka_unit_test(the_flawed_generators_keys_are_recognised), cmocka_unit_test(lengths_and_exponents_have_limits),
	cmocka_unit_test(edwards_points_of_small_order_are_recognised),
	cmocka_unit_test(keys_that_cannot_sign_are_not_taken))
