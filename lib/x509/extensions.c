#include "x509/extensions.h"

#include <string.h>

#include "x509/own.h"
#include "x509/profile.h"

/* X509_add1_ext_i2d wants a writable pointer and appends; criticality as given. */
static enum err
add(X509 *x, int nid, void *value, bool critical)
{
	CRYPTO_OK(value && X509_add1_ext_i2d(x, nid, value, critical, X509V3_ADD_APPEND) == 1, OBJ_nid2sn(nid));
	return ERR_OK;
}

/* RFC 5280 4.2.1.9: critical in a CA's certificate; left out elsewhere. */
static enum err
add_basic_constraints(const struct profile *p, X509 *x)
{
	OWN(BASIC_CONSTRAINTS) b = BASIC_CONSTRAINTS_new();

	if (!p->ca)
		return ERR_OK;
	REQUIRE(b, ERR_NO_MEMORY);
	b->ca = 0xff;
	b->pathlen = ASN1_INTEGER_new();
	CRYPTO_OK(b->pathlen && ASN1_INTEGER_set_int64(b->pathlen, p->path_length), "path length");
	return add(x, NID_basic_constraints, b, true);
}

/* RFC 5280 4.2.1.3: critical. */
static enum err
add_key_usage(const struct profile *p, X509 *x)
{
	ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();
	bool ok = bits != NULL;

	for (size_t i = 0; i < p->key_usage.count && ok; i++) {
		const int bit = key_usage_bit(json_text_at(&p->key_usage, i));

		ok = bit >= 0 && ASN1_BIT_STRING_set_bit(bits, bit, 1) == 1;
	}
	const enum err e = ok ? add(x, NID_key_usage, bits, true) : own_failed(ERR_CRYPTO, "key usage");

	ASN1_BIT_STRING_free(bits);
	return e;
}

/* RFC 5280 4.2.1.12: not critical; RFC 3161 2.3: critical, and alone, for time-stamping. */
static enum err
add_extended_key_usage(const struct profile *p, X509 *x)
{
	EXTENDED_KEY_USAGE *list = sk_ASN1_OBJECT_new_null();
	enum err e = list ? ERR_OK : ERR_NO_MEMORY;

	for (size_t i = 0; i < p->extended_key_usage.count && e == ERR_OK; i++) {
		ASN1_OBJECT *object = extended_key_usage_object(json_text_at(&p->extended_key_usage, i));

		if (!object || !sk_ASN1_OBJECT_push(list, object)) {
			ASN1_OBJECT_free(object);
			e = own_failed(ERR_CRYPTO, "extended key usage");
		}
	}
	if (e == ERR_OK && sk_ASN1_OBJECT_num(list) > 0)
		e = add(x, NID_ext_key_usage, list, json_texts_have(&p->extended_key_usage, "timeStamping"));
	sk_ASN1_OBJECT_pop_free(list, ASN1_OBJECT_free);
	return e;
}

/* RFC 5280 4.2.1.4 */
static enum err
add_policies(const struct profile *p, X509 *x)
{
	CERTIFICATEPOLICIES *list = sk_POLICYINFO_new_null();
	enum err e = list ? ERR_OK : ERR_NO_MEMORY;

	for (size_t i = 0; i < p->policies.count && e == ERR_OK; i++) {
		POLICYINFO *info = POLICYINFO_new();

		if (info) {
			ASN1_OBJECT_free(info->policyid);
			info->policyid = OBJ_txt2obj(json_text_at(&p->policies, i), 1);
		}
		if (!info || !info->policyid || !sk_POLICYINFO_push(list, info)) {
			POLICYINFO_free(info);
			e = own_failed(ERR_CRYPTO, "certificate policy");
		}
	}
	if (e == ERR_OK && sk_POLICYINFO_num(list) > 0)
		e = add(x, NID_certificate_policies, list, false);
	sk_POLICYINFO_pop_free(list, POLICYINFO_free);
	return e;
}

static enum err
general_name_make(const struct name_part *part, GENERAL_NAME **out)
{
	static const struct {
		const char *kind;
		int type;
	} kinds[] = {{"dns", GEN_DNS}, {"ip", GEN_IPADD}, {"email", GEN_EMAIL}, {"uri", GEN_URI}};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(part->type, kinds[i].kind) == 0) {
			for (const char *c = part->value; *c;
				c++) /* RFC 5280 4.2.1.6: IA5String; nothing unseen in it */
				REQUIRE_WHY(*c > ' ' && *c < 0x7f, ERR_MALFORMED,
					"RFC 5280 4.2.1.6: %s name with a character that is not ASCII", part->type);
			REQUIRE_WHY(part->value[0], ERR_MALFORMED, "RFC 5280 4.2.1.6: empty %s name", part->type);
			*out = a2i_GENERAL_NAME(NULL, NULL, NULL, kinds[i].type, (char *)part->value, 0);
			if (!*out)
				return own_failed(ERR_MALFORMED,
					"RFC 5280 4.2.1.6: not an alternative name of its kind");
			return ERR_OK;
		}
	return err_because(ERR_MALFORMED, "RFC 5280 4.2.1.6: kind of name %s is not known", part->type);
}

enum err
general_names_make(const struct name_part *parts, size_t count, GENERAL_NAMES **out)
{
	OWN(GENERAL_NAMES) list = sk_GENERAL_NAME_new_null();

	REQUIRE(list, ERR_NO_MEMORY);
	for (size_t i = 0; i < count; i++) {
		GENERAL_NAME *name;

		TRY(general_name_make(&parts[i], &name));
		if (!sk_GENERAL_NAME_push(list, name)) {
			GENERAL_NAME_free(name);
			return ERR_NO_MEMORY;
		}
	}
	*out = list;
	list = NULL;
	return ERR_OK;
}

/* RFC 5280 4.2.1.6: critical if the subject is empty. */
static enum err
add_names(const struct certificate_facts *f, X509 *x)
{
	OWN(GENERAL_NAMES) list = NULL;

	if (f->names_count == 0)
		return ERR_OK;
	TRY(general_names_make(f->names, f->names_count, &list));
	return add(x, NID_subject_alt_name, list, f->subject_count == 0);
}

/* RFC 7093 2, method 1: the leftmost 160 bits of SHA-256 of the key. */
static enum err
add_subject_key(X509 *x)
{
	const ASN1_BIT_STRING *bits = X509_get0_pubkey_bitstr(x);
	const struct sha256 hash = sha256_of(span_at(ASN1_STRING_get0_data(bits), (size_t)ASN1_STRING_length(bits)));
	OWN(ASN1_OCTET_STRING) id = ASN1_OCTET_STRING_new();

	CRYPTO_OK(id && ASN1_OCTET_STRING_set(id, hash.bytes, 20) == 1, "subject key identifier");
	return add(x, NID_subject_key_identifier, id, false);
}

enum err
authority_key_make(X509 *issuer, AUTHORITY_KEYID **out)
{
	const ASN1_OCTET_STRING *id = X509_get0_subject_key_id(issuer);
	OWN(AUTHORITY_KEYID) a = AUTHORITY_KEYID_new();

	REQUIRE_WHY(id, ERR_CONFIG, "RFC 5280 4.2.1.2: the issuer's certificate has no subjectKeyIdentifier");
	REQUIRE(a, ERR_NO_MEMORY);
	a->keyid = ASN1_OCTET_STRING_dup(id);
	REQUIRE(a->keyid, ERR_NO_MEMORY);
	*out = a;
	a = NULL;
	return ERR_OK;
}

static enum err
add_authority_key(const struct certificate_facts *f, X509 *x)
{
	OWN(AUTHORITY_KEYID) a = NULL;

	if (!f->issuer)
		return ERR_OK;
	TRY(authority_key_make(f->issuer, &a));
	return add(x, NID_authority_key_identifier, a, false);
}

static enum err
access_push(AUTHORITY_INFO_ACCESS *list, int method, const char *url)
{
	ACCESS_DESCRIPTION *d;
	GENERAL_NAME *location;

	if (!url)
		return ERR_OK;
	TRY(general_name_make(&(struct name_part){"uri", url}, &location));
	d = ACCESS_DESCRIPTION_new();
	if (!d || !sk_ACCESS_DESCRIPTION_push(list, d)) {
		ACCESS_DESCRIPTION_free(d);
		GENERAL_NAME_free(location);
		return ERR_NO_MEMORY;
	}
	ASN1_OBJECT_free(d->method);
	GENERAL_NAME_free(d->location);
	d->method = OBJ_nid2obj(method);
	d->location = location;
	return ERR_OK;
}

/* RFC 5280 4.2.2.1 */
static enum err
add_information_access(const struct certificate_facts *f, X509 *x)
{
	AUTHORITY_INFO_ACCESS *list = sk_ACCESS_DESCRIPTION_new_null();
	enum err e = list ? ERR_OK : ERR_NO_MEMORY;

	if (e == ERR_OK && !f->profile->no_ocsp_check) /* a responder's own status is not asked: RFC 6960 4.2.2.2.1 */
		e = access_push(list, NID_ad_OCSP, f->ocsp_url);
	if (e == ERR_OK)
		e = access_push(list, NID_ad_ca_issuers, f->ca_url);
	if (e == ERR_OK && sk_ACCESS_DESCRIPTION_num(list) > 0)
		e = add(x, NID_info_access, list, false);
	sk_ACCESS_DESCRIPTION_pop_free(list, ACCESS_DESCRIPTION_free);
	return e;
}

/* RFC 5280 4.2.1.13: one point, one address. */
static enum err
add_distribution_point(const struct certificate_facts *f, X509 *x)
{
	CRL_DIST_POINTS *list = sk_DIST_POINT_new_null();
	DIST_POINT *point = DIST_POINT_new();
	enum err e = ERR_NO_MEMORY;

	if (list && point && sk_DIST_POINT_push(list, point)) {
		DIST_POINT *const held = point;

		point = NULL; /* the list has it */
		held->distpoint = DIST_POINT_NAME_new();
		if (held->distpoint) {
			held->distpoint->type = 0; /* fullName */
			e = general_names_make(&(struct name_part){"uri", f->crl_url}, 1,
				&held->distpoint->name.fullname);
		}
		if (e == ERR_OK)
			e = add(x, NID_crl_distribution_points, list, false);
	}
	DIST_POINT_free(point);
	sk_DIST_POINT_pop_free(list, DIST_POINT_free);
	return e;
}

/* RFC 6960 4.2.2.2.1: NULL. */
static enum err
add_no_check(X509 *x)
{
	ASN1_NULL *null = ASN1_NULL_new();
	const enum err e = add(x, NID_id_pkix_OCSP_noCheck, null, false);

	ASN1_NULL_free(null);
	return e;
}

enum err
extensions_add(const struct certificate_facts *f, X509 *x)
{
	const struct profile *p = f->profile;

	TRY(add_basic_constraints(p, x));
	TRY(add_key_usage(p, x));
	TRY(add_extended_key_usage(p, x));
	TRY(add_subject_key(x));
	TRY(add_authority_key(f, x));
	TRY(add_policies(p, x));
	TRY(add_names(f, x));
	if (!p->no_status) {
		TRY(add_information_access(f, x));
		if (f->crl_url && !p->no_ocsp_check)
			TRY(add_distribution_point(f, x));
	}
	if (p->qc_statements.count > 0)
		TRY(qc_statements_add(&p->qc_statements, x));
	if (p->no_ocsp_check)
		TRY(add_no_check(x));
	return ERR_OK;
}
