#include "webauthn/key.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>

#include "webauthn/cbor.h"

/* RFC 9052 7.1, RFC 9053 7, RFC 8230 4: labels. They mean different things for each key type. */
enum { LABEL_KTY = 1, LABEL_ALG = 3, LABEL_CRV = -1, LABEL_X = -2, LABEL_Y = -3, LABEL_N = -1, LABEL_E = -2 };
enum { MAX_COORDINATE = 66 };

/* A COSE_Key taken apart, still to be judged. */
struct cose {
	int64_t kty, alg;
	int64_t curve;
	struct span first, second; /* x and y, or n and e */
};

struct parameters {
	OSSL_PARAM_BLD *build;
	OSSL_PARAM *made;
	BIGNUM *n, *e;
	EVP_PKEY_CTX *context;
};

static void
parameters_free(struct parameters *p)
{
	EVP_PKEY_CTX_free(p->context);
	OSSL_PARAM_free(p->made);
	OSSL_PARAM_BLD_free(p->build);
	BN_free(p->n);
	BN_free(p->e);
}

/* The next pair must have that label: canonical order leaves no choice, so that one pass reads the key and refuses any other member. */
static enum err
label(struct reader *r, int64_t wanted)
{
	int64_t got;

	TRY(cbor_int(r, &got));
	REQUIRE_WHY(got == wanted, ERR_MALFORMED, "WebAuthn 6.5.1.1: COSE_Key member %lld where %lld belongs",
		(long long)got, (long long)wanted);
	return ERR_OK;
}

static enum err
read_int(struct reader *r, int64_t wanted, int64_t *out)
{
	TRY(label(r, wanted));
	return cbor_int(r, out);
}

static enum err
read_bytes(struct reader *r, int64_t wanted, struct span *out)
{
	TRY(label(r, wanted));
	return cbor_bytes(r, out);
}

/* 6.5.1.1: kty, alg and what the type requires; no optional member. */
static enum err
read_members(struct reader *r, struct cose *out)
{
	size_t pairs;

	TRY(cbor_map(r, &pairs));
	TRY(read_int(r, LABEL_KTY, &out->kty));
	TRY(read_int(r, LABEL_ALG, &out->alg));
	if (out->kty == COSE_RSA) {
		TRY(read_bytes(r, LABEL_N, &out->first));
		TRY(read_bytes(r, LABEL_E, &out->second));
		REQUIRE(pairs == 4, ERR_MALFORMED);
		return ERR_OK;
	}
	REQUIRE_WHY(out->kty == COSE_EC2 || out->kty == COSE_OKP, ERR_UNSUPPORTED, "RFC 9053 7: key type %lld",
		(long long)out->kty);
	TRY(read_int(r, LABEL_CRV, &out->curve));
	TRY(read_bytes(r, LABEL_X, &out->first));
	if (out->kty == COSE_EC2)
		TRY(read_bytes(r, LABEL_Y,
			&out->second)); /* 6.5.1.1: never the compressed form, whose y is a boolean */
	REQUIRE(pairs == (out->kty == COSE_EC2 ? 5u : 4u), ERR_MALFORMED);
	return ERR_OK;
}

static enum err
read_cose(struct span bytes, struct cose *out)
{
	struct reader r = reader_over(bytes);
	struct span item;

	REQUIRE(bytes.len <= MAX_COSE_KEY, ERR_TOO_LONG);
	TRY(cbor_item(&r, &item));
	TRY(reader_done(&r));
	r = reader_over(item);
	TRY(read_members(&r, out));
	return reader_done(&r);
}

static enum err
from_parameters(struct parameters *p, const char *type, EVP_PKEY **out)
{
	p->made = OSSL_PARAM_BLD_to_param(p->build);
	p->context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	REQUIRE(p->made != NULL && p->context != NULL, ERR_NO_MEMORY);
	REQUIRE(EVP_PKEY_fromdata_init(p->context) == 1, ERR_CRYPTO);
	REQUIRE_WHY(EVP_PKEY_fromdata(p->context, out, EVP_PKEY_PUBLIC_KEY, p->made) == 1, ERR_MALFORMED,
		"RFC 9053 7: the key's numbers are not a public key of type %s", type);
	return ERR_OK;
}

enum err
webauthn_key_from_point(const struct cose_algorithm *a, struct span x, struct span y, EVP_PKEY **out)
{
	AUTO(parameters) p = {.build = OSSL_PARAM_BLD_new()};
	uint8_t point[1 + 2 * MAX_COORDINATE] = {0x04}; /* SEC 1 2.3.3: uncompressed */
	const size_t len = a->coordinate;

	REQUIRE(p.build != NULL, ERR_NO_MEMORY);
	REQUIRE_WHY(x.len == len && y.len == len, ERR_MALFORMED, "RFC 9053 7.1.1: a coordinate is not %zu bytes", len);
	memcpy(point + 1, x.ptr, len);
	memcpy(point + 1 + len, y.ptr, len);
	REQUIRE(OSSL_PARAM_BLD_push_utf8_string(p.build, OSSL_PKEY_PARAM_GROUP_NAME, a->group, 0) == 1, ERR_NO_MEMORY);
	REQUIRE(OSSL_PARAM_BLD_push_octet_string(p.build, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * len) == 1,
		ERR_NO_MEMORY);
	return from_parameters(&p, "EC", out); /* refuses a point off the curve */
}

enum err
webauthn_key_from_modulus(struct span n, struct span e, EVP_PKEY **out)
{
	AUTO(parameters) p = {.build = OSSL_PARAM_BLD_new()};

	REQUIRE(n.len > 0 && n.len <= MAX_RSA_BITS / 8 && e.len > 0 && e.len <= 8, ERR_MALFORMED);
	REQUIRE_WHY(n.ptr[0] != 0 && e.ptr[0] != 0, ERR_MALFORMED, "RFC 8230 4: a number with leading zeros");
	p.n = BN_bin2bn(n.ptr, (int)n.len, NULL);
	p.e = BN_bin2bn(e.ptr, (int)e.len, NULL);
	REQUIRE(p.build != NULL && p.n != NULL && p.e != NULL, ERR_NO_MEMORY);
	REQUIRE_WHY(BN_num_bits(p.n) >= MIN_RSA_BITS, ERR_MALFORMED, "RFC 8230 6.1: an RSA key of %d bits",
		BN_num_bits(p.n));
	REQUIRE_WHY(BN_is_odd(p.n) && BN_is_odd(p.e) && !BN_is_one(p.e), ERR_MALFORMED,
		"RFC 8230 4: not an RSA modulus and exponent");
	REQUIRE(OSSL_PARAM_BLD_push_BN(p.build, OSSL_PKEY_PARAM_RSA_N, p.n) == 1, ERR_NO_MEMORY);
	REQUIRE(OSSL_PARAM_BLD_push_BN(p.build, OSSL_PKEY_PARAM_RSA_E, p.e) == 1, ERR_NO_MEMORY);
	return from_parameters(&p, "RSA", out);
}

static enum err
from_raw(const struct cose_algorithm *a, struct span x, EVP_PKEY **out)
{
	REQUIRE_WHY(x.len == a->coordinate, ERR_MALFORMED, "RFC 9053 7.2: an %s key is %zu bytes", a->name,
		a->coordinate);
	*out = EVP_PKEY_new_raw_public_key_ex(NULL, a->group, NULL, x.ptr, x.len);
	REQUIRE(*out != NULL, ERR_MALFORMED);
	return ERR_OK;
}

static enum err
build(const struct cose_algorithm *a, const struct cose *c, EVP_PKEY **out)
{
	switch (a->kty) {
	case COSE_EC2:
		return webauthn_key_from_point(a, c->first, c->second, out);
	case COSE_RSA:
		return webauthn_key_from_modulus(c->first, c->second, out);
	case COSE_OKP:
		return from_raw(a, c->first, out);
	}
	return ERR_UNSUPPORTED;
}

/* 5.8.5: the algorithm decides type and curve. */
static enum err
choose(const struct cose *c, const struct cose_algorithm **out)
{
	const struct cose_algorithm *a = cose_algorithm_of(c->alg);

	REQUIRE_WHY(a != NULL && !a->attestation_only, ERR_UNSUPPORTED, "RFC 9053 2: credential algorithm %lld",
		(long long)c->alg);
	REQUIRE_WHY((int64_t)a->kty == c->kty && (int64_t)a->curve == c->curve, ERR_MALFORMED,
		"WebAuthn 5.8.5: %s with key type %lld and curve %lld", a->name, (long long)c->kty,
		(long long)c->curve);
	*out = a;
	return ERR_OK;
}

static enum err
parse(struct span cose_key, struct webauthn_key *out)
{
	struct cose c = {0};

	TRY(read_cose(cose_key, &c));
	TRY(choose(&c, &out->algorithm));
	TRY(build(out->algorithm, &c, &out->pkey));
	if (out->algorithm->digest == NULL)
		return ERR_OK;
	out->digest = EVP_MD_fetch(NULL, out->algorithm->digest, NULL);
	REQUIRE(out->digest != NULL, ERR_CRYPTO);
	return cose_context(out->algorithm, out->pkey, &out->verifier);
}

enum err
webauthn_key_parse(struct span cose_key, struct webauthn_key **out)
{
	AUTO(webauthn_key) *key = calloc(1, sizeof(*key));

	REQUIRE(key != NULL, ERR_NO_MEMORY);
	err_forget();
	const enum err e = parse(cose_key, key);
	if (e != ERR_OK && err_why()[0] == '\0')
		return err_because(e, "WebAuthn 6.5.1.1: the credential public key is %s", err_text(e));
	TRY(e);
	*out = key;
	key = NULL;
	return ERR_OK;
}

int64_t
webauthn_key_algorithm(const struct webauthn_key *key)
{
	return key->algorithm->id;
}

EVP_PKEY *
webauthn_key_public(const struct webauthn_key *key)
{
	return key->pkey;
}

void
webauthn_key_free(struct webauthn_key **key)
{
	if (*key == NULL)
		return;
	EVP_PKEY_CTX_free((*key)->verifier);
	EVP_MD_free((*key)->digest);
	EVP_PKEY_free((*key)->pkey);
	free(*key);
	*key = NULL;
}

enum err
webauthn_key_point(struct span cose_key, struct span *x, struct span *y)
{
	struct cose c = {0};

	TRY(read_cose(cose_key, &c));
	REQUIRE(c.kty == COSE_EC2, ERR_MALFORMED);
	*x = c.first;
	*y = c.second;
	return ERR_OK;
}

static enum err
verify_digest(const struct webauthn_key *key, struct span message, struct span signature)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	EVP_PKEY_CTX *context;
	int verdict;

	REQUIRE(EVP_Digest(message.ptr, message.len, digest, &len, key->digest, NULL) == 1, ERR_CRYPTO);
	context = EVP_PKEY_CTX_dup(key->verifier);
	REQUIRE(context != NULL, ERR_NO_MEMORY);
	verdict = EVP_PKEY_verify(context, signature.ptr, signature.len, digest, len);
	EVP_PKEY_CTX_free(context);
	REQUIRE(verdict == 1, ERR_BAD_SIGNATURE);
	return ERR_OK;
}

enum err
webauthn_key_verify(const struct webauthn_key *key, struct span message, struct span signature)
{
	if (key->verifier == NULL)
		return cose_verify(key->algorithm, key->pkey, message, signature);
	return verify_digest(key, message, signature);
}
