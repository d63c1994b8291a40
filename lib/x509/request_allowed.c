/* What a certificate request asks for beside its key, against a profile: whoever asks for more than they can have is told so, instead of getting something else. */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

#include "x509/own.h"
#include "x509/profile.h"

OWN_TYPE(ASN1_BIT_STRING)
OWN_TYPE(EXTENDED_KEY_USAGE)

static enum err
subject_check(const struct profile *p, const X509_REQ *req)
{
	const X509_NAME *name = X509_REQ_get_subject_name(req);

	for (int i = 0; i < X509_NAME_entry_count(name); i++) {
		const ASN1_OBJECT *type = X509_NAME_ENTRY_get_object(X509_NAME_get_entry(name, i));
		char oid[80];

		(void)OBJ_obj2txt(oid, sizeof(oid), type, 1);
		const char *word = OBJ_obj2nid(type) != NID_undef ? OBJ_nid2sn(OBJ_obj2nid(type)) : oid;
		const char *other = OBJ_obj2nid(type) != NID_undef ? OBJ_nid2ln(OBJ_obj2nid(type)) : oid;

		REQUIRE_WHY(json_texts_have(&p->subject, word) || json_texts_have(&p->subject, other), ERR_REFUSED,
			"profile %s: the request asks for the subject attribute %s (%s), which it does not allow",
			p->name, word, oid);
	}
	return ERR_OK;
}

static enum err
usage_check(const struct profile *p, X509_EXTENSION *x)
{
	OWN(ASN1_BIT_STRING) bits = X509V3_EXT_d2i(x);

	if (!bits)
		return own_failed(ERR_MALFORMED, "RFC 5280 4.2.1.3: the requested keyUsage is not well formed");
	for (int bit = 0; bit < 9; bit++) {
		bool allowed = false;

		for (size_t i = 0; i < p->key_usage.count; i++)
			allowed = allowed || key_usage_bit(json_text_at(&p->key_usage, i)) == bit;
		REQUIRE_WHY(allowed || !ASN1_BIT_STRING_get_bit(bits, bit), ERR_REFUSED,
			"profile %s: the request asks for keyUsage bit %d (RFC 5280 4.2.1.3), which it does not allow",
			p->name, bit);
	}
	return ERR_OK;
}

static enum err
purposes_check(const struct profile *p, X509_EXTENSION *x)
{
	OWN(EXTENDED_KEY_USAGE) list = X509V3_EXT_d2i(x);
	char oid[80];

	if (!list)
		return own_failed(ERR_MALFORMED, "RFC 5280 4.2.1.12: the requested extKeyUsage is not well formed");
	for (int i = 0; i < sk_ASN1_OBJECT_num(list); i++) {
		(void)OBJ_obj2txt(oid, sizeof(oid), sk_ASN1_OBJECT_value(list, i), 1);
		REQUIRE_WHY(profile_lists(&p->extended_key_usage, oid), ERR_REFUSED,
			"profile %s: the request asks for extKeyUsage %s, which it does not allow", p->name, oid);
	}
	return ERR_OK;
}

static enum err
constraints_check(const struct profile *p, X509_EXTENSION *x)
{
	OWN(BASIC_CONSTRAINTS) b = X509V3_EXT_d2i(x);

	if (!b)
		return own_failed(ERR_MALFORMED, "RFC 5280 4.2.1.9: the requested basicConstraints is not well formed");
	REQUIRE_WHY(!b->ca || p->ca, ERR_REFUSED,
		"profile %s: the request asks for basicConstraints with cA, which it does not allow", p->name);
	return ERR_OK;
}

static enum err
names_check(const struct profile *p, X509_EXTENSION *x)
{
	OWN(GENERAL_NAMES) list = X509V3_EXT_d2i(x);

	if (!list)
		return own_failed(ERR_MALFORMED, "RFC 5280 4.2.1.6: the requested subjectAltName is not well formed");
	for (int i = 0; i < sk_GENERAL_NAME_num(list); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(list, i);
		const char *kind = name->type == GEN_DNS ? "dns"
			: name->type == GEN_IPADD        ? "ip"
			: name->type == GEN_EMAIL        ? "email"
			: name->type == GEN_URI          ? "uri"
							 : "of another kind";

		REQUIRE_WHY(json_texts_have(&p->alternative_names, kind), ERR_REFUSED,
			"profile %s: the request asks for a subjectAltName %s, which it does not allow", p->name, kind);
	}
	return ERR_OK;
}

static enum err
extension_check(const struct profile *p, X509_EXTENSION *x)
{
	const ASN1_OBJECT *type = X509_EXTENSION_get_object(x);
	char oid[80];

	switch (OBJ_obj2nid(type)) {
	case NID_key_usage:
		return usage_check(p, x);
	case NID_ext_key_usage:
		return purposes_check(p, x);
	case NID_basic_constraints:
		return constraints_check(p, x);
	case NID_subject_alt_name:
		return names_check(p, x);
	case NID_subject_key_identifier: /* some clients send it; ours is made from the key */
		return ERR_OK;
	default:
		(void)OBJ_obj2txt(oid, sizeof(oid), type, 1);
		return err_because(ERR_REFUSED,
			"profile %s: the request asks for the extension %s (%s), which it does not allow", p->name, oid,
			OBJ_obj2nid(type) != NID_undef ? OBJ_nid2ln(OBJ_obj2nid(type)) : "unknown here");
	}
}

/* csr_parse said already what is not well formed; this only opens it again. */
static enum err
request_open(struct span csr, X509_REQ **out)
{
	const uint8_t *p = csr.ptr;

	if (span_starts(csr, SPAN("-----BEGIN "))) {
		OWN(BIO) bio = BIO_new_mem_buf(csr.ptr, (int)csr.len);

		REQUIRE(bio, ERR_NO_MEMORY);
		*out = PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL);
	} else
		*out = d2i_X509_REQ(NULL, &p, (long)csr.len);
	return *out ? ERR_OK : own_failed(ERR_MALFORMED, "RFC 2986 4: not a certificate request");
}

enum err
request_allowed(const struct profile *p, struct span csr)
{
	OWN(X509_REQ) req = NULL;
	enum err e;

	REQUIRE_WHY(csr.len <= MAX_CSR, ERR_TOO_LONG, "RFC 2986 4: a certificate request of more than %d bytes",
		MAX_CSR);
	TRY(request_open(csr, &req));
	TRY(subject_check(p, req));
	STACK_OF(X509_EXTENSION) *list = X509_REQ_get_extensions(req);

	e = ERR_OK;
	for (int i = 0; i < sk_X509_EXTENSION_num(list) && e == ERR_OK; i++)
		e = extension_check(p, sk_X509_EXTENSION_value(list, i));
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	ERR_clear_error();
	return e;
}
