#include "ca/device/asked.h"

#include <stdlib.h>
#include <string.h>

#include "x509/asn1.h"
#include "x509/own.h"

OWN_TYPE(X509_ALGOR)

enum { MAX_VALUE = 1024 };

/* The profile's own word for an attribute: short or long name. */
static const char *
word_of(const struct profile *profile, const ASN1_OBJECT *type)
{
	for (size_t i = 0; i < profile->subject.count; i++) {
		const char *word = json_text_at(&profile->subject, i);

		if (OBJ_txt2nid(word) != NID_undef && OBJ_txt2nid(word) == OBJ_obj2nid(type))
			return word;
	}
	return NULL;
}

static enum err
value_of(const X509_NAME_ENTRY *entry, const char *word, char **out)
{
	unsigned char *utf8 = NULL;
	const int len = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(entry));

	if (len < 0)
		return own_failed(ERR_MALFORMED, "RFC 5280 4.1.2.4: a subject attribute is not text");
	const struct span text = span_at(utf8, (size_t)len);
	const enum err e = len > 0 && len <= MAX_VALUE && span_is_line(text)
		? span_text(text, out)
		: err_because(ERR_MALFORMED, "the subject's %s is empty, too long or no line of text", word);

	OPENSSL_free(utf8);
	return e;
}

static enum err
read_attribute(const X509_NAME *name, const struct profile *profile, const char *word, struct asked *out)
{
	const int nid = OBJ_txt2nid(word), at = X509_NAME_get_index_by_NID(name, nid, -1);
	char *value;

	if (at < 0)
		return ERR_OK;
	REQUIRE_WHY(X509_NAME_get_index_by_NID(name, nid, at) < 0, ERR_REFUSED, "profile %s: the subject has two of %s",
		profile->name, word);
	REQUIRE(out->subject_count < MAX_ASKED_SUBJECT, ERR_TOO_LONG);
	TRY(value_of(X509_NAME_get_entry(name, at), word, &value));
	out->subject[out->subject_count++] = (struct name_part){word, value};
	return ERR_OK;
}

static enum err
read_subject(struct span csr, const struct profile *profile, struct asked *out)
{
	const uint8_t *p = csr.ptr;
	OWN(X509_REQ) req = d2i_X509_REQ(NULL, &p, (long)csr.len);

	if (req == NULL)
		return own_failed(ERR_MALFORMED, "RFC 2986 4: not a certificate request");
	const X509_NAME *name = X509_REQ_get_subject_name(req);

	for (int i = 0; i < X509_NAME_entry_count(name); i++) {
		const ASN1_OBJECT *type = X509_NAME_ENTRY_get_object(X509_NAME_get_entry(name, i));
		char oid[80];

		(void)OBJ_obj2txt(oid, sizeof(oid), type, 0);
		REQUIRE_WHY(word_of(profile, type) != NULL, ERR_REFUSED,
			"profile %s: the request asks for the subject attribute %s, which it does not allow",
			profile->name, oid);
	}
	for (size_t i = 0; i < profile->subject.count; i++)
		TRY(read_attribute(name, profile, json_text_at(&profile->subject, i), out));
	return ERR_OK;
}

static enum err
read_with(enum err (*parse)(struct span, struct request_facts *), struct span csr, const struct profile *profile,
	struct asked *out)
{
	*out = (struct asked){.der = csr};
	TRY(parse(csr, &out->request));
	const enum err e = read_subject(csr, profile, out);

	if (e != ERR_OK)
		asked_free(out);
	return e;
}

enum err
asked_read(struct span csr, const struct profile *profile, struct asked *out)
{
	return read_with(csr_parse, csr, profile, out);
}

enum err
asked_read_unsigned(struct span csr, const struct profile *profile, struct asked *out)
{
	return read_with(csr_parse_unsigned, csr, profile, out);
}

void
asked_free(struct asked *a)
{
	for (size_t i = 0; i < a->subject_count; i++)
		free((char *)(uintptr_t)a->subject[i].value);
	csr_free(&a->request);
	*a = (struct asked){0};
}

static enum err
copy_names(const X509 *x, X509_REQ *req)
{
	const int at = X509_get_ext_by_NID(x, NID_subject_alt_name, -1);
	STACK_OF(X509_EXTENSION) *list = NULL;

	if (at < 0)
		return ERR_OK;
	list = sk_X509_EXTENSION_new_null();
	REQUIRE(list != NULL, ERR_NO_MEMORY);
	const bool ok =
		sk_X509_EXTENSION_push(list, X509_get_ext(x, at)) > 0 && X509_REQ_add_extensions(req, list) == 1;

	sk_X509_EXTENSION_free(list);
	return ok ? ERR_OK : own_failed(ERR_CRYPTO, "names of a certificate");
}

/* A request cannot be written without a signature; this one says nothing, and nobody looks at it. */
static enum err
leave_unsigned(X509_REQ *req)
{
	OWN(X509_ALGOR) algorithm = X509_ALGOR_new();
	ASN1_BIT_STRING *none = ASN1_BIT_STRING_new();

	REQUIRE(algorithm != NULL && none != NULL, ERR_NO_MEMORY);
	X509_REQ_set0_signature(req, none);
	CRYPTO_OK(X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_ecdsa_with_SHA256), V_ASN1_UNDEF, NULL) == 1 &&
			X509_REQ_set1_signature_algo(req, algorithm) == 1,
		"request of a certificate");
	return ERR_OK;
}

enum err
asked_of_certificate(const X509 *x, struct writer *csr)
{
	OWN(X509_REQ) req = X509_REQ_new();
	unsigned char *der = NULL;

	REQUIRE(req != NULL, ERR_NO_MEMORY);
	CRYPTO_OK(X509_REQ_set_version(req, X509_REQ_VERSION_1) == 1 &&
			X509_REQ_set_subject_name(req, X509_get_subject_name(x)) == 1 &&
			X509_REQ_set_pubkey(req, X509_get0_pubkey(x)) == 1,
		"request of a certificate");
	TRY(copy_names(x, req));
	TRY(leave_unsigned(req));
	const int len = i2d_X509_REQ(req, &der);

	return der_append(der, len, csr);
}

static bool
has(const struct name_part *parts, size_t count, const struct name_part *wanted)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(parts[i].type, wanted->type) == 0 && strcmp(parts[i].value, wanted->value) == 0)
			return true;
	return false;
}

static enum err
all_in(const char *what, const struct name_part *wanted, size_t wanted_count, const struct name_part *parts,
	size_t count)
{
	for (size_t i = 0; i < wanted_count; i++)
		REQUIRE_WHY(has(parts, count, &wanted[i]), ERR_MISMATCH, "RFC 7030 4.2.2: %s %s %.60s", what,
			wanted[i].type, wanted[i].value);
	return ERR_OK;
}

enum err
asked_same(const struct asked *old, const struct asked *fresh)
{
	const struct request_facts *o = &old->request, *f = &fresh->request;

	TRY(all_in("the request asks for the subject attribute, which the certificate shown does not have:",
		fresh->subject, fresh->subject_count, old->subject, old->subject_count));
	TRY(all_in("the request lacks the certificate's subject attribute", old->subject, old->subject_count,
		fresh->subject, fresh->subject_count));
	TRY(all_in("the request asks for the name, which the certificate shown does not have:", f->names,
		f->names_count, o->names, o->names_count));
	return all_in("the request lacks the certificate's name", o->names, o->names_count, f->names, f->names_count);
}
