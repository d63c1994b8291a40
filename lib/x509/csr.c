#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "base/reader.h"
#include "x509/asn1.h"
#include "x509/extensions.h"
#include "x509/own.h"
#include "x509/weak_key.h"

enum { MAX_CSR_NAMES = 32, MAX_NAME_VALUE = 1024 };

/* One block of the right label, nothing but white space around it. The caller frees with OPENSSL_free. */
static enum err
csr_from_pem(struct span pem, unsigned char **der, size_t *len)
{
	OWN(BIO) bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
	long size = 0;
	char *rest;

	REQUIRE(bio, ERR_NO_MEMORY);
	if (PEM_bytes_read_bio(der, &size, NULL, PEM_STRING_X509_REQ, bio, NULL, NULL) != 1)
		return own_failed(ERR_MALFORMED, "RFC 7468 7: not a PEM certificate request");
	*len = (size_t)size;
	const long left = BIO_get_mem_data(bio, &rest);

	for (long i = 0; i < left; i++)
		if (!strchr(" \t\r\n", rest[i])) {
			OPENSSL_free(*der);
			return err_because(ERR_MALFORMED, "RFC 7468 2: text after the certificate request");
		}
	return ERR_OK;
}

static enum err
csr_from_der(struct span der, X509_REQ **out)
{
	const uint8_t *p = der.ptr;
	OWN(X509_REQ) req = d2i_X509_REQ(NULL, &p, (long)der.len);

	if (!req)
		return own_failed(ERR_MALFORMED, "RFC 2986 4: not a certificate request");
	REQUIRE_WHY(p == der.ptr + der.len, ERR_MALFORMED, "RFC 2986 4: bytes after the certificate request");
	REQUIRE_WHY(X509_REQ_get_version(req) == X509_REQ_VERSION_1, ERR_MALFORMED,
		"RFC 2986 4.1: the version must be 0");
	*out = req;
	req = NULL;
	return ERR_OK;
}

static enum err
csr_open(struct span text, X509_REQ **out)
{
	unsigned char *der = NULL;
	size_t len = 0;

	REQUIRE_WHY(text.len <= MAX_CSR, ERR_TOO_LONG, "RFC 2986 4: a certificate request of more than %d bytes",
		MAX_CSR);
	if (!span_starts(text, SPAN("-----BEGIN ")))
		return csr_from_der(text, out);
	TRY(csr_from_pem(text, &der, &len));
	const enum err e = csr_from_der(span_at(der, len), out);

	OPENSSL_free(der);
	return e;
}

/* RFC 2986 3: the signature shows possession of the key. One made over a broken hash shows nothing. */
static enum err
possession_check(X509_REQ *req, EVP_PKEY *key)
{
	int digest = NID_undef;

	REQUIRE_WHY(OBJ_find_sigid_algs(X509_REQ_get_signature_nid(req), &digest, NULL) == 1 && digest != NID_md5 &&
			digest != NID_sha1 && digest != NID_md5_sha1,
		ERR_REFUSED, "RFC 8017, RFC 6194: the request is signed over a broken or unknown hash");
	if (X509_REQ_verify(req, key) != 1)
		return own_failed(ERR_BAD_SIGNATURE, "RFC 2986 4.2: the request's own signature does not verify");
	return ERR_OK;
}

static char *
text_copy(const ASN1_STRING *s)
{
	char *copy;
	const struct span bytes = span_at(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));

	return bytes.len <= MAX_NAME_VALUE && span_is_text(bytes) && span_text(bytes, &copy) == ERR_OK ? copy : NULL;
}

static char *
ip_copy(const ASN1_OCTET_STRING *s)
{
	const unsigned char *b = ASN1_STRING_get0_data(s);
	char text[48];

	if (ASN1_STRING_length(s) == 4)
		(void)snprintf(text, sizeof(text), "%d.%d.%d.%d", b[0], b[1], b[2], b[3]);
	else if (ASN1_STRING_length(s) == 16)
		(void)snprintf(text, sizeof(text), "%x:%x:%x:%x:%x:%x:%x:%x", b[0] << 8 | b[1], b[2] << 8 | b[3],
			b[4] << 8 | b[5], b[6] << 8 | b[7], b[8] << 8 | b[9], b[10] << 8 | b[11], b[12] << 8 | b[13],
			b[14] << 8 | b[15]);
	else
		return NULL;
	return strdup(text);
}

static enum err
name_from(const GENERAL_NAME *g, struct name_part *part)
{
	int type;
	const void *value = GENERAL_NAME_get0_value(g, &type);

	switch (type) {
	case GEN_DNS:
		*part = (struct name_part){"dns", text_copy(value)};
		break;
	case GEN_EMAIL:
		*part = (struct name_part){"email", text_copy(value)};
		break;
	case GEN_URI:
		*part = (struct name_part){"uri", text_copy(value)};
		break;
	case GEN_IPADD:
		*part = (struct name_part){"ip", ip_copy(value)};
		break;
	default:
		return err_because(ERR_UNSUPPORTED,
			"RFC 5280 4.2.1.6: the request asks for a kind of name that is not issued here");
	}
	REQUIRE_WHY(part->value, ERR_MALFORMED, "RFC 5280 4.2.1.6: a requested %s name is not well formed", part->type);
	return ERR_OK;
}

static enum err
names_from(const GENERAL_NAMES *list, struct request_facts *r)
{
	const int count = sk_GENERAL_NAME_num(list);

	REQUIRE_WHY(count <= MAX_CSR_NAMES, ERR_TOO_LONG, "RFC 5280 4.2.1.6: more than %d names requested",
		MAX_CSR_NAMES);
	r->names = calloc((size_t)count + 1, sizeof(*r->names));
	REQUIRE(r->names, ERR_NO_MEMORY);
	for (int i = 0; i < count; i++) {
		TRY(name_from(sk_GENERAL_NAME_value(list, i), &r->names[i]));
		r->names_count++;
	}
	return ERR_OK;
}

static enum err
read_names(X509_REQ *req, struct request_facts *r)
{
	STACK_OF(X509_EXTENSION) *extensions = X509_REQ_get_extensions(req);
	int found = 0;
	OWN(GENERAL_NAMES) list = X509V3_get_d2i(extensions, NID_subject_alt_name, &found, NULL);

	sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
	if (!list && found != -1) /* -1: not there */
		return own_failed(ERR_MALFORMED,
			"RFC 5280 4.2.1.6: the requested names are not well formed, or given twice");
	return list ? names_from(list, r) : ERR_OK;
}

static enum err
read_common_name(X509_REQ *req, struct request_facts *r)
{
	const X509_NAME *name = X509_REQ_get_subject_name(req);
	const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
	unsigned char *utf8 = NULL;

	if (at < 0)
		return ERR_OK;
	REQUIRE_WHY(X509_NAME_get_index_by_NID(name, NID_commonName, at) < 0, ERR_MALFORMED,
		"RFC 2986 4.1: two common names");
	const int len = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));

	if (len < 0)
		return own_failed(ERR_MALFORMED, "RFC 5280 4.1.2.4: the common name is not text");
	const struct span text = span_at(utf8, (size_t)len);
	const enum err e = span_is_text(text) ? span_text(text, &r->common_name) : ERR_MALFORMED;

	OPENSSL_free(utf8);
	return e;
}

static enum err
read_key(X509_REQ *req, bool is_signed, struct request_facts *r)
{
	EVP_PKEY *key = X509_REQ_get0_pubkey(req);
	unsigned char *der = NULL;

	if (!key)
		return own_failed(ERR_MALFORMED, "RFC 2986 4.1: the request's key is not one that is known here");
	TRY(weak_key_check(key));
	if (is_signed)
		TRY(possession_check(req, key));
	TRY(key_type(key, r->key_type));
	const int len = i2d_PUBKEY(key, &der);

	CRYPTO_OK(len > 0, "SubjectPublicKeyInfo");
	r->spki.ptr = malloc((size_t)len);
	if (r->spki.ptr)
		memcpy(r->spki.ptr, der, (size_t)len);
	r->spki.len = r->spki.ptr ? (size_t)len : 0;
	OPENSSL_free(der);
	return r->spki.ptr ? ERR_OK : ERR_NO_MEMORY;
}

static enum err
parse(struct span der_or_pem, bool is_signed, struct request_facts *out)
{
	OWN(X509_REQ) req = NULL;

	memset(out, 0, sizeof(*out));
	TRY(csr_open(der_or_pem, &req));
	enum err e = read_key(req, is_signed, out);

	if (e == ERR_OK)
		e = read_names(req, out);
	if (e == ERR_OK)
		e = read_common_name(req, out);
	if (e != ERR_OK)
		csr_free(out);
	return e;
}

enum err
csr_parse(struct span der_or_pem, struct request_facts *out)
{
	return parse(der_or_pem, true, out);
}

enum err
csr_parse_unsigned(struct span der, struct request_facts *out)
{
	return parse(der, false, out);
}

void
csr_free(struct request_facts *r)
{
	for (size_t i = 0; i < r->names_count; i++)
		free((char *)r->names[i].value);
	free(r->names);
	free(r->spki.ptr);
	free(r->common_name);
	memset(r, 0, sizeof(*r));
}

static enum err
request_names(X509_REQ *req, const struct name_part *names, size_t count)
{
	OWN(GENERAL_NAMES) list = NULL;
	STACK_OF(X509_EXTENSION) *extensions = NULL;

	if (count == 0)
		return ERR_OK;
	TRY(general_names_make(names, count, &list));
	const bool ok = X509V3_add1_i2d(&extensions, NID_subject_alt_name, list, 0, X509V3_ADD_APPEND) == 1 &&
		X509_REQ_add_extensions(req, extensions) == 1;

	sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
	CRYPTO_OK(ok, "requested names");
	return ERR_OK;
}

enum err
csr_make(EVP_PKEY *key, const struct name_part *subject, size_t subject_count, const struct name_part *names,
	size_t names_count, struct writer *w)
{
	OWN(X509_REQ) req = X509_REQ_new();
	OWN(X509_NAME) name = X509_NAME_new();
	const EVP_MD *digest;
	unsigned char *der = NULL;

	REQUIRE(req && name, ERR_NO_MEMORY);
	TRY(name_make(subject, subject_count, name));
	TRY(digest_for(key, &digest));
	CRYPTO_OK(X509_REQ_set_version(req, X509_REQ_VERSION_1) && X509_REQ_set_subject_name(req, name) &&
			X509_REQ_set_pubkey(req, key),
		"certificate request");
	TRY(request_names(req, names, names_count));
	CRYPTO_OK(X509_REQ_sign(req, key, digest) > 0, "signing the certificate request");
	const int len = i2d_X509_REQ(req, &der);

	return der_append(der, len, w);
}
