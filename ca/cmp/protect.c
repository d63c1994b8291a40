#include "ca/cmp/protect.h"

#include <string.h>

#include <openssl/crmf.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "base/random.h"
#include "base/secret.h"
#include "ca/cmp/answer.h"
#include "x509/der.h"
#include "x509/own.h"

OWN_TYPE(OSSL_CRMF_PBMPARAMETER)
OWN_TYPE(PBE2PARAM)
OWN_TYPE(PBKDF2PARAM)
OWN_TYPE(X509_ALGOR)

enum {
	SEQUENCE = 0x30,
	MAC_SALT_LEN = 16,
	PBM_ITERATIONS = 1000,
	PBMAC1_ITERATIONS = 2048,
	MIN_SALT = 8,
	MAX_SALT = 128
};

/* id-PasswordBasedMac 1.2.840.113533.7.66.13; id-PBMAC1 1.2.840.113549.1.5.14, which libcrypto 3.0 has no name for */
static const uint8_t pbm_oid[] = {0x2a, 0x86, 0x48, 0x86, 0xf6, 0x7d, 0x07, 0x42, 0x0d};
static const uint8_t pbmac1_oid[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0e};

/* OID's contents, and what follows it. */
static enum err
alg_parts(struct span alg, struct span *oid, struct span *parameters)
{
	struct reader r = reader_over(alg), in;
	struct span contents;

	TRY(der_read(&r, DER_SEQUENCE, &contents));
	TRY(reader_done(&r));
	in = reader_over(contents);
	TRY(der_read(&in, DER_OBJECT, oid));
	*parameters = in.left;
	return ERR_OK;
}

enum cmp_protection
cmp_protection_of(struct span alg)
{
	struct span oid, parameters;

	if (alg.len == 0 || alg_parts(alg, &oid, &parameters) != ERR_OK)
		return CMP_UNPROTECTED;
	if (span_equal(oid, span_at(pbm_oid, sizeof(pbm_oid))))
		return CMP_PBM;
	return span_equal(oid, span_at(pbmac1_oid, sizeof(pbmac1_oid))) ? CMP_PBMAC1 : CMP_SIGNED;
}

/* ---- PBM ---- */

/* What libcrypto does not bound before it works: the rounds, and the salt. PBMParameter ::= SEQUENCE { salt, owf, iterationCount, mac } (RFC 4211 4.4) */
static enum cmp_fail
pbm_bounds(struct span parameters)
{
	struct reader r = reader_over(parameters), in;
	struct span contents, salt, owf, rounds;
	int64_t n = 0;

	CMP_WHY(der_read(&r, DER_SEQUENCE, &contents) == ERR_OK && reader_done(&r) == ERR_OK, CMP_BAD_ALG,
		"RFC 4211 4.4: no PBMParameter");
	in = reader_over(contents);
	CMP_WHY(der_read(&in, DER_OCTET_STRING, &salt) == ERR_OK && der_read_any(&in, &owf) == ERR_OK &&
			der_read(&in, DER_INTEGER, &rounds) == ERR_OK && rounds.len > 0 && rounds.len <= 4,
		CMP_BAD_ALG, "RFC 4211 4.4: no PBMParameter");
	for (size_t i = 0; i < rounds.len; i++)
		n = n << 8 | rounds.ptr[i];
	CMP_WHY(n >= MIN_MAC_ITERATIONS && n <= MAX_MAC_ITERATIONS, CMP_BAD_ALG,
		"RFC 9481 6.1.1: iterationCount is not from %d to %d", MIN_MAC_ITERATIONS, MAX_MAC_ITERATIONS);
	CMP_WHY(salt.len >= MIN_SALT && salt.len <= MAX_SALT, CMP_BAD_ALG,
		"RFC 9481 6.1.1: salt is not of %d to %d bytes", MIN_SALT, MAX_SALT);
	return CMP_OK;
}

static enum err
pbm(struct span parameters, struct span secret, struct span part, uint8_t out[MAX_MAC_LEN], size_t *len)
{
	const uint8_t *p = parameters.ptr;
	OWN(OSSL_CRMF_PBMPARAMETER) pbmp = d2i_OSSL_CRMF_PBMPARAMETER(NULL, &p, (long)parameters.len);
	unsigned char *mac = NULL;
	size_t size = 0;

	if (pbmp == NULL ||
		OSSL_CRMF_pbm_new(NULL, NULL, pbmp, part.ptr, part.len, secret.ptr, secret.len, &mac, &size) != 1)
		return own_failed(ERR_UNSUPPORTED, "RFC 9481 6.1.1: password-based MAC");
	const bool fits = size <= MAX_MAC_LEN;

	if (fits)
		memcpy(out, mac, size);
	OPENSSL_free(mac);
	*len = size;
	return fits ? ERR_OK : ERR_UNSUPPORTED;
}

/* ---- PBMAC1 ---- */

static const EVP_MD *
hmac_digest(const X509_ALGOR *a)
{
	const ASN1_OBJECT *type;

	X509_ALGOR_get0(&type, NULL, NULL, a);
	switch (OBJ_obj2nid(type)) {
	case NID_hmacWithSHA256:
		return EVP_sha256();
	case NID_hmacWithSHA384:
		return EVP_sha384();
	case NID_hmacWithSHA512:
		return EVP_sha512();
	default:
		return NULL;
	}
}

struct derivation {
	const ASN1_OCTET_STRING *salt;
	long rounds, key_len;
	const EVP_MD *prf;
};

static bool
derivation_read(const PBKDF2PARAM *k, struct derivation *d)
{
	*d = (struct derivation){.rounds = ASN1_INTEGER_get(k->iter)};
	if (k->salt->type != V_ASN1_OCTET_STRING || k->prf == NULL)
		return false;
	d->salt = k->salt->value.octet_string;
	d->prf = hmac_digest(k->prf);
	d->key_len = k->keylength != NULL ? ASN1_INTEGER_get(k->keylength) : 32;
	return d->prf != NULL && d->rounds >= MIN_MAC_ITERATIONS && d->rounds <= MAX_MAC_ITERATIONS &&
		d->key_len >= 16 && d->key_len <= MAX_MAC_LEN && ASN1_STRING_length(d->salt) >= MIN_SALT &&
		ASN1_STRING_length(d->salt) <= MAX_SALT;
}

/* PBMAC1-params has the shape of PBES2-params (RFC 8018 A.4, A.5). */
static enum err
pbmac1(struct span parameters, struct span secret, struct span part, uint8_t out[MAX_MAC_LEN], size_t *len)
{
	const uint8_t *p = parameters.ptr;
	OWN(PBE2PARAM) both = d2i_PBE2PARAM(NULL, &p, (long)parameters.len);
	const ASN1_OBJECT *kdf;
	int type;
	const void *value;
	struct derivation d;
	uint8_t key[MAX_MAC_LEN];
	unsigned size = 0;

	if (both == NULL || p != parameters.ptr + parameters.len)
		return own_failed(ERR_UNSUPPORTED, "RFC 8018 A.5: no PBMAC1-params");
	X509_ALGOR_get0(&kdf, &type, &value, both->keyfunc);
	const EVP_MD *digest = hmac_digest(both->encryption);

	REQUIRE_WHY(OBJ_obj2nid(kdf) == NID_id_pbkdf2 && type == V_ASN1_SEQUENCE && digest != NULL, ERR_UNSUPPORTED,
		"RFC 9481 6.1.2: PBMAC1 with PBKDF2 and HMAC over SHA-2 is taken");
	OWN(PBKDF2PARAM) k = ASN1_item_unpack(value, ASN1_ITEM_rptr(PBKDF2PARAM));

	REQUIRE_WHY(k != NULL && derivation_read(k, &d), ERR_UNSUPPORTED,
		"RFC 9481 6.1.2: PBKDF2 with HMAC over SHA-2, %d to %d rounds and a salt of %d to %d bytes is taken",
		MIN_MAC_ITERATIONS, MAX_MAC_ITERATIONS, MIN_SALT, MAX_SALT);
	CRYPTO_OK(PKCS5_PBKDF2_HMAC((const char *)secret.ptr, (int)secret.len, ASN1_STRING_get0_data(d.salt),
			  ASN1_STRING_length(d.salt), (int)d.rounds, d.prf, (int)d.key_len, key) == 1,
		"PBKDF2");
	const bool ok = HMAC(digest, key, (int)d.key_len, part.ptr, part.len, out, &size) != NULL;

	explicit_bzero(key, sizeof(key));
	*len = size;
	return ok ? ERR_OK : own_failed(ERR_CRYPTO, "PBMAC1");
}

/* ---- both ---- */

static enum err
mac_of(struct span alg, struct span secret, struct span part, uint8_t out[MAX_MAC_LEN], size_t *len)
{
	struct span oid, parameters;

	TRY(alg_parts(alg, &oid, &parameters));
	return cmp_protection_of(alg) == CMP_PBM ? pbm(parameters, secret, part, out, len)
						 : pbmac1(parameters, secret, part, out, len);
}

enum cmp_fail
cmp_mac_check(struct span alg, struct span secret, struct span part, struct span mac)
{
	struct span oid, parameters;
	uint8_t right[MAX_MAC_LEN];
	size_t len = 0;

	CMP_WHY(alg_parts(alg, &oid, &parameters) == ERR_OK, CMP_BAD_DATA_FORMAT, "protectionAlg");
	if (cmp_protection_of(alg) == CMP_PBM)
		CMP_TRY(pbm_bounds(parameters));
	const enum err e = mac_of(alg, secret, part, right, &len);

	if (e != ERR_OK)
		return e == ERR_UNSUPPORTED ? CMP_BAD_ALG : CMP_SYSTEM_FAILURE;
	CMP_WHY(secret_equal(mac, span_at(right, len)), CMP_BAD_MESSAGE_CHECK,
		"RFC 9810 5.1.3.1: the MAC is not by the secret of this enrolment");
	return CMP_OK;
}

static enum err
pbm_alg(struct writer *in)
{
	OWN(OSSL_CRMF_PBMPARAMETER)
	p = OSSL_CRMF_pbmp_new(NULL, MAC_SALT_LEN, NID_sha256, PBM_ITERATIONS, NID_hmacWithSHA256);
	unsigned char *der = NULL;
	const int len = p != NULL ? i2d_OSSL_CRMF_PBMPARAMETER(p, &der) : -1;

	CRYPTO_OK(len > 0, "PBMParameter");
	cmp_der(in, DER_OBJECT, span_at(pbm_oid, sizeof(pbm_oid)));
	writer_bytes(in, span_at(der, (size_t)len));
	OPENSSL_free(der);
	return ERR_OK;
}

static enum err
pbmac1_alg(struct writer *in)
{
	/* hmacWithSHA256 with NULL */
	static const uint8_t hmac[] = {0x30, 0x0c, 0x06, 0x08, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x09, 0x05,
		0x00};
	static const uint8_t pbkdf2[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0c};
	AUTO(writer) parameters = writer_new(256);
	AUTO(writer) function = writer_new(256);
	AUTO(writer) both = writer_new(256);
	uint8_t salt[MAC_SALT_LEN];

	random_bytes(salt, sizeof(salt));
	cmp_der(&parameters, DER_OCTET_STRING, span_at(salt, sizeof(salt)));
	cmp_der_int(&parameters, PBMAC1_ITERATIONS);
	cmp_der_int(&parameters, 32);
	writer_bytes(&parameters, span_at(hmac, sizeof(hmac)));
	cmp_der(&function, DER_OBJECT, span_at(pbkdf2, sizeof(pbkdf2)));
	cmp_der(&function, SEQUENCE, writer_span(&parameters));
	cmp_der(&both, SEQUENCE, writer_span(&function));
	writer_bytes(&both, span_at(hmac, sizeof(hmac)));
	cmp_der(in, DER_OBJECT, span_at(pbmac1_oid, sizeof(pbmac1_oid)));
	cmp_der(in, SEQUENCE, writer_span(&both));
	return writer_done(in);
}

enum err
cmp_mac_alg(enum cmp_protection kind, struct writer *alg)
{
	AUTO(writer) in = writer_new(512);

	TRY(kind == CMP_PBM ? pbm_alg(&in) : pbmac1_alg(&in));
	cmp_der(alg, SEQUENCE, writer_span(&in));
	return writer_done(alg);
}

enum err
cmp_mac_make(struct span alg, struct span secret, struct span part, struct writer *mac)
{
	uint8_t bytes[MAX_MAC_LEN];
	size_t len = 0;

	TRY(mac_of(alg, secret, part, bytes, &len));
	writer_bytes(mac, span_at(bytes, len));
	return writer_done(mac);
}

/* ---- signatures ---- */

/* The digest of a signature algorithm that is taken; NULL in *md for Edwards keys. */
static bool
signature_digest(struct span alg, const EVP_PKEY *key, const EVP_MD **md)
{
	const uint8_t *p = alg.ptr;
	OWN(X509_ALGOR) a = d2i_X509_ALGOR(NULL, &p, (long)alg.len);
	const ASN1_OBJECT *type;
	int digest, public_key;

	*md = NULL;
	if (a == NULL)
		return false;
	X509_ALGOR_get0(&type, NULL, NULL, a);
	const int nid = OBJ_obj2nid(type);

	if (nid == NID_ED25519 || nid == NID_ED448)
		return EVP_PKEY_is_a(key, OBJ_nid2sn(nid));
	if (OBJ_find_sigid_algs(nid, &digest, &public_key) != 1 ||
		(digest != NID_sha256 && digest != NID_sha384 && digest != NID_sha512))
		return false;
	*md = EVP_get_digestbynid(digest);
	return (public_key == NID_X9_62_id_ecPublicKey && EVP_PKEY_is_a(key, "EC")) ||
		(public_key == NID_rsaEncryption && EVP_PKEY_is_a(key, "RSA"));
}

enum cmp_fail
cmp_signature_check(struct span alg, EVP_PKEY *key, struct span part, struct span bits)
{
	OWN(EVP_MD_CTX) context = EVP_MD_CTX_new();
	const EVP_MD *md;

	CMP_WHY(context != NULL, CMP_SYSTEM_FAILURE, "out of memory");
	if (!signature_digest(alg, key, &md)) {
		(void)own_failed(ERR_UNSUPPORTED,
			"RFC 9481 3: the signature is not by SHA-2 or an Edwards key, or not by this kind of key");
		return CMP_BAD_ALG;
	}
	if (EVP_DigestVerifyInit(context, NULL, md, NULL, key) != 1 ||
		EVP_DigestVerify(context, bits.ptr, bits.len, part.ptr, part.len) != 1) {
		(void)own_failed(ERR_BAD_SIGNATURE, "RFC 9810 5.1.3.3: the signature does not verify");
		return CMP_BAD_MESSAGE_CHECK;
	}
	return CMP_OK;
}

static enum err
own_digest(const EVP_PKEY *key, int *digest, int *signature)
{
	const int type = EVP_PKEY_get_base_id(key);

	*digest = EVP_PKEY_get_bits(key) == 384 ? NID_sha384 : NID_sha256;
	if (type == EVP_PKEY_ED25519 || type == EVP_PKEY_ED448) {
		*digest = NID_undef;
		*signature = type;
		return ERR_OK;
	}
	CRYPTO_OK(OBJ_find_sigid_by_algs(signature, *digest, type) == 1, "signature algorithm of the TLS key");
	return ERR_OK;
}

enum err
cmp_signature_alg(const EVP_PKEY *key, struct writer *alg)
{
	OWN(X509_ALGOR) a = X509_ALGOR_new();
	int digest, signature;
	unsigned char *der = NULL;

	REQUIRE(a != NULL, ERR_NO_MEMORY);
	TRY(own_digest(key, &digest, &signature));
	CRYPTO_OK(X509_ALGOR_set0(a, OBJ_nid2obj(signature),
			  EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA ? V_ASN1_NULL : V_ASN1_UNDEF, NULL) == 1,
		"protectionAlg");
	const int len = i2d_X509_ALGOR(a, &der);

	CRYPTO_OK(len > 0, "protectionAlg");
	writer_bytes(alg, span_at(der, (size_t)len));
	OPENSSL_free(der);
	return writer_done(alg);
}

enum err
cmp_signature_make(EVP_PKEY *key, struct span part, struct writer *bits)
{
	OWN(EVP_MD_CTX) context = EVP_MD_CTX_new();
	int digest, signature;
	uint8_t bytes[MAX_CERTIFICATE / 32];
	size_t len = sizeof(bytes);

	REQUIRE(context != NULL, ERR_NO_MEMORY);
	TRY(own_digest(key, &digest, &signature));
	CRYPTO_OK(EVP_DigestSignInit(context, NULL, digest != NID_undef ? EVP_get_digestbynid(digest) : NULL, NULL,
			  key) == 1 &&
			EVP_DigestSign(context, bytes, &len, part.ptr, part.len) == 1,
		"signing an answer");
	writer_bytes(bits, span_at(bytes, len));
	return writer_done(bits);
}
