#include "tests/unit/lib/test.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "x509/x509.h"

static const struct name_part subject[] = {{"C", "BT"}, {"CN", "Test Citizen One"}};
static const struct name_part names[] = {{"dns", "a.test"}, {"ip", "127.0.0.1"}, {"ip", "::1"}, {"email", "a@b.test"},
	{"uri", "https://a.test/x"}};
enum { NAMES = sizeof(names) / sizeof(names[0]) };

static enum err
parsed(struct span text)
{
	struct request_facts r;
	const enum err e = csr_parse(text, &r);

	if (e != ERR_OK)
		assert_null(r.spki.ptr); /* nothing half-made */
	csr_free(&r);
	return e;
}

/* A request by key, signed over digest, with extension added if there is one. */
static enum err
request_verdict(EVP_PKEY *key, const EVP_MD *digest, const char *alternative)
{
	AUTO(writer) w = writer_new(MAX_CSR);
	X509_REQ *req = X509_REQ_new();
	unsigned char *der = NULL;

	assert_int_equal(X509_REQ_set_pubkey(req, key), 1);
	if (alternative) {
		STACK_OF(X509_EXTENSION) *list = sk_X509_EXTENSION_new_null();

		sk_X509_EXTENSION_push(list, X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, alternative));
		assert_int_equal(X509_REQ_add_extensions(req, list), 1);
		sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	}
	assert_true(X509_REQ_sign(req, key, digest) > 0);
	const int len = i2d_X509_REQ(req, &der);

	assert_true(len > 0);
	writer_bytes(&w, span_at(der, (size_t)len));
	OPENSSL_free(der);
	X509_REQ_free(req);
	return parsed(writer_span(&w));
}

CASE(what_is_made_can_be_read)
{
	static const char *const types[] = {"P-256", "P-384", "P-521"};

	for (size_t i = 0; i < 3; i++) {
		EVP_PKEY *key = EVP_EC_gen(types[i]);
		AUTO(writer) w = writer_new(MAX_CSR);
		struct request_facts r;

		assert_ok(csr_make(key, subject, 2, names, NAMES, &w));
		assert_ok(csr_parse(writer_span(&w), &r));
		assert_string_equal(r.key_type, types[i]);
		assert_string_equal(r.common_name, "Test Citizen One");
		assert_int_equal(r.names_count, NAMES);
		assert_string_equal(r.names[0].type, "dns");
		assert_string_equal(r.names[0].value, "a.test");
		assert_string_equal(r.names[1].value, "127.0.0.1");
		assert_string_equal(r.names[2].value, "0:0:0:0:0:0:0:1");
		assert_string_equal(r.names[3].type, "email");
		assert_string_equal(r.names[4].value, "https://a.test/x");
		csr_free(&r);
		EVP_PKEY_free(key);
	}
}

CASE(edwards_keys_ask_too)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	AUTO(writer) w = writer_new(MAX_CSR);

	assert_ok(csr_make(key, subject, 2, NULL, 0, &w));
	assert_int_equal(parsed(writer_span(&w)), ERR_OK);
	EVP_PKEY_free(key);
}

/* A request made whole, for the cases that spoil it. */
static void
good_request(struct writer *w)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");

	assert_ok(csr_make(key, subject, 2, names, 1, w));
	EVP_PKEY_free(key);
}

CASE(a_bad_self_signature_is_refused)
{
	AUTO(writer) w = writer_new(MAX_CSR);

	good_request(&w);
	w.ptr[w.len - 1] ^= 1;
	assert_err(parsed(writer_span(&w)), ERR_BAD_SIGNATURE);
}

CASE(another_name_than_was_signed_is_refused)
{
	AUTO(writer) w = writer_new(MAX_CSR);
	uint8_t *at;

	good_request(&w);
	at = memmem(w.ptr, w.len, "Test Citizen One", 16);
	assert_non_null(at);
	at[0] = 'R';
	assert_err(parsed(writer_span(&w)), ERR_BAD_SIGNATURE);
}

CASE(another_key_than_signed_is_refused)
{
	EVP_PKEY *one = EVP_EC_gen("P-256"), *two = EVP_EC_gen("P-256");
	X509_REQ *req = X509_REQ_new();
	AUTO(writer) w = writer_new(MAX_CSR);
	unsigned char *der = NULL;

	X509_REQ_set_pubkey(req, one);
	assert_true(X509_REQ_sign(req, two, EVP_sha256()) > 0);
	const int len = i2d_X509_REQ(req, &der);

	writer_bytes(&w, span_at(der, (size_t)len));
	assert_err(parsed(writer_span(&w)), ERR_BAD_SIGNATURE);
	OPENSSL_free(der);
	X509_REQ_free(req);
	EVP_PKEY_free(one);
	EVP_PKEY_free(two);
}

CASE(weak_keys_are_refused)
{
	EVP_PKEY *rsa = EVP_RSA_gen(1024U), *curve = EVP_EC_gen("secp256k1");

	assert_err(request_verdict(rsa, EVP_sha256(), NULL), ERR_REFUSED);
	assert_err(request_verdict(curve, EVP_sha256(), NULL), ERR_UNSUPPORTED);
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(curve);
}

CASE(a_broken_hash_is_refused)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");

	assert_err(request_verdict(key, EVP_sha1(), NULL), ERR_REFUSED);
	assert_ok(request_verdict(key, EVP_sha512(), NULL));
	EVP_PKEY_free(key);
}

CASE(kinds_of_names_that_are_not_issued_are_refused)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");

	assert_ok(request_verdict(key, EVP_sha256(), "DNS:a.test"));
	assert_err(request_verdict(key, EVP_sha256(), "DNS:a.test,otherName:1.2.3.4;UTF8:x"), ERR_UNSUPPORTED);
	assert_err(request_verdict(key, EVP_sha256(), "RID:1.2.3"), ERR_UNSUPPORTED);
	EVP_PKEY_free(key);
}

CASE(a_name_with_a_zero_byte_is_refused)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	AUTO(writer) w = writer_new(MAX_CSR);
	struct name_part long_name = {"dns", "bank.test.evil.test"};
	X509_REQ *req;
	const uint8_t *p;
	unsigned char *der = NULL;
	uint8_t *at;

	assert_ok(csr_make(key, subject, 2, &long_name, 1, &w));
	at = memmem(w.ptr, w.len, "bank.test.evil", 14);
	assert_non_null(at);
	at[9] = 0;
	p = w.ptr;
	req = d2i_X509_REQ(NULL, &p, (long)w.len);
	assert_true(X509_REQ_sign(req, key, EVP_sha256()) > 0);
	const int len = i2d_X509_REQ(req, &der);

	assert_err(parsed(span_at(der, (size_t)len)), ERR_MALFORMED);
	OPENSSL_free(der);
	X509_REQ_free(req);
	EVP_PKEY_free(key);
}

CASE(trailing_bytes_are_refused)
{
	AUTO(writer) w = writer_new(MAX_CSR);

	good_request(&w);
	writer_u8(&w, 0);
	assert_err(parsed(writer_span(&w)), ERR_MALFORMED);
}

CASE(each_truncation_is_refused)
{
	AUTO(writer) w = writer_new(MAX_CSR);

	good_request(&w);
	for (size_t len = 0; len < w.len; len++)
		assert_int_not_equal(parsed(span_at(w.ptr, len)), ERR_OK);
}

CASE(pem_is_read_but_nothing_after_it)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509_REQ *req = X509_REQ_new();
	BIO *bio = BIO_new(BIO_s_mem());
	AUTO(writer) w = writer_new(2 * MAX_CSR);
	char *text;

	X509_REQ_set_pubkey(req, key);
	assert_true(X509_REQ_sign(req, key, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_bio_X509_REQ(bio, req), 1);
	const long len = BIO_get_mem_data(bio, &text);

	writer_bytes(&w, span_at(text, (size_t)len));
	assert_ok(parsed(writer_span(&w)));
	writer_text(&w, " \r\n");
	assert_ok(parsed(writer_span(&w)));
	writer_text(&w, "x");
	assert_err(parsed(writer_span(&w)), ERR_MALFORMED);
	writer_reset(&w);
	writer_text(&w, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
	assert_err(parsed(writer_span(&w)), ERR_MALFORMED);
	BIO_free(bio);
	X509_REQ_free(req);
	EVP_PKEY_free(key);
}

CASE(what_is_too_long_is_not_read)
{
	AUTO(writer) w = writer_new(2 * MAX_CSR);

	for (size_t i = 0; i <= MAX_CSR; i++)
		writer_u8(&w, 0x30);
	assert_err(parsed(writer_span(&w)), ERR_TOO_LONG);
}

RUN(cmocka_unit_test(what_is_made_can_be_read), cmocka_unit_test(edwards_keys_ask_too),
	cmocka_unit_test(a_bad_self_signature_is_refused), cmocka_unit_test(another_name_than_was_signed_is_refused),
	cmocka_unit_test(another_key_than_signed_is_refused), cmocka_unit_test(weak_keys_are_refused),
	cmocka_unit_test(a_broken_hash_is_refused), cmocka_unit_test(kinds_of_names_that_are_not_issued_are_refused),
	cmocka_unit_test(a_name_with_a_zero_byte_is_refused), cmocka_unit_test(trailing_bytes_are_refused),
	cmocka_unit_test(each_truncation_is_refused), cmocka_unit_test(pem_is_read_but_nothing_after_it),
	cmocka_unit_test(what_is_too_long_is_not_read))
