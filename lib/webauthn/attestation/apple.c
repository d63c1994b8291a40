#include "webauthn/attestation/attestation.h"

#include <openssl/asn1.h>

static const char nonce_extension[] = "1.2.840.113635.100.8.2";

/* 8.8: SEQUENCE { [1] EXPLICIT OCTET STRING (32 bytes) }, which has one encoding only. */
static const uint8_t nonce_prefix[] = {0x30, 0x24, 0xa1, 0x22, 0x04, 0x20};

static enum err
check_nonce(const struct attestation *a)
{
	const struct sha256 expected = sha256_of(a->attested);
	struct span value, prefix;
	bool critical, found;
	struct reader r;

	TRY(certificate_extension(a->certificates.at[0], nonce_extension, &value, &critical, &found));
	REQUIRE_WHY(found, ERR_MISMATCH, "WebAuthn 8.8: the certificate has no nonce extension");
	r = reader_over(value);
	TRY(reader_bytes(&r, sizeof(nonce_prefix), &prefix));
	REQUIRE_WHY(span_equal(prefix, span_at(nonce_prefix, sizeof(nonce_prefix))), ERR_MALFORMED,
		"WebAuthn 8.8: the nonce extension is not well formed");
	REQUIRE_WHY(span_equal(r.left, sha256_span(&expected)), ERR_MISMATCH,
		"WebAuthn 8.8: the certificate's nonce is not of this registration");
	return ERR_OK;
}

/* There is no signature: the certificate itself, made for this key and nonce, is the statement; so the chain is all there is to trust. */
static enum err
verify(const struct attestation *a)
{
	TRY(check_nonce(a));
	return certificate_has_key(a->certificates.at[0], a->key->pkey);
}

extern const struct attestation_format attestation_apple;
const struct attestation_format attestation_apple = {
	.name = "apple",
	.requires = STATEMENT_X5C,
	.allows = STATEMENT_X5C | STATEMENT_ALG, /* early devices send alg, which an earlier draft had */
	.verify = verify,
};
