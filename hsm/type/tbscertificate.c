#include <stdio.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "base/encode.h"
#include "hsm/type/der.h"
#include "hsm/type/registrar.h"
#include "x509/own.h"
#include "x509/profile.h"

OWN_TYPE(CERTIFICATEPOLICIES)
OWN_TYPE(EXTENDED_KEY_USAGE)

enum { DAY = 86400, MAX_BACKDATE = 3600, MAX_TBSCERTIFICATE = 64 << 10, MAX_SERIAL = 20, V3 = 2 };

/* What our certificates may hold; a critical extension that nobody here reads would bind relying parties to what was not checked. */
static const int extensions[] = {NID_basic_constraints, NID_key_usage, NID_ext_key_usage, NID_certificate_policies,
	NID_subject_alt_name, NID_subject_key_identifier, NID_authority_key_identifier, NID_info_access,
	NID_crl_distribution_points, NID_qcStatements, NID_id_pkix_OCSP_noCheck};

static bool
looks(struct span object)
{
	return der_first_tag(object) == 0xa0; /* [0] EXPLICIT Version, which v3 always has */
}

static enum err
parse(const struct type_question *q, X509 **out)
{
	AUTO(writer) whole = writer_new(MAX_TBSCERTIFICATE + MAX_DER_ALGORITHM);
	OWN(X509) x = NULL;
	const unsigned char *at;
	unsigned char *der = NULL;
	int len;

	TRY(der_enclose(q->object, q->key->algorithm, &whole));
	at = whole.ptr;
	x = d2i_X509(NULL, &at, (long)whole.len);
	REQUIRE_WHY(x != NULL && at == whole.ptr + whole.len, ERR_MALFORMED, "RFC 5280 4.1.2: not a TBSCertificate");
	len = i2d_re_X509_tbs(x, &der);
	TRY(der_same(der, len, q->object));
	REQUIRE_WHY(X509_get_version(x) == V3, ERR_MALFORMED, "RFC 5280 4.1.2.1: not version 3");
	*out = x;
	x = NULL;
	return ERR_OK;
}

static enum err
extensions_check(const X509 *x)
{
	for (int i = 0; i < X509_get_ext_count(x); i++) {
		const int nid = OBJ_obj2nid(X509_EXTENSION_get_object(X509_get_ext(x, i)));
		bool known = false;

		for (size_t j = 0; j < sizeof(extensions) / sizeof(extensions[0]); j++)
			known = known || extensions[j] == nid;
		REQUIRE_WHY(known, ERR_REFUSED, "RFC 5280 4.2: extension %d is not one that is issued here", i + 1);
		REQUIRE_WHY(X509_get_ext_by_NID(x, nid, i) == -1, ERR_MALFORMED, "RFC 5280 4.2: extension %s twice",
			OBJ_nid2sn(nid));
	}
	/* Reads and caches them all: any that does not parse shows here. */
	REQUIRE_WHY(!(X509_get_extension_flags((X509 *)(uintptr_t)x) & EXFLAG_INVALID), ERR_MALFORMED,
		"RFC 5280 4.2: an extension does not parse");
	return ERR_OK;
}

/* Which rule this certificate falls under is told by its policy OID, which relying parties see too. */
static enum err
rule_find(const struct type_question *q, const X509 *x, const struct certificate_rule **out)
{
	const struct certificate_rule *rules = q->rule->certificates.items, *found = NULL;
	OWN(CERTIFICATEPOLICIES) policies = X509_get_ext_d2i(x, NID_certificate_policies, NULL, NULL);
	char oid[128] = "";

	REQUIRE_WHY(sk_POLICYINFO_num(policies) <= 1, ERR_REFUSED,
		"RFC 5280 4.2.1.4: more than one certificate policy");
	if (sk_POLICYINFO_num(policies) == 1)
		REQUIRE(OBJ_obj2txt(oid, sizeof(oid), sk_POLICYINFO_value(policies, 0)->policyid, 1) < (int)sizeof(oid),
			ERR_REFUSED);
	for (size_t i = 0; i < q->rule->certificates.count && found == NULL; i++)
		if (strcmp(rules[i].policy == NULL ? "" : rules[i].policy, oid) == 0)
			found = &rules[i];
	REQUIRE_WHY(found != NULL, ERR_REFUSED, "key '%s' has no profile of certificate policy '%s' in keys.json",
		q->rule->label, oid);
	*out = found;
	return ERR_OK;
}

static enum err
validity_check(const struct type_question *q, const struct certificate_rule *r, const X509 *x)
{
	unix_time begin, end;

	TRY(der_time(X509_get0_notBefore(x), &begin));
	TRY(der_time(X509_get0_notAfter(x), &end));
	REQUIRE_WHY(begin <= q->now + 1 && begin >= q->now - MAX_BACKDATE, ERR_REFUSED,
		"RFC 5280 4.1.2.5: notBefore is not now");
	REQUIRE_WHY(end > q->now, ERR_REFUSED, "RFC 5280 4.1.2.5: notAfter has passed");
	REQUIRE_WHY(end - begin <= r->days * DAY, ERR_REFUSED, "profile '%s' lasts %lld days at most", r->profile,
		(long long)r->days);
	return ERR_OK;
}

static enum err
authority_check(const struct certificate_rule *r, const X509 *x)
{
	const uint32_t flags = X509_get_extension_flags((X509 *)(uintptr_t)x),
		       usage = X509_get_key_usage((X509 *)(uintptr_t)x);
	const bool signs = (flags & EXFLAG_KUSAGE) && (usage & (KU_KEY_CERT_SIGN | KU_CRL_SIGN));
	const long path_length = X509_get_pathlen((X509 *)(uintptr_t)x);

	if (!r->ca) {
		REQUIRE_WHY(!(flags & EXFLAG_CA) && !signs, ERR_REFUSED, "RFC 5280 4.2.1.9: profile '%s' is no CA",
			r->profile);
		REQUIRE_WHY(flags & EXFLAG_KUSAGE, ERR_REFUSED, "RFC 5280 4.2.1.3: key usage is missing");
		return ERR_OK;
	}
	REQUIRE_WHY((flags & EXFLAG_CA) && signs, ERR_REFUSED, "RFC 5280 4.2.1.9: profile '%s' is a CA's", r->profile);
	REQUIRE_WHY(path_length >= 0 && path_length <= r->path_length, ERR_REFUSED,
		"RFC 5280 4.2.1.9: profile '%s' has a pathLenConstraint of %lld at most", r->profile,
		(long long)r->path_length);
	return ERR_OK;
}

/* RFC 5280 4.2.1.3: no bit that the row does not name. */
static enum err
key_usage_check(const struct certificate_rule *r, const X509 *x)
{
	uint32_t allowed = 0;

	for (size_t i = 0; i < r->key_usage.count; i++) {
		const int bit = key_usage_bit(json_text_at(&r->key_usage, i));

		allowed |= bit < 8 ? 0x80U >> bit : 0x8000U;
	}
	REQUIRE_WHY((X509_get_key_usage((X509 *)(uintptr_t)x) & ~allowed) == 0, ERR_REFUSED,
		"RFC 5280 4.2.1.3: profile '%s' has no such key usage", r->profile);
	return ERR_OK;
}

/* RFC 5280 4.1.2.2: positive, at most 20 bytes. */
static enum err
serial_check(const X509 *x)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(x);
	const int len = ASN1_STRING_length(serial);

	REQUIRE_WHY(ASN1_STRING_type(serial) == V_ASN1_INTEGER && len <= MAX_SERIAL &&
			(len > 1 || (len == 1 && ASN1_STRING_get0_data(serial)[0] != 0)),
		ERR_REFUSED, "RFC 5280 4.1.2.2: a serial is positive and of 20 bytes at most");
	return ERR_OK;
}

static enum err
usage_check(const struct certificate_rule *r, const X509 *x)
{
	OWN(EXTENDED_KEY_USAGE) usages = X509_get_ext_d2i(x, NID_ext_key_usage, NULL, NULL);
	char oid[128];

	REQUIRE_WHY(usages != NULL || r->extended_key_usage.count == 0, ERR_REFUSED,
		"RFC 5280 4.2.1.12: profile '%s' has an extended key usage", r->profile);
	for (int i = 0; i < sk_ASN1_OBJECT_num(usages); i++) {
		(void)OBJ_obj2txt(oid, sizeof(oid), sk_ASN1_OBJECT_value(usages, i), 1);
		REQUIRE_WHY(json_texts_have(&r->extended_key_usage, oid), ERR_REFUSED,
			"RFC 5280 4.2.1.12: profile '%s' is not for %s", r->profile, oid);
	}
	return ERR_OK;
}

/* The certificate's SubjectPublicKeyInfo as it stands in it. */
static enum err
spki_read(const X509 *x, struct writer *out)
{
	uint8_t *der = NULL;
	const int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der);

	CRYPTO_OK(len > 0, "i2d_X509_PUBKEY");
	writer_bytes(out, span_at(der, (size_t)len));
	OPENSSL_free(der);
	return writer_done(out);
}

static enum err
keys_check(const struct type_question *q, const struct certificate_rule *r, const X509 *x, struct span spki)
{
	AUTO(writer) wanted = writer_new(MAX_TBSCERTIFICATE);
	const ASN1_OCTET_STRING *issuer = X509_get0_authority_key_id((X509 *)(uintptr_t)x);

	REQUIRE_WHY(der_identifies(issuer, q->key->public_key) || (r->self_signed && issuer == NULL), ERR_REFUSED,
		"RFC 5280 4.2.1.1: authorityKeyIdentifier is not key '%s'", q->rule->label);
	if (r->self_signed) {
		REQUIRE_WHY(span_equal(spki, writer_span(&q->key->spki)), ERR_REFUSED,
			"profile '%s' certifies the signing key itself", r->profile);
		REQUIRE_WHY(X509_NAME_cmp(X509_get_subject_name(x), X509_get_issuer_name(x)) == 0, ERR_REFUSED,
			"RFC 5280 6.1: a self-signed certificate with another issuer");
	}
	if (r->subject_key == NULL)
		return ERR_OK;
	TRY(q->spki_of(q->context, r->subject_key, &wanted));
	REQUIRE_WHY(span_equal(spki, writer_span(&wanted)), ERR_REFUSED, "profile '%s' certifies key '%s' and no other",
		r->profile, r->subject_key);
	return ERR_OK;
}

/* Evidence is act "~" base64url(blob): the certificate is for a key that was born here, for this profile. Its person is compared with the act's. */
static enum err
citizen_check(const struct type_question *q, const struct certificate_rule *r, const X509 *x, struct span spki,
	char *by, size_t room)
{
	struct type_question act = *q;
	struct reader reader = reader_over(q->evidence);
	uint8_t bytes[MAX_BLOB];
	struct blob b;
	size_t len;

	REQUIRE_WHY(reader_until(&reader, '~', &act.evidence) == ERR_OK, ERR_REFUSED,
		"profile '%s' needs a registrar's act, '~' and the key's blob", r->profile);
	TRY(base64url_read(reader.left, bytes, sizeof(bytes), &len));
	TRY(q->born(q->context, r->wrapped_by, span_at(bytes, len), &b));
	REQUIRE_WHY(span_equal(b.spki, spki), ERR_REFUSED, "the certificate is for another key than the blob's");
	REQUIRE_WHY(span_is(b.profile, r->profile), ERR_REFUSED, "the key was not born for profile '%s'", r->profile);
	return registrar_check(&act, r->profile, x, spki, &b, by, room);
}

static void
describe(const struct certificate_rule *r, const X509 *x, struct span spki, const char *by, char *detail)
{
	AUTO(writer) w = writer_new(MAX_TYPE_DETAIL - 1);
	const ASN1_INTEGER *serial = X509_get0_serialNumber(x);
	const struct sha256 hash = sha256_of(spki);

	writer_format(&w, "profile=%.64s serial=", r->profile);
	hex_write(&w, span_at(ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial)));
	writer_text(&w, " spki=");
	hex_write(&w, sha256_span(&hash));
	if (by[0] != '\0')
		writer_format(&w, " registrar=%.40s", by);
	(void)snprintf(detail, MAX_TYPE_DETAIL, "%s", (const char *)writer_span(&w).ptr);
}

static enum err
check(const struct type_question *q, char *detail)
{
	AUTO(writer) spki = writer_new(MAX_TBSCERTIFICATE);
	OWN(X509) x = NULL;
	const struct certificate_rule *r;
	char by[64] = "";

	REQUIRE_WHY(q->object.len <= MAX_TBSCERTIFICATE, ERR_TOO_LONG, "a TBSCertificate of more than %d bytes",
		MAX_TBSCERTIFICATE);
	TRY(parse(q, &x));
	TRY(der_algorithm_is(X509_get0_tbs_sigalg(x), q->key->algorithm));
	TRY(serial_check(x));
	TRY(extensions_check(x));
	TRY(rule_find(q, x, &r));
	REQUIRE_WHY(!r->quorum || q->approved, ERR_REFUSED, "profile '%s' needs custodians' approval: PROPOSE it",
		r->profile);
	TRY(validity_check(q, r, x));
	TRY(authority_check(r, x));
	TRY(key_usage_check(r, x));
	TRY(usage_check(r, x));
	TRY(spki_read(x, &spki));
	TRY(keys_check(q, r, x, writer_span(&spki)));
	if (r->wrapped_by != NULL)
		TRY(citizen_check(q, r, x, writer_span(&spki), by, sizeof(by)));
	else if (r->registrar_signature)
		TRY(registrar_check(q, r->profile, x, writer_span(&spki), NULL, by, sizeof(by)));
	describe(r, x, writer_span(&spki), by, detail);
	return ERR_OK;
}

const struct type type_tbscertificate = {"TBSCertificate", true, looks, check};
