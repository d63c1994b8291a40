#include "hsm/quorum/summary.h"

#include <string.h>

#include <openssl/x509v3.h>

#include "base/encode.h"
#include "hsm/type/der.h"
#include "x509/own.h"
#include "x509/x509.h"

OWN_TYPE(AUTHORITY_INFO_ACCESS)
OWN_TYPE(CERTIFICATEPOLICIES)
OWN_TYPE(CRL_DIST_POINTS)
OWN_TYPE(EXTENDED_KEY_USAGE)

enum { DAY = 86400, MAX_TBS = 64 << 10, USAGES = 9 };

/* What of it decides on its words. */
struct facts {
	X509 *x;
	struct writer spki;
	const char *label; /* of the key that it certifies, if it is on this token */
	const char *issuer;
	bool ca, self;
};

static enum err
read(const struct type_question *q, struct facts *f)
{
	AUTO(writer) whole = writer_new(MAX_TBS + 64);
	const unsigned char *at;
	unsigned char *der = NULL;
	int len;

	REQUIRE(q->object.len <= MAX_TBS, ERR_TOO_LONG);
	TRY(der_enclose(q->object, q->key->algorithm, &whole));
	at = whole.ptr;
	f->x = d2i_X509(NULL, &at, (long)whole.len);
	REQUIRE_WHY(f->x != NULL && at == whole.ptr + whole.len, ERR_MALFORMED, "RFC 5280 4.1.2: not a TBSCertificate");
	len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(f->x), &der);
	REQUIRE(len > 0, ERR_MALFORMED);
	writer_bytes(&f->spki, span_at(der, (size_t)len));
	OPENSSL_free(der);
	f->ca = X509_check_ca(f->x) > 0 && (X509_get_extension_flags(f->x) & EXFLAG_CA);
	f->self = span_equal(writer_span(&f->spki), writer_span(&q->key->spki));
	f->issuer = q->rule->label;
	return writer_done(&f->spki);
}

static const char *
short_name(const ASN1_OBJECT *o, char text[128])
{
	const int nid = OBJ_obj2nid(o);

	if (nid != NID_undef)
		return OBJ_nid2sn(nid);
	text[0] = '\0';
	(void)OBJ_obj2txt(text, 128, o, 1);
	return text;
}

/* What is no text is shown byte by byte. */
static void
der_show(struct writer *w, const ASN1_STRING *value)
{
	uint8_t *der = NULL;
	const int len = i2d_ASN1_TYPE(&(ASN1_TYPE){.type = ASN1_STRING_type(value),
					      .value.asn1_string = (ASN1_STRING *)(uintptr_t)value},
		&der);

	writer_text(w, "(no text) ");
	if (len > 0)
		hex_write(w, span_at(der, (size_t)len));
	OPENSSL_free(der);
}

void
summary_entity(struct writer *w, const char *what, const X509_NAME *name)
{
	char text[128];

	if (X509_NAME_entry_count(name) == 0)
		summary_line(w, what, "(no name)");
	for (int i = 0; i < X509_NAME_entry_count(name); i++) {
		const X509_NAME_ENTRY *e = X509_NAME_get_entry(name, i);
		uint8_t *value = NULL;
		const int len = ASN1_STRING_to_UTF8(&value, X509_NAME_ENTRY_get_data(e));

		summary_name(w, i == 0 ? what : "");
		writer_format(w, "%s = ", short_name(X509_NAME_ENTRY_get_object(e), text));
		if (len >= 0)
			summary_foreign(w, span_at(value, (size_t)len));
		else
			der_show(w, X509_NAME_ENTRY_get_data(e));
		writer_u8(w, '\n');
		OPENSSL_free(value);
	}
}

static enum err
validity_write(struct writer *w, const X509 *x, unix_time *end)
{
	unix_time begin;

	TRY(der_time(X509_get0_notBefore(x), &begin));
	TRY(der_time(X509_get0_notAfter(x), end));
	summary_time(w, "valid from", begin);
	summary_time(w, "valid until", *end);
	if ((*end - begin) % DAY == 0)
		summary_line(w, "", "%lld days", (long long)((*end - begin) / DAY));
	else
		summary_line(w, "", "%lld days and a part", (long long)((*end - begin) / DAY));
	return ERR_OK;
}

static void
key_write(struct writer *w, const struct facts *f)
{
	const struct sha256 hash = sha256_of(writer_span(&f->spki));
	char type[16];

	if (spki_type(writer_span(&f->spki), type) != ERR_OK) {
		memcpy(type, "unknown", 8);
		err_forget();
	}
	if (f->self)
		summary_line(w, "certifies", "its own key, '%s'", f->issuer);
	else if (f->label != NULL)
		summary_line(w, "certifies", "key '%s' of this token", f->label);
	else
		summary_line(w, "certifies", "a key that is not on this token");
	summary_line(w, "key type", "%s", type);
	summary_hash(w, "key SHA-256", &hash);
}

static void
authority_write(struct writer *w, const struct facts *f)
{
	const long length = X509_get_pathlen(f->x);

	if (!f->ca)
		summary_line(w, "may certify", "nothing: it is no CA");
	else if (length < 0)
		summary_line(w, "may certify", "people, services and CAs, any number of CAs deep");
	else if (length == 0)
		summary_line(w, "may certify", "people and services, no further CA (path length 0)");
	else
		summary_line(w, "may certify", "people, services, and %ld %s of CAs below it (path length %ld)", length,
			length == 1 ? "level" : "levels", length);
}

static void
usage_write(struct writer *w, X509 *x)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} names[USAGES] = {{KU_DIGITAL_SIGNATURE, "digitalSignature"}, {KU_NON_REPUDIATION, "nonRepudiation"},
		{KU_KEY_ENCIPHERMENT, "keyEncipherment"}, {KU_DATA_ENCIPHERMENT, "dataEncipherment"},
		{KU_KEY_AGREEMENT, "keyAgreement"}, {KU_KEY_CERT_SIGN, "keyCertSign"}, {KU_CRL_SIGN, "cRLSign"},
		{KU_ENCIPHER_ONLY, "encipherOnly"}, {KU_DECIPHER_ONLY, "decipherOnly"}};
	const uint32_t usage = X509_get_extension_flags(x) & EXFLAG_KUSAGE ? X509_get_key_usage(x) : 0;
	OWN(EXTENDED_KEY_USAGE) extended = X509_get_ext_d2i(x, NID_ext_key_usage, NULL, NULL);
	const char *comma = "";
	char text[128];

	summary_name(w, "key usage");
	for (size_t i = 0; i < USAGES; i++)
		if (usage & names[i].bit) {
			writer_format(w, "%s%s", comma, names[i].name);
			comma = ", ";
		}
	for (int i = 0; i < sk_ASN1_OBJECT_num(extended); i++) {
		writer_format(w, "%s%s", comma, short_name(sk_ASN1_OBJECT_value(extended, i), text));
		comma = ", ";
	}
	writer_text(w, comma[0] == '\0' ? "(any)\n" : "\n");
}

static void
policies_write(struct writer *w, X509 *x)
{
	OWN(CERTIFICATEPOLICIES) policies = X509_get_ext_d2i(x, NID_certificate_policies, NULL, NULL);
	char text[128];

	if (sk_POLICYINFO_num(policies) <= 0)
		summary_line(w, "policy", "none");
	for (int i = 0; i < sk_POLICYINFO_num(policies); i++) {
		text[0] = '\0';
		(void)OBJ_obj2txt(text, sizeof(text), sk_POLICYINFO_value(policies, i)->policyid, 1);
		summary_line(w, i == 0 ? "policy" : "", "%s%s", text,
			strcmp(text, "2.5.29.32.0") == 0 ? " (any policy)" : "");
	}
}

static void
alternatives_write(struct writer *w, X509 *x)
{
	OWN(GENERAL_NAMES) names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *n = sk_GENERAL_NAME_value(names, i);

		summary_name(w, i == 0 ? "also named" : "");
		if (n->type == GEN_DNS || n->type == GEN_EMAIL || n->type == GEN_URI)
			summary_foreign(w,
				span_at(ASN1_STRING_get0_data(n->d.ia5), (size_t)ASN1_STRING_length(n->d.ia5)));
		else if (n->type == GEN_IPADD)
			hex_write(w,
				span_at(ASN1_STRING_get0_data(n->d.iPAddress),
					(size_t)ASN1_STRING_length(n->d.iPAddress)));
		else
			writer_format(w, "(a name of another kind, %d)", n->type);
		writer_u8(w, '\n');
	}
}

static void
address_write(struct writer *w, const char *name, const GENERAL_NAME *n)
{
	summary_name(w, name);
	if (n->type == GEN_URI)
		summary_foreign(w, span_at(ASN1_STRING_get0_data(n->d.ia5), (size_t)ASN1_STRING_length(n->d.ia5)));
	else
		writer_format(w, "(an address of another kind, %d)", n->type);
	writer_u8(w, '\n');
}

/* Where those who check it will ask (RFC 5280 4.2.1.13, 4.2.2.1): whoever holds these addresses answers for its status. */
static void
addresses_write(struct writer *w, X509 *x)
{
	OWN(CRL_DIST_POINTS) points = X509_get_ext_d2i(x, NID_crl_distribution_points, NULL, NULL);
	OWN(AUTHORITY_INFO_ACCESS) access = X509_get_ext_d2i(x, NID_info_access, NULL, NULL);
	char text[128];

	for (int i = 0; i < sk_DIST_POINT_num(points); i++) {
		const DIST_POINT *p = sk_DIST_POINT_value(points, i);
		const GENERAL_NAMES *names =
			p->distpoint != NULL && p->distpoint->type == 0 ? p->distpoint->name.fullname : NULL;

		if (sk_GENERAL_NAME_num(names) <= 0)
			summary_line(w, "lists at", "(no full address)");
		for (int n = 0; n < sk_GENERAL_NAME_num(names); n++)
			address_write(w, "lists at", sk_GENERAL_NAME_value(names, n));
	}
	for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(access); i++) {
		const ACCESS_DESCRIPTION *d = sk_ACCESS_DESCRIPTION_value(access, i);
		const int method = OBJ_obj2nid(d->method);

		address_write(w,
			method == NID_ad_OCSP                 ? "status at"
				: method == NID_ad_ca_issuers ? "issuer at"
							      : short_name(d->method, text),
			d->location);
	}
}

static void
extensions_write(struct writer *w, const X509 *x)
{
	char text[128];

	for (int i = 0; i < X509_get_ext_count(x); i++) {
		X509_EXTENSION *e = X509_get_ext(x, i);

		summary_line(w, i == 0 ? "extensions" : "", "%s%s", short_name(X509_EXTENSION_get_object(e), text),
			X509_EXTENSION_get_critical(e) ? ", critical" : "");
	}
}

static const char *
title(const struct facts *f)
{
	if (f->ca && f->self)
		return "SIGN A ROOT CERTIFICATE";
	if (f->ca)
		return f->label != NULL ? "SIGN A CA CERTIFICATE" : "SIGN A CA CERTIFICATE FOR A KEY ELSEWHERE";
	return "SIGN A CERTIFICATE";
}

static void
follows_write(struct writer *w, const struct facts *f)
{
	writer_text(w, "\nWhat follows: ");
	if (f->ca && f->self)
		writer_text(w,
			"whoever trusts this root trusts all that is signed with its key, to the end of its validity.\n"
			"It cannot be revoked; people can only stop trusting it.\n");
	else if (f->ca && f->label != NULL)
		writer_format(w, "whoever trusts '%s' trusts what is signed with key '%s'.\n", f->issuer, f->label);
	else if (f->ca)
		writer_format(w,
			"whoever trusts '%s' trusts what the holder of that key signs, wherever that is.\n"
			"Compare the key's SHA-256 with what its holder shows you.\n",
			f->issuer);
	else
		writer_format(w, "whoever trusts '%s' takes the holder of that key for the subject.\n", f->issuer);
}

static enum err
write_all(const struct type_question *q, const struct facts *f, struct writer *w)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(f->x);
	const struct sha256 hash = sha256_of(q->object);
	unix_time end;

	writer_format(w, "%s with key '%s'\n\n", title(f), f->issuer);
	summary_entity(w, "subject", X509_get_subject_name(f->x));
	summary_entity(w, "issuer", X509_get_issuer_name(f->x));
	summary_name(w, "serial");
	hex_write(w, span_at(ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial)));
	writer_u8(w, '\n');
	TRY(validity_write(w, f->x, &end));
	key_write(w, f);
	authority_write(w, f);
	usage_write(w, f->x);
	policies_write(w, f->x);
	alternatives_write(w, f->x);
	addresses_write(w, f->x);
	extensions_write(w, f->x);
	summary_hash(w, "bytes SHA-256", &hash);
	follows_write(w, f);
	return ERR_OK;
}

enum err
summary_certificate(const struct type_question *q, summary_label_of *label_of, struct writer *w)
{
	struct facts f = {.spki = writer_new(MAX_TBS)};
	enum err e = read(q, &f);

	if (e == ERR_OK)
		f.label = label_of(q->context, writer_span(&f.spki));
	if (e == ERR_OK)
		e = write_all(q, &f, w);
	X509_free(f.x);
	writer_free(&f.spki);
	return e;
}
