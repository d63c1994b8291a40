#include <string.h>

#include "x509/asn1.h"
#include "x509/extensions.h"
#include "x509/lint/lint.h"
#include "x509/own.h"
#include "x509/profile.h"
#include "x509/weak_key.h"

enum { SECONDS_A_DAY = 86400 };

static enum err
times_check(const struct certificate_facts *f)
{
	const struct profile *p = f->profile;

	REQUIRE_WHY(f->not_before < f->not_after, ERR_REFUSED,
		"RFC 5280 4.1.2.5: the certificate would end before it begins");
	REQUIRE_WHY(f->not_after - f->not_before <= p->days * SECONDS_A_DAY, ERR_REFUSED, "profile %s allows %lld days",
		p->name, (long long)p->days);
	return ERR_OK;
}

static enum err
key_check(const struct certificate_facts *f, EVP_PKEY **out)
{
	const uint8_t *p = f->spki.ptr;
	OWN(EVP_PKEY) key = d2i_PUBKEY(NULL, &p, (long)f->spki.len);
	char type[16];

	if (!key || p != f->spki.ptr + f->spki.len)
		return own_failed(ERR_MALFORMED, "RFC 5280 4.1.2.7: not a SubjectPublicKeyInfo");
	TRY(weak_key_check(key));
	TRY(weak_key_search(key));
	TRY(key_type(key, type));
	REQUIRE_WHY(json_texts_have(&f->profile->key_types, type), ERR_REFUSED,
		"profile %s does not allow a key of type %s", f->profile->name, type);
	*out = key;
	key = NULL;
	return ERR_OK;
}

/* An issuer cannot vouch beyond its own end: the certificate ends with it at the latest. */
static enum err
set_times(const struct certificate_facts *f, X509 *x)
{
	unix_time end = f->not_after;

	if (f->issuer) {
		unix_time issuer_end;

		TRY(asn1_time_read(X509_get0_notAfter(f->issuer), &issuer_end));
		REQUIRE_WHY(f->not_before < issuer_end, ERR_EXPIRED,
			"RFC 5280 6.1.3: the issuer's certificate has ended");
		if (end > issuer_end)
			end = issuer_end;
	}
	CRYPTO_OK(ASN1_TIME_set(X509_getm_notBefore(x), f->not_before) && ASN1_TIME_set(X509_getm_notAfter(x), end),
		"validity");
	return ERR_OK;
}

static enum err
set_names(const struct certificate_facts *f, X509 *x)
{
	OWN(X509_NAME) subject = X509_NAME_new();

	REQUIRE(subject, ERR_NO_MEMORY);
	TRY(name_make(f->subject, f->subject_count, subject));
	CRYPTO_OK(X509_set_subject_name(x, subject) &&
			X509_set_issuer_name(x, f->issuer ? X509_get_subject_name(f->issuer) : subject),
		"names");
	return ERR_OK;
}

static enum err
set_serial(const struct certificate_facts *f, X509 *x)
{
	uint8_t bytes[SERIAL_LEN];
	OWN(ASN1_INTEGER) serial = NULL;

	memcpy(bytes, f->serial, sizeof(bytes));
	bytes[0] &= 0x7f;
	TRY(serial_make(span_at(bytes, sizeof(bytes)), &serial));
	CRYPTO_OK(X509_set_serialNumber(x, serial) == 1, "serial");
	return ERR_OK;
}

static enum err
issuer_check(const struct certificate_facts *f, EVP_PKEY *subject_key, EVP_PKEY *key)
{
	if (!f->issuer) {
		REQUIRE_WHY(EVP_PKEY_eq(subject_key, key) == 1, ERR_REFUSED,
			"RFC 5280 3.2: a self-signed certificate must hold the key that signs it");
		return ERR_OK;
	}
	REQUIRE_WHY(X509_check_ca(f->issuer) == 1, ERR_CONFIG,
		"RFC 5280 4.2.1.9: the issuer's certificate is not a CA's");
	REQUIRE_WHY(EVP_PKEY_eq(X509_get0_pubkey(f->issuer), key) == 1, ERR_CONFIG,
		"the signing key is not the issuer's");
	return ERR_OK;
}

/* The algorithm that X509_sign() would put in: set before it, so that the bytes that are looked at are those that are signed. RFC 5758 3.2, RFC 4055 5, RFC 8410 3. */
static enum err
set_algorithm(X509 *x, const EVP_PKEY *key, const EVP_MD *digest)
{
	const int type = EVP_PKEY_is_a(key, "RSA") ? NID_rsaEncryption
		: EVP_PKEY_is_a(key, "EC")         ? NID_X9_62_id_ecPublicKey
		: EVP_PKEY_is_a(key, "ED25519")    ? NID_ED25519
						   : NID_ED448;
	int nid = type;

	CRYPTO_OK(digest == NULL || OBJ_find_sigid_by_algs(&nid, EVP_MD_get_type(digest), type) == 1,
		"signature algorithm");
	X509_ALGOR *algorithm = (X509_ALGOR *)(uintptr_t)X509_get0_tbs_sigalg(x);

	CRYPTO_OK(X509_ALGOR_set0(algorithm, OBJ_nid2obj(nid), type == NID_rsaEncryption ? V_ASN1_NULL : V_ASN1_UNDEF,
			  NULL) == 1,
		"signature algorithm");
	return ERR_OK;
}

static enum err
tbs_write(X509 *x, struct writer *out)
{
	unsigned char *der = NULL;
	const int len = i2d_re_X509_tbs(x, &der);

	return der_append(der, len, out);
}

static enum err
lint(const struct certificate_facts *f, struct span tbs)
{
	AUTO(writer) issuer = writer_new(MAX_CERTIFICATE);
	struct lint_context context = {.profile = f->profile, .now = f->not_before};

	if (f->issuer) {
		TRY(certificate_der(f->issuer, &issuer));
		context.issuer = writer_span(&issuer);
	}
	TRY(lint_tbs(tbs, &context, f->lint));
	return lint_verdict(f->lint);
}

/* Exactly the bytes that were looked at are signed: compared again after it. */
static enum err
lint_and_sign(const struct certificate_facts *f, X509 *x, EVP_PKEY *key, const EVP_MD *digest)
{
	AUTO(writer) before = writer_new(MAX_CERTIFICATE);
	AUTO(writer) after = writer_new(MAX_CERTIFICATE);

	if (f->lint) {
		TRY(set_algorithm(x, key, digest));
		TRY(tbs_write(x, &before));
		TRY(lint(f, writer_span(&before)));
	}
	CRYPTO_OK(X509_sign(x, key, digest) > 0, "signing the certificate");
	if (!f->lint)
		return ERR_OK;
	TRY(tbs_write(x, &after));
	REQUIRE_WHY(span_equal(writer_span(&before), writer_span(&after)), ERR_CORRUPT,
		"the certificate that was signed is not the one that was looked at");
	return ERR_OK;
}

enum err
certificate_make(const struct certificate_facts *f, EVP_PKEY *key, X509 **out)
{
	OWN(X509) x = X509_new();
	OWN(EVP_PKEY) subject_key = NULL;
	const EVP_MD *digest;

	REQUIRE(x, ERR_NO_MEMORY);
	TRY(profile_allows(f->profile, f->subject, f->subject_count, f->names, f->names_count));
	REQUIRE_WHY(f->subject_count + f->names_count > 0, ERR_REFUSED,
		"RFC 5280 4.1.2.6: neither subject nor alternative name");
	TRY(times_check(f));
	TRY(key_check(f, &subject_key));
	TRY(issuer_check(f, subject_key, key));
	TRY(digest_for(key, &digest));
	CRYPTO_OK(X509_set_version(x, X509_VERSION_3) && X509_set_pubkey(x, subject_key), "certificate");
	TRY(set_serial(f, x));
	TRY(set_names(f, x));
	TRY(set_times(f, x));
	TRY(extensions_add(f, x));
	TRY(lint_and_sign(f, x, key, digest));
	*out = x;
	x = NULL;
	return ERR_OK;
}
