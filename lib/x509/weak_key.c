#include "x509/weak_key.h"

#include <openssl/core_names.h>
#include <stdio.h>
#include <string.h>

#include "x509/own.h"

static const struct curve {
	const char *group, *name;
} curves[] = {
	{"prime256v1", "P-256"},
	{"secp384r1", "P-384"},
	{"secp521r1", "P-521"},
};

static enum err
curve_name(const EVP_PKEY *key, char out[16])
{
	char group[32];
	size_t len;

	REQUIRE_WHY(EVP_PKEY_get_group_name(key, group, sizeof(group), &len) == 1, ERR_UNSUPPORTED,
		"RFC 5480 2.1.1: not a named curve");
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		if (strcmp(group, curves[i].group) == 0 || strcmp(group, curves[i].name) == 0) {
			(void)snprintf(out, 16, "%s", curves[i].name);
			return ERR_OK;
		}
	return err_because(ERR_UNSUPPORTED, "curve %s is not taken here", group);
}

enum err
key_type(const EVP_PKEY *key, char out[16])
{
	if (EVP_PKEY_is_a(key, "EC"))
		return curve_name(key, out);
	if (EVP_PKEY_is_a(key, "RSA"))
		(void)snprintf(out, 16, "RSA-%d", EVP_PKEY_get_bits(key));
	else if (EVP_PKEY_is_a(key, "ED25519"))
		(void)snprintf(out, 16, "Ed25519");
	else if (EVP_PKEY_is_a(key, "ED448"))
		(void)snprintf(out, 16, "Ed448");
	else
		return err_because(ERR_UNSUPPORTED, "this type of key is not taken here");
	return ERR_OK;
}

/* Moduli of the flawed generator are powers of 65537 modulo each of these primes; an honest one is so with probability 2^-27
 * (Nemec et al., The Return of Coppersmith's Attack, 2017, 2.1). */
static bool
roca_fingerprint(const BIGNUM *n)
{
	static const unsigned primes[] = {11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157};

	for (size_t i = 0; i < sizeof(primes) / sizeof(primes[0]); i++) {
		const unsigned p = primes[i], rest = (unsigned)BN_mod_word(n, p);
		unsigned power = 1;
		bool found = false;

		for (unsigned k = 0; k < p && !found; k++) {
			found = power == rest;
			power = power * (65537 % p) % p;
		}
		if (!found)
			return false;
	}
	return true;
}

static enum err
rsa_check(const EVP_PKEY *key)
{
	OWN(BIGNUM) n = NULL;
	OWN(BIGNUM) e = NULL;

	CRYPTO_OK(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) &&
			EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e),
		"RSA key");
	REQUIRE_WHY(BN_num_bits(n) >= MIN_RSA_BITS, ERR_REFUSED, "RSA key of %d bits: at least %d are needed",
		BN_num_bits(n), MIN_RSA_BITS);
	REQUIRE_WHY(BN_num_bits(n) <= MAX_RSA_BITS, ERR_REFUSED, "RSA key of %d bits: at most %d are taken",
		BN_num_bits(n), MAX_RSA_BITS);
	REQUIRE_WHY(BN_is_odd(n), ERR_REFUSED, "RSA modulus is even");
	REQUIRE_WHY(BN_is_odd(e) && BN_num_bits(e) > 16 && BN_num_bits(e) <= 256, ERR_REFUSED,
		"FIPS 186-5 A.1.1: the RSA exponent must be odd and between 2^16 and 2^256");
	REQUIRE_WHY(!roca_fingerprint(n), ERR_REFUSED,
		"CVE-2017-15361: the RSA key was made by a flawed generator (ROCA)");
	return ERR_OK;
}

static bool
all_are(const uint8_t *bytes, size_t len, uint8_t value)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i] != value)
			return false;
	return true;
}

/* The y coordinates of points whose order divides 8 (RFC 7748 7, RFC 8032 5.1), little-endian, sign bit cleared; with such a key
 * signatures can be made by anybody. */
static bool
ed25519_small_order(const uint8_t y[32])
{
	static const uint8_t order8[2][32] = {
		{0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5,
			0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
		{0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a,
			0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
	};
	const uint8_t top = y[31] & 0x7f;

	if (all_are(y + 1, 30, 0) && top == 0 && y[0] <= 1) /* 0, 1 */
		return true;
	if (all_are(y + 1, 30, 0xff) && top == 0x7f && y[0] >= 0xec) /* -1, and 0 and above written without reduction */
		return true;
	for (size_t i = 0; i < 2; i++)
		if (memcmp(y, order8[i], 31) == 0 && top == order8[i][31])
			return true;
	return false;
}

/* 0, 1 and -1 are the only y of small order on edwards448 (cofactor 4). */
static bool
ed448_small_order(const uint8_t y[57])
{
	if (all_are(y + 1, 55, 0) && y[0] <= 1)
		return true;
	return y[0] >= 0xfe && all_are(y + 1, 27, 0xff) && y[28] == 0xfe && all_are(y + 29, 27, 0xff);
}

static enum err
edwards_check(const EVP_PKEY *key)
{
	uint8_t y[57] = {0};
	size_t len = sizeof(y);

	CRYPTO_OK(EVP_PKEY_get_raw_public_key(key, y, &len), "Edwards key");
	REQUIRE_WHY(!(len == 32 ? ed25519_small_order(y) : ed448_small_order(y)), ERR_REFUSED,
		"Edwards key of small order");
	return ERR_OK;
}

enum err
weak_key_check(EVP_PKEY *key)
{
	char type[16];

	TRY(key_type(key, type));
	if (strncmp(type, "RSA-", 4) == 0)
		return rsa_check(key);
	if (strncmp(type, "Ed", 2) == 0)
		return edwards_check(key);

	OWN(EVP_PKEY_CTX) ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	CRYPTO_OK(ctx, "key check");
	/* the quick check leaves out the order of the point: these curves have cofactor 1 (SEC 1 3.2.3.1) */
	if (EVP_PKEY_public_check_quick(ctx) != 1)
		return own_failed(ERR_REFUSED, "SEC 1 3.2.3.1: the point is not on its curve");
	return ERR_OK;
}
