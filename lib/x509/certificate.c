#include <string.h>

#include "x509/asn1.h"
#include "x509/extensions.h"
#include "x509/own.h"
#include "x509/weak_key.h"

enum { SECONDS_A_DAY = 86400 };

static enum err
parts_check(const struct profile *p, const char *what, const struct json_list *allowed, const struct name_part *parts,
	size_t count)
{
	for (size_t i = 0; i < count; i++)
		REQUIRE_WHY(json_texts_have(allowed, parts[i].type), ERR_REFUSED, "profile %s does not allow %s %s",
			p->name, what, parts[i].type);
	return ERR_OK;
}

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

enum err
certificate_make(const struct certificate_facts *f, EVP_PKEY *key, X509 **out)
{
	OWN(X509) x = X509_new();
	OWN(EVP_PKEY) subject_key = NULL;
	const EVP_MD *digest;

	REQUIRE(x, ERR_NO_MEMORY);
	TRY(parts_check(f->profile, "subject attribute", &f->profile->subject, f->subject, f->subject_count));
	TRY(parts_check(f->profile, "alternative name", &f->profile->alternative_names, f->names, f->names_count));
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
	CRYPTO_OK(X509_sign(x, key, digest) > 0, "signing the certificate");
	*out = x;
	x = NULL;
	return ERR_OK;
}
