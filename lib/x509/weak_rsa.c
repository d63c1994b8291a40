/* The costly half of weak_key.h: can the modulus be taken apart by the two searches that anybody would try first? */
#include <pthread.h>
#include <string.h>

#include <openssl/core_names.h>

#include "x509/own.h"
#include "x509/weak_key.h"

OWN_TYPE(BN_CTX)

enum { SIEVE = 1 << 16, MAX_GROUPS = 2000, FERMAT_ROUNDS = 100 };

/* Odd primes below 2^16, multiplied together as long as a product fits 64 bits: one division of the modulus serves several. */
static struct {
	uint64_t product;
	uint16_t primes[6];
	size_t count;
} groups[MAX_GROUPS];
static size_t group_count;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
groups_fill(void)
{
	static bool composite[SIEVE];

	for (uint32_t p = 3; p < SIEVE; p += 2) {
		if (composite[p])
			continue;
		for (uint64_t n = (uint64_t)p * p; n < SIEVE; n += p)
			composite[n] = true;
		if (group_count == 0 || groups[group_count - 1].count == 6 ||
			groups[group_count - 1].product > UINT64_MAX / p) {
			groups[group_count].product = 1;
			group_count++;
		}
		groups[group_count - 1].product *= p;
		groups[group_count - 1].primes[groups[group_count - 1].count++] = (uint16_t)p;
	}
}

/* 0: none below 2^16. */
static unsigned
small_factor(const BIGNUM *n)
{
	(void)pthread_once(&once, groups_fill);
	for (size_t i = 0; i < group_count; i++) {
		const uint64_t rest = BN_mod_word(n, groups[i].product);

		for (size_t k = 0; k < groups[i].count; k++)
			if (rest % groups[i].primes[k] == 0)
				return groups[i].primes[k];
	}
	return 0;
}

/* The largest root whose square is not above n, by Newton's method from above. */
static bool
square_root(const BIGNUM *n, BIGNUM *root, BN_CTX *ctx)
{
	OWN(BIGNUM) next = BN_new();

	if (BN_is_zero(n)) {
		BN_zero(root);
		return true;
	}
	if (!next || !BN_one(root) || !BN_lshift(root, root, (BN_num_bits(n) + 1) / 2))
		return false;
	for (;;) {
		if (!BN_div(next, NULL, n, root, ctx) || !BN_add(next, next, root) || !BN_rshift1(next, next))
			return false;
		if (BN_cmp(next, root) >= 0)
			return true;
		if (!BN_copy(root, next))
			return false;
	}
}

/* Squares are 0, 1, 4, 9, 16, 17, 25, 33, 36, 41, 49, 57 modulo 64: most numbers need no root. */
static bool
may_be_square(const BIGNUM *n)
{
	static const uint64_t residues = 1ULL << 0 | 1ULL << 1 | 1ULL << 4 | 1ULL << 9 | 1ULL << 16 | 1ULL << 17 |
		1ULL << 25 | 1ULL << 33 | 1ULL << 36 | 1ULL << 41 | 1ULL << 49 | 1ULL << 57;
	/* and 0, 1, 3, 4, 5, 9 modulo 11 */
	static const uint64_t elevenths = 1ULL << 0 | 1ULL << 1 | 1ULL << 3 | 1ULL << 4 | 1ULL << 5 | 1ULL << 9;

	return (residues >> BN_mod_word(n, 64) & 1) && (elevenths >> BN_mod_word(n, 11) & 1);
}

/* Fermat: n = a^2 - b^2 for an a just above the root, if the primes are close (CVE-2022-26320). ERR_REFUSED if so. */
static enum err
fermat(const BIGNUM *n)
{
	OWN(BN_CTX) ctx = BN_CTX_new();
	OWN(BIGNUM) a = BN_new();
	OWN(BIGNUM) rest = BN_new();
	OWN(BIGNUM) b = BN_new();
	OWN(BIGNUM) square = BN_new();

	CRYPTO_OK(ctx && a && rest && b && square && square_root(n, a, ctx) && BN_sqr(rest, a, ctx), "RSA modulus");
	if (BN_cmp(rest, n) < 0)
		CRYPTO_OK(BN_add_word(a, 1), "RSA modulus");
	for (int round = 0; round < FERMAT_ROUNDS; round++) {
		CRYPTO_OK(BN_sqr(rest, a, ctx) && BN_sub(rest, rest, n) && BN_add_word(a, 1), "RSA modulus");
		if (!may_be_square(rest))
			continue;
		CRYPTO_OK(square_root(rest, b, ctx) && BN_sqr(square, b, ctx), "RSA modulus");
		REQUIRE_WHY(BN_cmp(square, rest) != 0, ERR_REFUSED,
			"CVE-2022-26320: the primes of the RSA modulus are so close that it is factored at once");
	}
	return ERR_OK;
}

enum err
weak_key_search(const EVP_PKEY *key)
{
	OWN(BIGNUM) n = NULL;

	if (!EVP_PKEY_is_a(key, "RSA"))
		return ERR_OK;
	CRYPTO_OK(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n), "RSA key");
	const unsigned factor = small_factor(n);

	REQUIRE_WHY(factor == 0, ERR_REFUSED, "the RSA modulus has the factor %u: it is not the product of two primes",
		factor);
	return fermat(n);
}
