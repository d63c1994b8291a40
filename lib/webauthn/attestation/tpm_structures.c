#include "webauthn/attestation/tpm_structures.h"

#include <string.h>

#include "base/reader.h"

/* Part 2, 6.3 (TPM_ALG_ID), 6.4 (TPM_ECC_CURVE), 6.9 (TPM_ST), 6.2 (TPM_GENERATED). */
enum {
	ALG_RSA = 0x0001,
	ALG_SHA1 = 0x0004,
	ALG_SHA256 = 0x000b,
	ALG_SHA384 = 0x000c,
	ALG_SHA512 = 0x000d,
	ALG_NULL = 0x0010,
	ALG_ECC = 0x0023
};
enum { CURVE_P256 = 0x0003, CURVE_P384 = 0x0004, CURVE_P521 = 0x0005 };
enum { ST_ATTEST_CERTIFY = 0x8017 };
static const uint32_t generated_value = 0xff544347; /* "\xffTCG" */

enum { MAX_COORDINATE = 66 };

/* An algorithm that may be TPM_ALG_NULL, else is followed by a hash: the schemes and key derivations of keys. */
static enum err
skip_scheme(struct reader *r)
{
	uint16_t scheme, hash;

	TRY(reader_u16(r, &scheme));
	return scheme == ALG_NULL ? ERR_OK : reader_u16(r, &hash);
}

/* 11.1.7: only a storage key, which signs nothing for us, has a symmetric algorithm. */
static enum err
no_symmetric(struct reader *r)
{
	uint16_t symmetric;

	TRY(reader_u16(r, &symmetric));
	REQUIRE_WHY(symmetric == ALG_NULL, ERR_MALFORMED, "TPM 2.0 Part 2, 11.1.7: the certified key is a storage key");
	return ERR_OK;
}

/* 12.2.3.5, 11.2.4.5 */
static enum err
parse_rsa(struct reader *r, struct tpm_public *p)
{
	uint16_t bits;

	p->kty = COSE_RSA;
	TRY(no_symmetric(r));
	TRY(skip_scheme(r));
	TRY(reader_u16(r, &bits));
	TRY(reader_bytes(r, sizeof(uint32_t), &p->second));
	return reader_block16(r, MAX_TPM2B, &p->first);
}

/* 12.2.3.6, 11.2.5.2 */
static enum err
parse_ecc(struct reader *r, struct tpm_public *p)
{
	uint16_t curve;

	p->kty = COSE_EC2;
	TRY(no_symmetric(r));
	TRY(skip_scheme(r));
	TRY(reader_u16(r, &curve));
	TRY(skip_scheme(r));
	REQUIRE(curve >= CURVE_P256 && curve <= CURVE_P521, ERR_MALFORMED);
	p->curve = curve - CURVE_P256 + COSE_CURVE_P256;
	TRY(reader_block16(r, MAX_COORDINATE, &p->first));
	return reader_block16(r, MAX_COORDINATE, &p->second);
}

enum err
tpm_public_parse(struct span bytes, struct tpm_public *out)
{
	struct reader r = reader_over(bytes);
	struct tpm_public p = {0};
	uint16_t type;
	uint32_t attributes;
	struct span policy;

	TRY(reader_u16(&r, &type));
	TRY(reader_u16(&r, &p.name_alg));
	TRY(reader_u32(&r, &attributes));
	TRY(reader_block16(&r, MAX_TPM2B, &policy));
	REQUIRE_WHY(type == ALG_RSA || type == ALG_ECC, ERR_MALFORMED, "TPM 2.0 Part 2, 12.2.4: key type %u", type);
	TRY(type == ALG_RSA ? parse_rsa(&r, &p) : parse_ecc(&r, &p));
	TRY(reader_done(&r));
	*out = p;
	return ERR_OK;
}

enum err
tpm_attest_parse(struct span bytes, struct tpm_attest *out)
{
	enum { CLOCK_INFO = 8 + 4 + 4 + 1, FIRMWARE_VERSION = 8 };
	struct reader r = reader_over(bytes);
	struct tpm_attest a = {0};
	struct span passed_over;
	uint32_t magic;
	uint16_t type;

	TRY(reader_u32(&r, &magic));
	REQUIRE_WHY(magic == generated_value, ERR_MALFORMED, "WebAuthn 8.3: certInfo was not made by a TPM");
	TRY(reader_u16(&r, &type));
	REQUIRE_WHY(type == ST_ATTEST_CERTIFY, ERR_MALFORMED, "WebAuthn 8.3: certInfo is not TPM_ST_ATTEST_CERTIFY");
	TRY(reader_block16(&r, MAX_TPM2B, &passed_over)); /* qualifiedSigner */
	TRY(reader_block16(&r, MAX_TPM2B, &a.extra_data));
	TRY(reader_bytes(&r, CLOCK_INFO + FIRMWARE_VERSION, &passed_over));
	TRY(reader_block16(&r, MAX_TPM2B, &a.name));
	TRY(reader_block16(&r, MAX_TPM2B, &passed_over)); /* qualifiedName */
	TRY(reader_done(&r));
	*out = a;
	return ERR_OK;
}

/* A TPM leaves out leading zeros of a coordinate. */
static struct span
padded(struct span coordinate, size_t len, uint8_t out[MAX_COORDINATE])
{
	if (coordinate.len > len)
		return coordinate; /* refused by webauthn_key_from_point() */
	memset(out, 0, len);
	memcpy(out + len - coordinate.len, coordinate.ptr, coordinate.len);
	return span_at(out, len);
}

static enum err
ecc_key(const struct tpm_public *p, EVP_PKEY **out)
{
	static const int64_t algorithms[] = {[COSE_CURVE_P256] = -7, [COSE_CURVE_P384] = -35, [COSE_CURVE_P521] = -36};
	const struct cose_algorithm *a = cose_algorithm_of(algorithms[p->curve]);
	uint8_t x[MAX_COORDINATE], y[MAX_COORDINATE];

	return webauthn_key_from_point(a, padded(p->first, a->coordinate, x), padded(p->second, a->coordinate, y), out);
}

/* 12.2.3.5: an exponent of zero stands for 2^16 + 1. */
static enum err
rsa_key(const struct tpm_public *p, EVP_PKEY **out)
{
	static const uint8_t usual[] = {0x01, 0x00, 0x01};
	struct span e = p->second;

	while (e.len > 0 && e.ptr[0] == 0) {
		e.ptr++;
		e.len--;
	}
	return webauthn_key_from_modulus(p->first, e.len > 0 ? e : span_at(usual, sizeof(usual)), out);
}

enum err
tpm_public_key(const struct tpm_public *p, EVP_PKEY **out)
{
	return p->kty == COSE_RSA ? rsa_key(p, out) : ecc_key(p, out);
}

static const char *
hash_name(uint16_t alg)
{
	switch (alg) {
	case ALG_SHA1:
		return "SHA1";
	case ALG_SHA256:
		return "SHA256";
	case ALG_SHA384:
		return "SHA384";
	case ALG_SHA512:
		return "SHA512";
	default:
		return NULL;
	}
}

enum err
tpm_name_check(const struct tpm_public *p, struct span public_bytes, struct span name)
{
	struct reader r = reader_over(name);
	const char *hash = hash_name(p->name_alg);
	uint8_t digest[EVP_MAX_MD_SIZE];
	uint16_t alg;
	size_t len;

	REQUIRE_WHY(hash != NULL, ERR_UNSUPPORTED, "TPM 2.0 Part 2, 6.3: hash algorithm %u", p->name_alg);
	TRY(reader_u16(&r, &alg));
	REQUIRE(EVP_Q_digest(NULL, hash, NULL, public_bytes.ptr, public_bytes.len, digest, &len) == 1, ERR_CRYPTO);
	REQUIRE_WHY(alg == p->name_alg && span_equal(r.left, span_at(digest, len)), ERR_MISMATCH,
		"WebAuthn 8.3: certInfo certifies another object than pubArea");
	return ERR_OK;
}
