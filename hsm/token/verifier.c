/* EC_GROUP_precompute_mult and the arithmetic on points are deprecated in OpenSSL 3 without a successor; EVP has no way to prepare a key. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "hsm/token/verifier.h"

#include <stdlib.h>

#include <openssl/ec.h>
#include <openssl/rsa.h>

#include "x509/own.h"

struct verifier {
	EVP_PKEY *key;
	EC_GROUP *curve;  /* NULL: not ECDSA */
	EC_GROUP *by_key; /* the same curve with the key's point for generator, whose multiples are tabled */
};

static enum err
curve_prepare(struct verifier *v)
{
	const EC_KEY *ec = EVP_PKEY_get0_EC_KEY(v->key);
	const EC_GROUP *group = ec == NULL ? NULL : EC_KEY_get0_group(ec);

	CRYPTO_OK(group != NULL, "a public key's curve");
	v->curve = EC_GROUP_dup(group);
	v->by_key = EC_GROUP_dup(group);
	CRYPTO_OK(v->curve != NULL && v->by_key != NULL, "EC_GROUP_dup");
	CRYPTO_OK(EC_GROUP_set_generator(v->by_key, EC_KEY_get0_public_key(ec), EC_GROUP_get0_order(group),
			  EC_GROUP_get0_cofactor(group)) == 1 &&
			EC_GROUP_precompute_mult(v->by_key, NULL) == 1,
		"EC_GROUP_precompute_mult");
	return ERR_OK;
}

enum err
verifier_new(EVP_PKEY *key, struct verifier **out)
{
	struct verifier *v = calloc(1, sizeof(*v));
	enum err e = ERR_OK;

	REQUIRE(v != NULL, ERR_NO_MEMORY);
	v->key = key;
	if (EVP_PKEY_is_a(key, "EC"))
		e = curve_prepare(v);
	if (e != ERR_OK) {
		verifier_free(&v);
		return e;
	}
	*out = v;
	return ERR_OK;
}

void
verifier_free(struct verifier **v)
{
	if (*v == NULL)
		return;
	EC_GROUP_free((*v)->curve);
	EC_GROUP_free((*v)->by_key);
	free(*v);
	*v = NULL;
}

/* 4.1.4 step 3 to 5: e / s and r / s modulo the order. e is the digest's leftmost bits, as many as the order has. */
static bool
factors(const BIGNUM *order, struct span digest, const BIGNUM *r, const BIGNUM *s, BIGNUM *u1, BIGNUM *u2, BN_CTX *c)
{
	BIGNUM *e = BN_CTX_get(c), *w = BN_CTX_get(c);
	const int bits = BN_num_bits(order);
	const size_t most = ((size_t)bits + 7) / 8;

	if (w == NULL || BN_bin2bn(digest.ptr, (int)(digest.len < most ? digest.len : most), e) == NULL)
		return false;
	if (digest.len >= most && bits % 8 != 0 && BN_rshift(e, e, 8 - bits % 8) != 1)
		return false;
	return BN_mod_inverse(w, s, order, c) != NULL && BN_mod_mul(u1, e, w, order, c) == 1 &&
		BN_mod_mul(u2, r, w, order, c) == 1;
}

/* Steps 6 to 8: is the x of u1 G + u2 Q, modulo the order, r? */
static bool
point_is(const struct verifier *v, const BIGNUM *u1, const BIGNUM *u2, const BIGNUM *r, BN_CTX *c)
{
	EC_POINT *a = EC_POINT_new(v->curve), *b = EC_POINT_new(v->by_key);
	BIGNUM *x = BN_CTX_get(c);
	const bool is = a != NULL && b != NULL && x != NULL && EC_POINT_mul(v->curve, a, u1, NULL, NULL, c) == 1 &&
		EC_POINT_mul(v->by_key, b, u2, NULL, NULL, c) == 1 && EC_POINT_add(v->curve, a, a, b, c) == 1 &&
		EC_POINT_is_at_infinity(v->curve, a) == 0 &&
		EC_POINT_get_affine_coordinates(v->curve, a, x, NULL, c) == 1 &&
		BN_nnmod(x, x, EC_GROUP_get0_order(v->curve), c) == 1 && BN_cmp(x, r) == 0;

	EC_POINT_free(a);
	EC_POINT_free(b);
	return is;
}

static bool
in_range(const BIGNUM *n, const BIGNUM *order)
{
	return n != NULL && !BN_is_zero(n) && BN_cmp(n, order) < 0;
}

static enum err
ecdsa_check(const struct verifier *v, struct span digest, struct span signature)
{
	const BIGNUM *order = EC_GROUP_get0_order(v->curve);
	const int half = (int)(signature.len / 2);
	BN_CTX *c = BN_CTX_new();
	BIGNUM *r, *s, *u1, *u2;
	bool good;

	REQUIRE(c != NULL, ERR_NO_MEMORY);
	BN_CTX_start(c);
	r = BN_CTX_get(c);
	s = BN_CTX_get(c);
	u1 = BN_CTX_get(c);
	u2 = BN_CTX_get(c);
	good = u2 != NULL && signature.len % 2 == 0 && BN_bin2bn(signature.ptr, half, r) != NULL &&
		BN_bin2bn(signature.ptr + half, half, s) != NULL && in_range(r, order) && in_range(s, order) &&
		factors(order, digest, r, s, u1, u2, c) && point_is(v, u1, u2, r, c);
	BN_CTX_end(c);
	BN_CTX_free(c);
	CRYPTO_OK(good, "the HSM's signature does not verify");
	return ERR_OK;
}

/* RSASSA-PSS of a digest, MGF1 by the same hash and a salt as long (RFC 8017 8.1.2); or RSASSA-PKCS1-v1_5 of a DigestInfo, which is longer than any digest. */
static enum err
rsa_check(const struct verifier *v, struct span input, struct span signature)
{
	OWN(EVP_PKEY_CTX) context = EVP_PKEY_CTX_new_from_pkey(NULL, v->key, NULL);
	const EVP_MD *hash = input.len == 32 ? EVP_sha256() : EVP_sha512();
	const bool pss = input.len <= EVP_MAX_MD_SIZE;

	CRYPTO_OK(context != NULL && EVP_PKEY_verify_init(context) == 1 &&
			EVP_PKEY_CTX_set_rsa_padding(context, pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) == 1,
		"EVP_PKEY_verify_init");
	CRYPTO_OK(!pss ||
			(EVP_PKEY_CTX_set_signature_md(context, hash) == 1 &&
				EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1),
		"RSASSA-PSS");
	CRYPTO_OK(EVP_PKEY_verify(context, signature.ptr, signature.len, input.ptr, input.len) == 1,
		"the HSM's signature does not verify");
	return ERR_OK;
}

enum err
verifier_check(const struct verifier *v, struct span input, struct span signature)
{
	OWN(EVP_MD_CTX) context = NULL;

	if (v->curve != NULL)
		return ecdsa_check(v, input, signature);
	if (EVP_PKEY_is_a(v->key, "RSA"))
		return rsa_check(v, input, signature);
	context = EVP_MD_CTX_new();
	CRYPTO_OK(context != NULL && EVP_DigestVerifyInit_ex(context, NULL, NULL, NULL, NULL, v->key, NULL) == 1,
		"EVP_DigestVerifyInit");
	CRYPTO_OK(EVP_DigestVerify(context, signature.ptr, signature.len, input.ptr, input.len) == 1,
		"the HSM's signature does not verify");
	return ERR_OK;
}
