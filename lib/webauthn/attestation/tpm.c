#include "webauthn/attestation/attestation.h"

#include <string.h>

#include <openssl/x509v3.h>

#include "webauthn/attestation/tpm_structures.h"

static const char tcg_kp_aik_certificate[] = "2.23.133.8.3";

/* TCG EK Credential Profile 3.2.9: what the alternative name tells of the TPM. */
static const char tpm_manufacturer[] = "2.23.133.2.1";
static const char tpm_model[] = "2.23.133.2.2";
static const char tpm_version[] = "2.23.133.2.3";

struct tpm_key {
	EVP_PKEY *pkey;
};

static void
tpm_key_free(struct tpm_key *k)
{
	EVP_PKEY_free(k->pkey);
}

/* The certified object is the credential's key. */
static enum err
check_public_area(const struct attestation *a, const struct tpm_public *p, struct span name)
{
	AUTO(tpm_key) key = {NULL};

	TRY(tpm_public_key(p, &key.pkey));
	REQUIRE_WHY(EVP_PKEY_eq(key.pkey, a->key->pkey) == 1, ERR_MISMATCH,
		"WebAuthn 8.3: pubArea is not the credential's key");
	return tpm_name_check(p, a->statement.pub_area, name);
}

/* extraData ties the certification to this registration, by the hash of the statement's algorithm. */
static enum err
check_extra_data(const struct attestation *a, struct span extra_data)
{
	const struct cose_algorithm *algorithm = cose_algorithm_of(a->statement.alg);
	uint8_t digest[EVP_MAX_MD_SIZE];
	size_t len = 0;

	REQUIRE_WHY(algorithm != NULL && algorithm->digest != NULL, ERR_UNSUPPORTED, "WebAuthn 8.3: algorithm %lld",
		(long long)a->statement.alg);
	TRY(cose_digest(algorithm, a->attested, digest, &len));
	REQUIRE_WHY(span_equal(extra_data, span_at(digest, len)), ERR_MISMATCH,
		"WebAuthn 8.3: extraData is not of this registration");
	return ERR_OK;
}

/* The index of the entry of that OID; negative if there is none. */
static int
entry_index(const X509_NAME *name, const char *oid)
{
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	const int at = object == NULL ? -1 : X509_NAME_get_index_by_OBJ(name, object, -1);

	ASN1_OBJECT_free(object);
	return at;
}

/* "id:" and the four bytes of the TCG vendor id in hex. */
static bool
is_vendor(const X509_NAME *name, int at)
{
	const ASN1_STRING *s = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
	char text[16] = "";

	if (ASN1_STRING_length(s) != 11)
		return false;
	memcpy(text, ASN1_STRING_get0_data(s), 11);
	return strncmp(text, "id:", 3) == 0 && strspn(text + 3, "0123456789ABCDEFabcdef") == 8;
}

static bool
names_tpm(const GENERAL_NAMES *names)
{
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(names, i);

		if (g->type != GEN_DIRNAME)
			continue;
		const X509_NAME *name = g->d.directoryName;
		const int manufacturer = entry_index(name, tpm_manufacturer);

		if (manufacturer >= 0 && is_vendor(name, manufacturer) && entry_index(name, tpm_model) >= 0 &&
			entry_index(name, tpm_version) >= 0)
			return true;
	}
	return false;
}

static enum err
check_names(const X509 *x)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	const bool good = names != NULL && names_tpm(names);

	GENERAL_NAMES_free(names);
	REQUIRE_WHY(X509_NAME_entry_count(X509_get_subject_name(x)) == 0, ERR_MISMATCH,
		"WebAuthn 8.3.1: the AIK certificate's subject is not empty");
	REQUIRE_WHY(good, ERR_MISMATCH,
		"WebAuthn 8.3.1: the AIK certificate's alternative name does not tell the TPM's maker, model and version");
	return ERR_OK;
}

static enum err
check_usage(const X509 *x)
{
	ASN1_OBJECT *wanted = OBJ_txt2obj(tcg_kp_aik_certificate, 1);
	EXTENDED_KEY_USAGE *usage = X509_get_ext_d2i(x, NID_ext_key_usage, NULL, NULL);
	bool good = false;

	for (int i = 0; wanted != NULL && i < sk_ASN1_OBJECT_num(usage); i++)
		good |= OBJ_cmp(sk_ASN1_OBJECT_value(usage, i), wanted) == 0;
	ASN1_OBJECT_free(wanted);
	EXTENDED_KEY_USAGE_free(usage);
	REQUIRE_WHY(good, ERR_MISMATCH,
		"WebAuthn 8.3.1: the AIK certificate lacks the key usage tcg-kp-AIKCertificate");
	return ERR_OK;
}

static enum err
check_certificate(const struct attestation *a)
{
	const X509 *x = a->certificates.at[0];

	TRY(certificate_end_entity(x));
	TRY(check_names(x));
	TRY(check_usage(x));
	return certificate_aaguid(x, a->parsed->aaguid);
}

static enum err
verify(const struct attestation *a)
{
	struct tpm_attest attest;
	struct tpm_public p;

	REQUIRE_WHY(span_is(a->statement.ver, "2.0"), ERR_UNSUPPORTED,
		"WebAuthn 8.3: a TPM of another version than 2.0");
	TRY(tpm_attest_parse(a->statement.cert_info, &attest));
	TRY(tpm_public_parse(a->statement.pub_area, &p));
	TRY(check_extra_data(a, attest.extra_data));
	TRY(check_public_area(a, &p, attest.name));
	TRY(certificate_verify(a->certificates.at[0], a->statement.alg, a->statement.cert_info, a->statement.sig));
	return check_certificate(a);
}

enum {
	MEMBERS =
		STATEMENT_ALG | STATEMENT_SIG | STATEMENT_X5C | STATEMENT_VER | STATEMENT_PUB_AREA | STATEMENT_CERT_INFO
};

extern const struct attestation_format attestation_tpm;
const struct attestation_format attestation_tpm = {
	.name = "tpm",
	.requires = MEMBERS,
	.allows = MEMBERS,
	.second_opinion = true,
	.verify = verify,
};
