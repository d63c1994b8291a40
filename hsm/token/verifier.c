/* EC_GROUP_precompute_mult and the arithmetic on points are deprecated in OpenSSL 3 without a successor; EVP has no way to prepare a key. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "hsm/token/verifier.h"

#include <stdatomic.h>
#include <stdlib.h>

#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/rsa.h>

#include "hsm/token/inverse.h"
#include "x509/own.h"

/* A table takes 20 milliseconds to make and 150 KiB to keep: for keys that are really used, not for every key at the start. */
enum { USED_A_LITTLE = 32, MAX_PASSING_TABLES = 128 };

static atomic_int passing_tables;

struct verifier {
	EVP_PKEY *key;
	const EC_KEY *ec; /* of key; NULL: not ECDSA */
	const EC_GROUP *curve;
	bool passing;
	atomic_uint uses;
	_Atomic(EC_GROUP *)
		by_key; /* the same curve with the key's point for generator, whose multiples are tabled; NULL: not yet, or not P-256 */
};

enum err
verifier_new(EVP_PKEY *key, struct verifier **out)
{
	struct verifier *v = calloc(1, sizeof(*v));

	REQUIRE(v != NULL, ERR_NO_MEMORY);
	v->key = key;
	if (EVP_PKEY_is_a(key, "EC")) {
		v->ec = EVP_PKEY_get0_EC_KEY(key);
		v->curve = v->ec == NULL ? NULL : EC_KEY_get0_group(v->ec);
		if (v->curve == NULL) {
			free(v);
			return err_because(ERR_CRYPTO, "a public key's curve");
		}
	}
	*out = v;
	return ERR_OK;
}

enum err
verifier_new_passing(EVP_PKEY *key, struct verifier **out)
{
	TRY(verifier_new(key, out));
	(*out)->passing = true;
	return ERR_OK;
}

void
verifier_free(struct verifier **v)
{
	EC_GROUP *table;

	if (*v == NULL)
		return;
	table = atomic_load(&(*v)->by_key);
	if (table != NULL && (*v)->passing)
		atomic_fetch_sub(&passing_tables, 1);
	EC_GROUP_free(table);
	free(*v);
	*v = NULL;
}

static EC_GROUP *
table_make(const struct verifier *v)
{
	EC_GROUP *g = EC_GROUP_dup(v->curve);

	if (g == NULL ||
		EC_GROUP_set_generator(g, EC_KEY_get0_public_key(v->ec), EC_GROUP_get0_order(v->curve),
			EC_GROUP_get0_cofactor(v->curve)) != 1 ||
		EC_GROUP_precompute_mult(g, NULL) != 1) {
		EC_GROUP_free(g);
		return NULL;
	}
	return g;
}

static EC_GROUP *
table_make_passing(const struct verifier *v)
{
	EC_GROUP *g = atomic_fetch_add(&passing_tables, 1) < MAX_PASSING_TABLES ? table_make(v) : NULL;

	if (g == NULL)
		atomic_fetch_sub(&passing_tables, 1);
	return g;
}

/* The table, made by the one thread whose use it is that calls for it. Only libcrypto's P-256 gains by one. */
static const EC_GROUP *
table_of(struct verifier *v)
{
	EC_GROUP *g = atomic_load(&v->by_key);

	if (g == NULL && EC_GROUP_get_curve_name(v->curve) == NID_X9_62_prime256v1 &&
		atomic_fetch_add(&v->uses, 1) == USED_A_LITTLE) {
		g = v->passing ? table_make_passing(v) : table_make(v);
		atomic_store(&v->by_key, g);
	}
	return g;
}

/* The digest's leftmost bits, as many as the order has, modulo it (4.1.4 step 3). */
static bool
number_of(const BIGNUM *order, struct span digest, BIGNUM *e, BN_CTX *c)
{
	const int bits = BN_num_bits(order);
	const size_t most = ((size_t)bits + 7) / 8;

	if (BN_bin2bn(digest.ptr, (int)(digest.len < most ? digest.len : most), e) == NULL)
		return false;
	if (digest.len >= most && bits % 8 != 0 && BN_rshift(e, e, 8 - bits % 8) != 1)
		return false;
	return BN_cmp(e, order) < 0 || BN_nnmod(e, e, order, c) == 1;
}

/* Steps 4 and 5: e / s and r / s modulo the order, by Montgomery's multiplication: of w in that form and a plain number it is a plain one. */
static bool
factors(const EC_GROUP *curve, struct span digest, const BIGNUM *r, const BIGNUM *s, BIGNUM *u1, BIGNUM *u2, BN_CTX *c)
{
	const BIGNUM *order = EC_GROUP_get0_order(curve);
	BN_MONT_CTX *m = EC_GROUP_get_mont_data(curve);
	BIGNUM *e = BN_CTX_get(c), *w = BN_CTX_get(c);

	if (m == NULL || w == NULL || !number_of(order, digest, e, c) || !inverse_mod(w, s, order) ||
		BN_to_montgomery(w, w, m, c) != 1)
		return false;
	/* u1 is a place for the test that w is what it should be: nothing rests on inverse.c alone. */
	return BN_mod_mul_montgomery(u1, s, w, m, c) == 1 && BN_is_one(u1) &&
		BN_mod_mul_montgomery(u1, e, w, m, c) == 1 && BN_mod_mul_montgomery(u2, r, w, m, c) == 1;
}

/* Is the point's x = X / Z^2 this number? Told by X = x Z^2, because a division costs more than all of it. */
static bool
x_is(const BIGNUM *field, const BIGNUM *X, const BIGNUM *zz, const BIGNUM *x, BN_CTX *c)
{
	BIGNUM *product = BN_CTX_get(c);

	return product != NULL && BN_cmp(x, field) < 0 && BN_mul(product, x, zz, c) == 1 &&
		BN_nist_mod_256(product, product, field, c) == 1 && BN_cmp(product, X) == 0;
}

/* Steps 7 and 8: is the point's x, modulo the order, r? x is less than twice the order (Hasse): it is r or r and the order. */
static bool
x_fits(const EC_GROUP *curve, const EC_POINT *point, const BIGNUM *r, BN_CTX *c)
{
	const BIGNUM *field = EC_GROUP_get0_field(curve);
	BIGNUM *X = BN_CTX_get(c), *Z = BN_CTX_get(c), *zz = BN_CTX_get(c), *more = BN_CTX_get(c);

	return more != NULL && EC_POINT_get_Jprojective_coordinates_GFp(curve, point, X, NULL, Z, c) == 1 &&
		BN_sqr(zz, Z, c) == 1 && BN_nist_mod_256(zz, zz, field, c) == 1 &&
		BN_add(more, r, EC_GROUP_get0_order(curve)) == 1 &&
		(x_is(field, X, zz, r, c) || x_is(field, X, zz, more, c));
}

/* Steps 6 to 8 for u1 G + u2 Q. */
static bool
point_is(const EC_GROUP *curve, const EC_GROUP *by_key, const BIGNUM *u1, const BIGNUM *u2, const BIGNUM *r, BN_CTX *c)
{
	EC_POINT *a = EC_POINT_new(curve), *b = EC_POINT_new(by_key);
	const bool is = a != NULL && b != NULL && EC_POINT_mul(curve, a, u1, NULL, NULL, c) == 1 &&
		EC_POINT_mul(by_key, b, u2, NULL, NULL, c) == 1 && EC_POINT_add(curve, a, a, b, c) == 1 &&
		EC_POINT_is_at_infinity(curve, a) == 0 && x_fits(curve, a, r, c);

	EC_POINT_free(a);
	EC_POINT_free(b);
	return is;
}

static bool
in_range(const BIGNUM *n, const BIGNUM *order)
{
	return n != NULL && !BN_is_zero(n) && BN_cmp(n, order) < 0;
}

/* The equation with both tables; P-256 only. */
static bool
equation_holds(const EC_GROUP *curve, const EC_GROUP *by_key, struct span digest, const BIGNUM *r, const BIGNUM *s)
{
	const BIGNUM *order = EC_GROUP_get0_order(curve);
	BN_CTX *c = BN_CTX_new();
	BIGNUM *u1, *u2;
	bool holds;

	if (c == NULL)
		return false;
	BN_CTX_start(c);
	u1 = BN_CTX_get(c);
	u2 = BN_CTX_get(c);
	holds = u2 != NULL && in_range(r, order) && in_range(s, order) && factors(curve, digest, r, s, u1, u2, c) &&
		point_is(curve, by_key, u1, u2, r, c);
	BN_CTX_end(c);
	BN_CTX_free(c);
	return holds;
}

static enum err
ecdsa_check(struct verifier *v, struct span digest, struct span signature)
{
	const int half = (int)(signature.len / 2);
	OWN(ECDSA_SIG) sig = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(signature.ptr, half, NULL), *s = BN_bin2bn(signature.ptr + half, half, NULL);
	const EC_GROUP *by_key = table_of(v);
	bool good;

	if (sig == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(sig, r, s) != 1) {
		BN_free(r);
		BN_free(s);
		return ERR_NO_MEMORY;
	}
	good = signature.len % 2 == 0 &&
		(by_key != NULL ? equation_holds(v->curve, by_key, digest, r, s)
				: ECDSA_do_verify(digest.ptr, (int)digest.len, sig, (EC_KEY *)(uintptr_t)v->ec) == 1);
	CRYPTO_OK(good, "the HSM's signature does not verify");
	return ERR_OK;
}

/* RSASSA-PSS of a digest, MGF1 by the same hash and a salt as long (RFC 8017 8.1.2); or RSASSA-PKCS1-v1_5 of a DigestInfo, which is 19 bytes longer. */
static enum err
rsa_check(const struct verifier *v, struct span input, struct span signature)
{
	OWN(EVP_PKEY_CTX) context = EVP_PKEY_CTX_new_from_pkey(NULL, v->key, NULL);
	const EVP_MD *hash = input.len == 32 ? EVP_sha256() : input.len == 48 ? EVP_sha384() : EVP_sha512();
	const bool pss = input.len == 32 || input.len == 48 || input.len == 64;

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
verifier_check(struct verifier *v, struct span input, struct span signature)
{
	OWN(EVP_MD_CTX) context = NULL;

	if (v->ec != NULL)
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
