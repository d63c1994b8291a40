#include "tests/unit/lib/test.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "tests/unit/lib/x509/authority.h"
#include "x509/profile.h"

/* The verdict on a request for profile with this subject attribute (or NULL) and extension (libcrypto's name and value, or NULL). */
static enum err
verdict(const char *profile, const char *attribute, const char *extension, const char *value)
{
	AUTO(profile) p = {0};
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509_REQ *req = X509_REQ_new();
	X509_NAME *name = X509_NAME_new();
	unsigned char *der = NULL;
	enum err pem_verdict;

	profile_named(profile, &p);
	if (attribute)
		X509_NAME_add_entry_by_txt(name, attribute, MBSTRING_UTF8, (const unsigned char *)"BT", -1, -1, 0);
	X509_REQ_set_subject_name(req, name);
	X509_REQ_set_pubkey(req, key);
	if (extension) {
		STACK_OF(X509_EXTENSION) *list = sk_X509_EXTENSION_new_null();
		X509_EXTENSION *x = X509V3_EXT_conf(NULL, NULL, extension, value);

		assert_non_null(x);
		sk_X509_EXTENSION_push(list, x);
		assert_int_equal(X509_REQ_add_extensions(req, list), 1);
		sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	}
	assert_true(X509_REQ_sign(req, key, EVP_sha256()) > 0);
	const int len = i2d_X509_REQ(req, &der);
	const enum err e = request_allowed(&p, span_at(der, (size_t)len));
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;

	assert_int_equal(PEM_write_bio_X509_REQ(bio, req), 1);
	const long text_len = BIO_get_mem_data(bio, &text);

	pem_verdict = request_allowed(&p, span_at(text, (size_t)text_len));
	assert_err(pem_verdict, e); /* one answer for both forms */
	BIO_free(bio);
	OPENSSL_free(der);
	X509_NAME_free(name);
	X509_REQ_free(req);
	EVP_PKEY_free(key);
	return e;
}

CASE(what_the_profile_gives_anyway_may_be_asked_for)
{
	assert_ok(verdict("tls-server", NULL, NULL, NULL));
	assert_ok(verdict("tls-server", "CN", "subjectAltName", "DNS:a.test,IP:192.0.2.1"));
	assert_ok(verdict("tls-server", "C", "keyUsage", "digitalSignature"));
	assert_ok(verdict("tls-server", NULL, "extendedKeyUsage", "serverAuth"));
	assert_ok(verdict("tls-server", NULL, "basicConstraints", "CA:FALSE"));
	assert_ok(verdict("issuing-ca", NULL, "basicConstraints", "CA:TRUE"));
	assert_ok(verdict("tsa", NULL, "extendedKeyUsage", "timeStamping"));
}

static void
refused(const char *attribute, const char *extension, const char *value, const char *named)
{
	assert_err(verdict("tls-server", attribute, extension, value), ERR_REFUSED);
	assert_non_null(strstr(err_why(), named));
	assert_non_null(strstr(err_why(), "tls-server"));
}

CASE(what_it_does_not_give_is_refused_with_the_field_named)
{
	refused("ST", NULL, NULL, "ST (2.5.4.8)");
	refused("emailAddress", NULL, NULL, "emailAddress");
	refused(NULL, "keyUsage", "digitalSignature,keyCertSign", "keyUsage bit 5");
	refused(NULL, "extendedKeyUsage", "serverAuth,codeSigning", "1.3.6.1.5.5.7.3.3");
	refused(NULL, "basicConstraints", "CA:TRUE", "basicConstraints");
	refused(NULL, "subjectAltName", "email:a@b.test", "email");
	refused(NULL, "subjectAltName", "RID:1.2.3.4", "of another kind");
	refused(NULL, "2.5.29.32", "DER:30:06:30:04:06:02:2a:03", "2.5.29.32");
	refused(NULL, "1.3.6.1.5.5.7.1.24", "DER:30:03:02:01:05", "1.3.6.1.5.5.7.1.24"); /* TLS feature, RFC 7633 */
	refused(NULL, "1.2.3.4.5", "DER:05:00", "1.2.3.4.5");
}

CASE(an_extension_that_is_not_well_formed_is_refused)
{
	assert_err(verdict("tls-server", NULL, "2.5.29.15", "DER:05:00"), ERR_MALFORMED);
	assert_err(verdict("tls-server", NULL, "2.5.29.37", "DER:05:00"), ERR_MALFORMED);
	assert_err(verdict("tls-server", NULL, "2.5.29.19", "DER:05:00"), ERR_MALFORMED);
	assert_err(verdict("tls-server", NULL, "2.5.29.17", "DER:05:00"), ERR_MALFORMED);
}

CASE(bytes_that_are_no_request_are_refused)
{
	AUTO(profile) p = {0};

	profile_named("tls-server", &p);
	assert_err(request_allowed(&p, SPAN("0\x03")), ERR_MALFORMED);
	assert_err(request_allowed(&p, SPAN("-----BEGIN X-----")), ERR_MALFORMED);
	assert_err(request_allowed(&p, span_at("x", MAX_CSR + 1)), ERR_TOO_LONG);
}

RUN(cmocka_unit_test(what_the_profile_gives_anyway_may_be_asked_for),
	cmocka_unit_test(what_it_does_not_give_is_refused_with_the_field_named),
	cmocka_unit_test(an_extension_that_is_not_well_formed_is_refused),
	cmocka_unit_test(bytes_that_are_no_request_are_refused))
