#include "webauthn/attestation/attestation.h"

#include <string.h>

/* The one entry of that kind in the subject, as UTF-8. */
static enum err
subject_entry(const X509 *x, int nid, char *out, size_t room)
{
	const X509_NAME *subject = X509_get_subject_name(x);
	const int at = X509_NAME_get_index_by_NID(subject, nid, -1);
	unsigned char *text = NULL;
	int len;

	REQUIRE_WHY(at >= 0 && X509_NAME_get_index_by_NID(subject, nid, at) < 0, ERR_MISMATCH,
		"WebAuthn 8.2.1: the attestation certificate's subject needs one %s", OBJ_nid2sn(nid));
	len = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
	REQUIRE(len >= 0, ERR_MALFORMED);
	if (len == 0 || (size_t)len >= room || memchr(text, 0, (size_t)len) != NULL) {
		OPENSSL_free(text);
		return err_because(ERR_MISMATCH,
			"WebAuthn 8.2.1: the attestation certificate's subject has an unusable %s", OBJ_nid2sn(nid));
	}
	memcpy(out, text, (size_t)len);
	out[len] = '\0';
	OPENSSL_free(text);
	return ERR_OK;
}

/* 8.2.1: C of two letters, O and CN present, OU the literal. */
static enum err
check_subject(const X509 *x)
{
	char text[257];

	TRY(subject_entry(x, NID_countryName, text, sizeof(text)));
	REQUIRE_WHY(strlen(text) == 2 && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 2, ERR_MISMATCH,
		"WebAuthn 8.2.1: the attestation certificate's country is not of two letters");
	TRY(subject_entry(x, NID_organizationName, text, sizeof(text)));
	TRY(subject_entry(x, NID_commonName, text, sizeof(text)));
	TRY(subject_entry(x, NID_organizationalUnitName, text, sizeof(text)));
	REQUIRE_WHY(strcmp(text, "Authenticator Attestation") == 0, ERR_MISMATCH,
		"WebAuthn 8.2.1: the attestation certificate's OU is not \"Authenticator Attestation\"");
	return ERR_OK;
}

static enum err
verify_certified(const struct attestation *a)
{
	const X509 *x = a->certificates.at[0];

	TRY(certificate_verify(x, a->statement.alg, a->attested, a->statement.sig));
	TRY(certificate_end_entity(x));
	TRY(check_subject(x));
	return certificate_aaguid(x, a->parsed->aaguid);
}

/* 8.2: by the credential's own key, with its own algorithm. */
static enum err
verify_self(const struct attestation *a)
{
	enum err e;

	REQUIRE_WHY(a->statement.alg == a->key->algorithm->id, ERR_MISMATCH,
		"WebAuthn 8.2: self attestation with another algorithm than the credential's");
	e = webauthn_key_verify(a->key, a->attested, a->statement.sig);
	if (e == ERR_BAD_SIGNATURE)
		return err_because(e, "WebAuthn 8.2: the self attestation's signature is not the credential's");
	return e;
}

static enum err
verify(const struct attestation *a)
{
	return a->certificates.count > 0 ? verify_certified(a) : verify_self(a);
}

extern const struct attestation_format attestation_packed;
const struct attestation_format attestation_packed = {
	.name = "packed",
	.requires = STATEMENT_ALG | STATEMENT_SIG,
	.allows = STATEMENT_ALG | STATEMENT_SIG | STATEMENT_X5C,
	.second_opinion = true,
	.verify = verify,
};
