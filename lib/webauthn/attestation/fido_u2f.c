#include "webauthn/attestation/attestation.h"

enum { ES256 = -7, RESERVED = 0x00, UNCOMPRESSED = 0x04 };

/* 8.6: what a U2F token signs, with the key as a raw ANSI X9.62 point. */
static enum err
write_verification_data(const struct attestation *a, struct writer *w)
{
	struct span x, y;

	TRY(webauthn_key_point(a->parsed->cose_key, &x, &y));
	writer_u8(w, RESERVED);
	writer_bytes(w, a->parsed->rp_id_hash);
	writer_bytes(w, sha256_span(a->client_data_hash));
	writer_bytes(w, a->parsed->credential_id);
	writer_u8(w, UNCOMPRESSED);
	writer_bytes(w, x);
	writer_bytes(w, y);
	return writer_done(w);
}

static enum err
verify(const struct attestation *a)
{
	AUTO(writer) data = writer_new(MAX_ATTESTED);

	REQUIRE_WHY(a->certificates.count == 1, ERR_MALFORMED,
		"WebAuthn 8.6: x5c of fido-u2f has exactly one certificate");
	REQUIRE_WHY(a->key->algorithm->id == ES256, ERR_MISMATCH, "WebAuthn 8.6: a U2F credential is ES256");
	TRY(write_verification_data(a, &data));
	return certificate_verify(a->certificates.at[0], ES256, writer_span(&data),
		a->statement.sig); /* refuses a key off P-256 */
}

extern const struct attestation_format attestation_fido_u2f;
const struct attestation_format attestation_fido_u2f = {
	.name = "fido-u2f",
	.requires = STATEMENT_SIG | STATEMENT_X5C,
	.allows = STATEMENT_SIG | STATEMENT_X5C,
	.second_opinion = true,
	.verify = verify,
};
