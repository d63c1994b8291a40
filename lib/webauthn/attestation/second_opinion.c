#include "webauthn/attestation/attestation.h"

#include <fido.h>

struct opinion {
	fido_cred_t *cred;
};

static void
opinion_free(struct opinion *o)
{
	fido_cred_free(&o->cred);
}

/* A COSE key of RSA with 2048 bits and an exponent of three bytes: the only form that libfido2 has room for. */
enum { RSA_2048_LEN = 272 };

static bool
knows_key(const struct attestation *a)
{
	const int64_t key = a->key->algorithm->id;

	return key == COSE_ES256 || key == COSE_EDDSA || (key == COSE_RS256 && a->parsed->cose_key.len == RSA_2048_LEN);
}

static bool
knows_signature(const struct attestation *a)
{
	const int64_t by = a->statement.members & STATEMENT_ALG ? a->statement.alg : COSE_ES256;

	return by == COSE_ES256 || by == COSE_EDDSA || by == COSE_RS256 || by == COSE_RS1;
}

/* What libfido2 1.12 can verify; it knows neither P-521, Ed448 nor PSS, and wants extensions told beforehand. */
static bool
is_known(const struct attestation *a)
{
	return !a->parsed->has_extensions && knows_key(a) && knows_signature(a);
}

/* The algorithm first: the authenticator data is checked against it. */
static bool
fill(fido_cred_t *c, const struct attestation *a, const char *format)
{
	return fido_cred_set_type(c, (int)a->key->algorithm->id) == FIDO_OK &&
		fido_cred_set_clientdata_hash(c, a->client_data_hash->bytes, SHA256_LEN) == FIDO_OK &&
		fido_cred_set_rp(c, a->rp_id, NULL) == FIDO_OK && fido_cred_set_fmt(c, format) == FIDO_OK &&
		fido_cred_set_authdata_raw(c, a->auth_data.ptr, a->auth_data.len) == FIDO_OK &&
		fido_cred_set_attstmt(c, a->statement_cbor.ptr, a->statement_cbor.len) == FIDO_OK;
}

/* Of a TPM's structures it knows one shape, Windows' RS1 over RSA-2048, and answers "internal" for every other. */
static bool
has_none(const struct attestation *a, int verdict)
{
	return (a->statement.members & STATEMENT_CERT_INFO) != 0 && verdict == FIDO_ERR_INTERNAL;
}

enum err
attestation_second_opinion(const struct attestation *a, const struct attestation_format *format)
{
	AUTO(opinion) o = {NULL};
	int verdict;

	if (!is_known(a))
		return ERR_OK;
	o.cred = fido_cred_new();
	REQUIRE(o.cred != NULL, ERR_NO_MEMORY);
	REQUIRE_WHY(fill(o.cred, a, format->name), ERR_MALFORMED, "WebAuthn 8: libfido2 cannot read this %s statement",
		format->name);
	verdict = a->certificates.count > 0 ? fido_cred_verify(o.cred) : fido_cred_verify_self(o.cred);
	REQUIRE_WHY(verdict == FIDO_OK || has_none(a, verdict), ERR_BAD_SIGNATURE,
		"WebAuthn 8: libfido2 refuses this %s statement: %s", format->name, fido_strerr(verdict));
	return ERR_OK;
}
