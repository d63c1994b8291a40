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

/* What libfido2 1.12 can verify; it knows neither P-521, Ed448 nor PSS, and wants extensions told beforehand. */
static bool
is_known(const struct attestation *a)
{
	const int64_t by = a->statement.members & STATEMENT_ALG ? a->statement.alg : COSE_ES256;
	const int64_t key = a->key->algorithm->id;

	return !a->parsed->has_extensions && (key == COSE_ES256 || key == COSE_EDDSA || key == COSE_RS256) &&
	    (by == COSE_ES256 || by == COSE_EDDSA || by == COSE_RS256 || by == COSE_RS1);
}

/* The algorithm first: the authenticator data is checked against it. */
static bool
fill(fido_cred_t *c, const struct attestation *a, const char *format)
{
	return fido_cred_set_type(c, (int)a->key->algorithm->id) == FIDO_OK &&
	    fido_cred_set_clientdata_hash(c, a->client_data_hash->bytes, SHA256_LEN) == FIDO_OK && fido_cred_set_rp(c, a->rp_id, NULL) == FIDO_OK &&
	    fido_cred_set_fmt(c, format) == FIDO_OK && fido_cred_set_authdata_raw(c, a->auth_data.ptr, a->auth_data.len) == FIDO_OK &&
	    fido_cred_set_attstmt(c, a->statement_cbor.ptr, a->statement_cbor.len) == FIDO_OK;
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
	REQUIRE_WHY(fill(o.cred, a, format->name), ERR_MALFORMED, "WebAuthn 8: libfido2 cannot read this %s statement", format->name);
	verdict = a->certificates.count > 0 ? fido_cred_verify(o.cred) : fido_cred_verify_self(o.cred);
	REQUIRE_WHY(verdict == FIDO_OK, ERR_BAD_SIGNATURE, "WebAuthn 8: libfido2 refuses this %s statement: %s", format->name, fido_strerr(verdict));
	return ERR_OK;
}
