#include "maker.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

static void
must(bool good)
{
	if (!good)
		abort();
}

static void
name_add(X509_NAME *name, const char *field, const char *text)
{
	if (text != NULL)
		must(X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, (const unsigned char *)text, -1, -1, 0) ==
			1);
}

static void
extension_add(X509 *x, const char *oid, const char *value)
{
	X509V3_CTX context;

	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, NULL, x, NULL, NULL, 0);
	X509_EXTENSION *e = X509V3_EXT_nconf(NULL, &context, oid, value);

	must(e != NULL && X509_add_ext(x, e, -1) == 1);
	X509_EXTENSION_free(e);
}

static X509 *
draft(EVP_PKEY *key, int version)
{
	X509 *x = X509_new();

	must(x != NULL && X509_set_version(x, version) == 1 && X509_set_pubkey(x, key) == 1);
	must(ASN1_INTEGER_set(X509_get_serialNumber(x), 7) == 1);
	must(ASN1_TIME_set(X509_getm_notBefore(x), 1700000000) != NULL &&
		ASN1_TIME_set(X509_getm_notAfter(x), 1900000000) != NULL);
	return x;
}

static char *
pem_of(X509 *x)
{
	BIO *b = BIO_new(BIO_s_mem());
	char *at, *text;
	long len;

	must(b != NULL && PEM_write_bio_X509(b, x) == 1);
	len = BIO_get_mem_data(b, &at);
	text = strndup(at, (size_t)len);
	BIO_free(b);
	return text;
}

struct maker
maker_new(const char *name)
{
	struct maker m = {.root_key = EVP_EC_gen("P-256"), .key = EVP_EC_gen("P-256")};

	m.root = draft(m.root_key, 2);
	name_add(X509_get_subject_name(m.root), "CN", name);
	must(X509_set_issuer_name(m.root, X509_get_subject_name(m.root)) == 1);
	extension_add(m.root, "basicConstraints", "critical,CA:TRUE");
	must(X509_sign(m.root, m.root_key, EVP_sha256()) > 0);
	m.root_pem = pem_of(m.root);
	return m;
}

void
maker_free(struct maker *m)
{
	EVP_PKEY_free(m->root_key);
	EVP_PKEY_free(m->key);
	X509_free(m->root);
	free(m->root_pem);
}

struct maker_order
maker_order_packed(const struct maker *m)
{
	return (struct maker_order){
		.key = m->key,
		.version = 2,
		.country = "BT",
		.organization = "Test Maker",
		.unit = "Authenticator Attestation",
		.name = "Test Authenticator One",
		.basic_constraints = "critical,CA:FALSE",
	};
}

void
maker_certificate(struct writer *der, const struct maker *m, const struct maker_order *o)
{
	X509 *x = draft(o->key, o->version);
	X509_NAME *subject = X509_get_subject_name(x);
	unsigned char *bytes = NULL;
	int len;

	name_add(subject, "C", o->country);
	name_add(subject, "O", o->organization);
	name_add(subject, "OU", o->unit);
	name_add(subject, "CN", o->name);
	must(X509_set_issuer_name(x, X509_get_subject_name(m->root)) == 1);
	if (o->basic_constraints != NULL)
		extension_add(x, "basicConstraints", o->basic_constraints);
	for (size_t i = 0; i < MAX_MAKER_EXTENSIONS && o->extensions[i].oid != NULL; i++)
		extension_add(x, o->extensions[i].oid, o->extensions[i].value);
	must(X509_sign(x, m->root_key, EVP_sha256()) > 0);
	len = i2d_X509(x, &bytes);
	must(len > 0);
	writer_bytes(der, span_at(bytes, (size_t)len));
	OPENSSL_free(bytes);
	X509_free(x);
}
