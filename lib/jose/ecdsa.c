/* RFC 7518 3.4: ECDSA with R and S as two numbers of fixed length, never DER. */
#include <string.h>

#include "jose/alg.h"
#include "x509/own.h"
#include "x509/weak_key.h"

/* P-521: two numbers of 66 bytes; in DER each with tag, length and maybe a zero, in a sequence with a long length. */
enum { MAX_NUMBER = 66, MAX_DER_SIGNATURE = 2 * (MAX_NUMBER + 3) + 3 };

static bool
on_curve(const EVP_PKEY *key, const char *curve)
{
	char type[16];

	return key_type(key, type) == ERR_OK && strcmp(type, curve) == 0;
}

static enum err
der_to_raw(struct span der, size_t number, struct writer *raw)
{
	const uint8_t *p = der.ptr;
	OWN(ECDSA_SIG) sig = d2i_ECDSA_SIG(NULL, &p, (long)der.len);
	uint8_t out[2 * MAX_NUMBER];

	CRYPTO_OK(sig && p == der.ptr + der.len, "ECDSA signature");
	CRYPTO_OK(BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, (int)number) == (int)number &&
			BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + number, (int)number) == (int)number,
		"ECDSA signature");
	writer_bytes(raw, span_at(out, 2 * number));
	return writer_done(raw);
}

/* Appends an INTEGER at to; n is at most MAX_NUMBER bytes and not zero. */
static size_t
put_integer(uint8_t *to, const uint8_t *n, size_t len)
{
	size_t at = 0;

	while (*n == 0) {
		n++;
		len--;
	}
	const size_t sign = *n >> 7;

	to[at++] = 0x02;
	to[at++] = (uint8_t)(len + sign);
	if (sign)
		to[at++] = 0;
	memcpy(to + at, n, len);
	return at + len;
}

static bool
all_zero(const uint8_t *n, size_t len)
{
	uint8_t seen = 0;

	for (size_t i = 0; i < len; i++)
		seen |= n[i];
	return seen == 0;
}

/* By hand rather than through two bignums: this is on the path of every login. */
static size_t
raw_to_der(const uint8_t *raw, size_t number, uint8_t der[MAX_DER_SIGNATURE])
{
	uint8_t body[MAX_DER_SIGNATURE];
	size_t len = put_integer(body, raw, number), at = 0;

	len += put_integer(body + len, raw + number, number);
	der[at++] = 0x30;
	if (len > 127)
		der[at++] = 0x81;
	der[at++] = (uint8_t)len;
	memcpy(der + at, body, len);
	return at + len;
}

static enum err
ecdsa_sign(EVP_PKEY *key, const char *digest, size_t number, struct span input, struct writer *signature)
{
	AUTO(writer) der = writer_new(MAX_DER_SIGNATURE);

	TRY(jose_evp_sign(key, digest, NULL, input, &der));
	return der_to_raw(writer_span(&der), number, signature);
}

static enum err
ecdsa_verify(EVP_PKEY *key, const char *digest, size_t number, struct span input, struct span signature)
{
	uint8_t der[MAX_DER_SIGNATURE];

	REQUIRE_WHY(signature.len == 2 * number, ERR_BAD_SIGNATURE, "RFC 7518 3.4: the signature must be %zu bytes",
		2 * number);
	REQUIRE_WHY(!all_zero(signature.ptr, number) && !all_zero(signature.ptr + number, number), ERR_BAD_SIGNATURE,
		"FIPS 186-5 6.4.2: r and s must not be zero");
	const size_t len = raw_to_der(signature.ptr, number, der);

	return jose_evp_verify(key, digest, NULL, input, span_at(der, len));
}

#define ECDSA_ROW(row, alg, curve, digest, number)                                       \
	static bool row##_fits(const EVP_PKEY *key)                                      \
	{                                                                                \
		return on_curve(key, curve);                                             \
	}                                                                                \
	static enum err row##_sign(EVP_PKEY *key, struct span input, struct writer *out) \
	{                                                                                \
		return ecdsa_sign(key, digest, number, input, out);                      \
	}                                                                                \
	static enum err row##_verify(EVP_PKEY *key, struct span input, struct span sig)  \
	{                                                                                \
		return ecdsa_verify(key, digest, number, input, sig);                    \
	}                                                                                \
	const struct jose_alg jose_##row = {alg, 2 * (number), row##_fits, row##_sign, row##_verify};

ECDSA_ROW(es256, "ES256", "P-256", "SHA256", 32)
ECDSA_ROW(es384, "ES384", "P-384", "SHA384", 48)
ECDSA_ROW(es512, "ES512", "P-521", "SHA512", 66)
