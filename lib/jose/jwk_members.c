/* The members of a JWK to libcrypto and back: RFC 7518 6.2 (EC), 6.3 (RSA), RFC 8037 2 (OKP). */
#include <openssl/core_names.h>
#include <string.h>

#include "jose/jwk.h"
#include "x509/own.h"
#include "x509/weak_key.h"

enum { MAX_COORDINATE = 66, MAX_POINT = 1 + 2 * MAX_COORDINATE, MAX_MODULUS = MAX_RSA_BITS / 8 };

static const struct ec_curve {
	const char *name;
	size_t len; /* of a coordinate */
} ec_curves[] = {{"P-256", 32}, {"P-384", 48}, {"P-521", 66}};

static const struct ok_curve {
	const char *name, *type;
	size_t len;
} ok_curves[] = {{"Ed25519", "ED25519", 32}, {"Ed448", "ED448", 57}};

static enum err
fromdata(const char *type, bool secret, OSSL_PARAM_BLD *bld, EVP_PKEY **out)
{
	OWN(EVP_PKEY_CTX) ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	OWN(OSSL_PARAM) params = OSSL_PARAM_BLD_to_param(bld);

	CRYPTO_OK(ctx && params && EVP_PKEY_fromdata_init(ctx) == 1, "key import");
	if (EVP_PKEY_fromdata(ctx, out, secret ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, params) != 1)
		return own_failed(ERR_MALFORMED, "RFC 7518 6: these members are not a key");
	return ERR_OK;
}

/* A number member without needless zeros in front (RFC 7518 2, Base64urlUInt). *n must outlive bld. */
static enum err
push_number(OSSL_PARAM_BLD *bld, const char *param, const struct json_bytes *b, BIGNUM **n)
{
	REQUIRE_WHY(b->len > 0 && b->ptr[0] != 0, ERR_MALFORMED,
		"RFC 7518 2: a number that is empty or starts with a zero byte");
	REQUIRE_WHY(b->len <= MAX_MODULUS, ERR_REFUSED, "RFC 7518 6.3: a number of more than %d bits", MAX_RSA_BITS);
	*n = BN_bin2bn(b->ptr, (int)b->len, NULL);
	CRYPTO_OK(*n && OSSL_PARAM_BLD_push_BN(bld, param, *n), "key import");
	return ERR_OK;
}

static enum err
import_ec(const struct jwk_members *m, EVP_PKEY **out)
{
	const struct ec_curve *curve = NULL;
	OWN(OSSL_PARAM_BLD) bld = OSSL_PARAM_BLD_new();
	OWN(BIGNUM) d = NULL;
	uint8_t point[MAX_POINT];

	REQUIRE_WHY(m->crv, ERR_MALFORMED, "RFC 7518 6.2.1.1: crv is missing");
	for (size_t i = 0; i < sizeof(ec_curves) / sizeof(ec_curves[0]); i++)
		if (strcmp(ec_curves[i].name, m->crv) == 0)
			curve = &ec_curves[i];
	REQUIRE_WHY(curve, ERR_UNSUPPORTED, "RFC 7518 6.2.1.1: curve %s is not known here", m->crv);
	REQUIRE_WHY(m->x.len == curve->len && m->y.len == curve->len, ERR_MALFORMED,
		"RFC 7518 6.2.1.2: x and y must be %zu bytes on %s", curve->len, curve->name);
	point[0] = 0x04;
	memcpy(point + 1, m->x.ptr, curve->len);
	memcpy(point + 1 + curve->len, m->y.ptr, curve->len);
	CRYPTO_OK(bld && OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, curve->name, 0) &&
			OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * curve->len),
		"key import");
	if (m->d.ptr) {
		REQUIRE_WHY(m->d.len == curve->len, ERR_MALFORMED, "RFC 7518 6.2.2.1: d must be %zu bytes on %s",
			curve->len, curve->name);
		d = BN_secure_new();
		CRYPTO_OK(d && BN_bin2bn(m->d.ptr, (int)m->d.len, d) &&
				OSSL_PARAM_BLD_push_BN_pad(bld, OSSL_PKEY_PARAM_PRIV_KEY, d, curve->len),
			"key import");
	}
	return fromdata("EC", m->d.ptr != NULL, bld, out);
}

static enum err
import_rsa(const struct jwk_members *m, EVP_PKEY **out)
{
	const struct {
		const char *param;
		const struct json_bytes *bytes;
	} secrets[] = {
		{OSSL_PKEY_PARAM_RSA_FACTOR1, &m->p},
		{OSSL_PKEY_PARAM_RSA_FACTOR2, &m->q},
		{OSSL_PKEY_PARAM_RSA_EXPONENT1, &m->dp},
		{OSSL_PKEY_PARAM_RSA_EXPONENT2, &m->dq},
		{OSSL_PKEY_PARAM_RSA_COEFFICIENT1, &m->qi},
	};
	enum { SECRETS = sizeof(secrets) / sizeof(secrets[0]) };
	OWN(OSSL_PARAM_BLD) bld = OSSL_PARAM_BLD_new();
	OWN(BIGNUM) n = NULL;
	OWN(BIGNUM) e = NULL;
	OWN(BIGNUM) d = NULL;
	BIGNUM *parts[SECRETS] = {0};
	enum err result = ERR_OK;

	REQUIRE(bld, ERR_NO_MEMORY);
	TRY(push_number(bld, OSSL_PKEY_PARAM_RSA_N, &m->n, &n));
	TRY(push_number(bld, OSSL_PKEY_PARAM_RSA_E, &m->e, &e));
	REQUIRE_WHY(!m->oth, ERR_UNSUPPORTED, "RFC 7518 6.3.2.7: more than two primes");
	if (!m->d.ptr)
		return fromdata("RSA", false, bld, out);
	TRY(push_number(bld, OSSL_PKEY_PARAM_RSA_D, &m->d, &d));
	for (size_t i = 0; i < SECRETS && result == ERR_OK; i++)
		result = push_number(bld, secrets[i].param, secrets[i].bytes, &parts[i]);
	if (result == ERR_OK)
		result = fromdata("RSA", true, bld, out);
	for (size_t i = 0; i < SECRETS; i++)
		BN_clear_free(parts[i]);
	return result;
}

static enum err
import_okp(const struct jwk_members *m, EVP_PKEY **out)
{
	const struct ok_curve *curve = NULL;
	OWN(OSSL_PARAM_BLD) bld = OSSL_PARAM_BLD_new();

	REQUIRE_WHY(m->crv, ERR_MALFORMED, "RFC 8037 2: crv is missing");
	for (size_t i = 0; i < sizeof(ok_curves) / sizeof(ok_curves[0]); i++)
		if (strcmp(ok_curves[i].name, m->crv) == 0)
			curve = &ok_curves[i];
	REQUIRE_WHY(curve, ERR_UNSUPPORTED, "RFC 8037 2: curve %s is not for signatures here", m->crv);
	REQUIRE_WHY(m->x.len == curve->len && (!m->d.ptr || m->d.len == curve->len), ERR_MALFORMED,
		"RFC 8037 2: x and d must be %zu bytes on %s", curve->len, curve->name);
	CRYPTO_OK(bld && OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, m->x.ptr, m->x.len),
		"key import");
	CRYPTO_OK(!m->d.ptr || OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PRIV_KEY, m->d.ptr, m->d.len),
		"key import");
	return fromdata(curve->type, m->d.ptr != NULL, bld, out);
}

enum err
jwk_import(const struct jwk_members *m, EVP_PKEY **out)
{
	if (strcmp(m->kty, "EC") == 0)
		return import_ec(m, out);
	if (strcmp(m->kty, "RSA") == 0)
		return import_rsa(m, out);
	if (strcmp(m->kty, "OKP") == 0)
		return import_okp(m, out);
	return err_because(ERR_UNSUPPORTED, "RFC 7518 6.1: kty %s is not known here", m->kty);
}

static enum err
write_ec(const EVP_PKEY *key, const char *crv, struct json_writer *j)
{
	OWN(BIGNUM) x = NULL;
	OWN(BIGNUM) y = NULL;
	uint8_t bytes[MAX_COORDINATE];
	const int len = (EVP_PKEY_get_bits(key) + 7) / 8;

	CRYPTO_OK(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_X, &x) &&
			EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_Y, &y),
		"EC key");
	json_text(j, "crv", crv);
	json_text(j, "kty", "EC");
	CRYPTO_OK(len <= MAX_COORDINATE && BN_bn2binpad(x, bytes, len) == len, "EC key");
	json_bytes64(j, "x", span_at(bytes, (size_t)len));
	CRYPTO_OK(BN_bn2binpad(y, bytes, len) == len, "EC key");
	json_bytes64(j, "y", span_at(bytes, (size_t)len));
	return ERR_OK;
}

static enum err
write_number(const EVP_PKEY *key, const char *param, const char *name, struct json_writer *j)
{
	OWN(BIGNUM) n = NULL;
	uint8_t bytes[MAX_MODULUS];

	CRYPTO_OK(EVP_PKEY_get_bn_param(key, param, &n) && BN_num_bytes(n) <= MAX_MODULUS, "RSA key");
	json_bytes64(j, name, span_at(bytes, (size_t)BN_bn2bin(n, bytes)));
	return ERR_OK;
}

static enum err
write_okp(const EVP_PKEY *key, const char *crv, struct json_writer *j)
{
	uint8_t bytes[MAX_COORDINATE];
	size_t len = sizeof(bytes);

	CRYPTO_OK(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, bytes, len, &len), "Edwards key");
	json_text(j, "crv", crv);
	json_text(j, "kty", "OKP");
	json_bytes64(j, "x", span_at(bytes, len));
	return ERR_OK;
}

enum err
jwk_public_members(const EVP_PKEY *key, struct json_writer *j)
{
	char type[16];

	TRY(key_type(key, type));
	if (type[0] == 'P')
		return write_ec(key, type, j);
	if (type[0] == 'E')
		return write_okp(key, type, j);
	TRY(write_number(key, OSSL_PKEY_PARAM_RSA_E, "e", j));
	json_text(j, "kty", "RSA");
	return write_number(key, OSSL_PKEY_PARAM_RSA_N, "n", j);
}
