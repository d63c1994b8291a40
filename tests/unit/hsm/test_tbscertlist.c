#include "typed.h"

#include <openssl/x509v3.h>

#include "hsm/type/tbsentries.h"
#include "x509/own.h"

static struct key_rule ca_rule = {.label = (char *)"ca",
	.purpose = (char *)"root-ca",
	.algorithm = (char *)"P-384",
	.list_days = 8};
static struct token_key ca_key, other_key;

static int
set_up(void **state)
{
	(void)state;
	typed_key(&ca_key, "P-384");
	typed_key(&other_key, "P-256");
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	token_key_free(&ca_key);
	token_key_free(&other_key);
	return 0;
}

static void (*spoil)(X509_CRL *crl); /* NULL: nothing is spoilt */

static void
list_make(long begin, long end, bool numbered, EVP_PKEY *issuer_key, struct writer *out)
{
	OWN(X509_CRL) crl = X509_CRL_new();
	OWN(X509) issuer = X509_new();
	OWN(ASN1_INTEGER) number = ASN1_INTEGER_new();
	OWN(ASN1_TIME) this_update = ASN1_TIME_set(NULL, now + begin);
	OWN(ASN1_TIME) next_update = ASN1_TIME_set(NULL, now + end);
	X509V3_CTX context;
	X509_EXTENSION *e;
	uint8_t *der = NULL;
	int len;

	assert_int_equal(X509_set_pubkey(issuer, issuer_key), 1);
	X509V3_set_ctx(&context, issuer, issuer, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &context, NID_subject_key_identifier, "hash");
	assert_int_equal(X509_add_ext(issuer, e, -1), 1);
	X509_EXTENSION_free(e);
	X509V3_set_ctx(&context, issuer, NULL, NULL, crl, 0);
	e = X509V3_EXT_conf_nid(NULL, &context, NID_authority_key_identifier, "keyid:always");
	assert_true(X509_CRL_set_version(crl, 1) && X509_CRL_set1_lastUpdate(crl, this_update) &&
		X509_CRL_set1_nextUpdate(crl, next_update));
	assert_int_equal(X509_CRL_add_ext(crl, e, -1), 1);
	X509_EXTENSION_free(e);
	assert_int_equal(ASN1_INTEGER_set(number, 9), 1);
	if (numbered)
		assert_int_equal(X509_CRL_add1_ext_i2d(crl, NID_crl_number, number, 0, 0), 1);
	if (spoil != NULL)
		spoil(crl);
	assert_true(X509_CRL_sign(crl, ca_key.public_key, EVP_sha384()) > 0);
	len = i2d_re_X509_CRL_tbs(crl, &der);
	writer_bytes(out, span_at(der, (size_t)len));
	OPENSSL_free(der);
}

static enum err
ask_list(long begin, long end, bool numbered, EVP_PKEY *issuer_key)
{
	AUTO(writer) der = writer_new(1 << 16);

	list_make(begin, end, numbered, issuer_key, &der);
	return typed_ask(&type_tbscertlist, &ca_rule, &ca_key, writer_span(&der));
}

CASE(a_list_is_of_now_numbered_and_ours)
{
	(void)state;
	assert_ok(ask_list(0, 86400, true, ca_key.public_key));
	assert_err(ask_list(0, 86400, false, ca_key.public_key), ERR_REFUSED);
	assert_err(ask_list(-3600, 86400, true, ca_key.public_key), ERR_REFUSED);
	assert_err(ask_list(60, 86400, true, ca_key.public_key), ERR_REFUSED);
	assert_err(ask_list(0, 9 * 86400, true, ca_key.public_key), ERR_REFUSED);
	assert_err(ask_list(0, 86400, true, other_key.public_key), ERR_REFUSED);
}

static void
entry_add(X509_CRL *crl, long serial, int nid, const char *value)
{
	X509_REVOKED *r = X509_REVOKED_new();
	OWN(ASN1_INTEGER) number = ASN1_INTEGER_new();
	OWN(ASN1_TIME) at = ASN1_TIME_set(NULL, now);
	ASN1_OCTET_STRING *bytes = ASN1_OCTET_STRING_new();
	X509_EXTENSION *e = NULL;

	assert_true(ASN1_INTEGER_set(number, serial) && X509_REVOKED_set_serialNumber(r, number) &&
		X509_REVOKED_set_revocationDate(r, at));
	if (value != NULL) {
		assert_int_equal(ASN1_OCTET_STRING_set(bytes, (const uint8_t *)value, (int)strlen(value)), 1);
		e = X509_EXTENSION_create_by_NID(NULL, nid, 0, bytes);
		assert_true(e != NULL && X509_REVOKED_add_ext(r, e, -1));
	}
	X509_EXTENSION_free(e);
	ASN1_OCTET_STRING_free(bytes);
	assert_int_equal(X509_CRL_add0_revoked(crl, r), 1);
}

static void
plain_entry(X509_CRL *crl)
{
	entry_add(crl, 5, NID_crl_reason, "\x0a\x01\x01");
	entry_add(crl, 6, 0, NULL);
}

static void
negative_entry(X509_CRL *crl)
{
	entry_add(crl, -5, 0, NULL);
}

static void
foreign_entry(X509_CRL *crl)
{
	entry_add(crl, 5, NID_certificate_issuer,
		"\x30\x05\x82\x03"
		"a.b");
}

static void
delta(X509_CRL *crl)
{
	OWN(ASN1_INTEGER) base = ASN1_INTEGER_new();

	assert_int_equal(ASN1_INTEGER_set(base, 1), 1);
	assert_int_equal(X509_CRL_add1_ext_i2d(crl, NID_delta_crl, base, 1, 0), 1);
}

static void
partial(X509_CRL *crl)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, NID_issuer_alt_name, "DNS:other.example");

	assert_true(e != NULL && X509_CRL_add_ext(crl, e, -1));
	X509_EXTENSION_free(e);
}

CASE(a_list_says_all_of_our_own_certificates_and_nothing_hidden)
{
	static void (*const spoils[])(X509_CRL *) = {negative_entry, foreign_entry, delta, partial};

	(void)state;
	spoil = plain_entry;
	assert_ok(ask_list(0, 86400, true, ca_key.public_key));
	for (size_t i = 0; i < sizeof(spoils) / sizeof(spoils[0]); i++) {
		spoil = spoils[i];
		assert_err(ask_list(0, 86400, true, ca_key.public_key), ERR_REFUSED);
	}
	spoil = NULL;
}

static void
point(X509_CRL *crl)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, NID_issuing_distribution_point,
		"critical,fullname:URI:http://pki.test/ca.1.crl");

	assert_true(e != NULL && X509_CRL_add_ext(crl, e, -1));
	X509_EXTENSION_free(e);
}

static void
spoilt_point(X509_CRL *crl)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, NID_issuing_distribution_point,
		"critical,fullname:URI:http://pki.test/ca.1.crl,onlyuser:TRUE");

	assert_true(e != NULL && X509_CRL_add_ext(crl, e, -1));
	X509_EXTENSION_free(e);
}

static void
uncritical_point(X509_CRL *crl)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, NID_issuing_distribution_point,
		"fullname:URI:http://pki.test/ca.1.crl");

	assert_true(e != NULL && X509_CRL_add_ext(crl, e, -1));
	X509_EXTENSION_free(e);
}

static void
late_delta(X509_CRL *crl)
{
	OWN(ASN1_INTEGER) base = ASN1_INTEGER_new();

	assert_int_equal(ASN1_INTEGER_set(base, 9), 1); /* its own number */
	assert_int_equal(X509_CRL_add1_ext_i2d(crl, NID_delta_crl, base, 1, 0), 1);
}

static void
removal(X509_CRL *crl)
{
	entry_add(crl, 5, NID_crl_reason, "\x0a\x01\x08");
}

static void
delta_with_removal(X509_CRL *crl)
{
	delta(crl);
	removal(crl);
}

static void
freshest(X509_CRL *crl)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, NID_freshest_crl, "URI:http://pki.test/ca.delta.crl");

	assert_true(e != NULL && X509_CRL_add_ext(crl, e, -1));
	X509_EXTENSION_free(e);
}

CASE(an_issuing_cas_routine_list_may_be_a_part_or_a_delta_that_says_so)
{
	static void (*const fine[])(X509_CRL *) = {point, delta, delta_with_removal, freshest};
	static void (*const spoils[])(
		X509_CRL *) = {spoilt_point, uncritical_point, late_delta, removal, foreign_entry, partial};

	(void)state;
	for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++) {
		spoil = fine[i];
		ca_rule.purpose = (char *)"issuing-ca";
		assert_ok(ask_list(0, 86400, true, ca_key.public_key));
		ca_rule.purpose = (char *)"root-ca";
		assert_err(ask_list(0, 86400, true, ca_key.public_key), ERR_REFUSED);
	}
	ca_rule.purpose = (char *)"issuing-ca";
	for (size_t i = 0; i < sizeof(spoils) / sizeof(spoils[0]); i++) {
		spoil = spoils[i];
		assert_err(ask_list(0, 86400, true, ca_key.public_key), ERR_REFUSED);
	}
	ca_rule.purpose = (char *)"root-ca";
	spoil = NULL;
}

/* What libcrypto would forgive or never write. */
CASE(entries_are_der_and_nothing_else)
{
	static const struct {
		const char *bytes;
		size_t len;
		enum err e;
	} rows[] = {
		{"", 0, ERR_OK},
		{"\x30\x12\x02\x01\x05\x17\x0d"
		 "260101000000Z",
			20, ERR_OK},
		{"\x30\x20\x02\x01\x05\x17\x0d"
		 "260101000000Z"
		 "\x30\x0c\x30\x0a\x06\x03\x55\x1d\x15\x04\x03\x0a\x01\x06",
			34, ERR_OK},
		{"\x30\x20\x02\x01\x05\x17\x0d"
		 "260101000000Z"
		 "\x30\x0c\x30\x0a\x06\x03\x55\x1d\x15\x04\x03\x0a\x01\x07",
			34, ERR_REFUSED},
		{"\x30\x20\x02\x01\x05\x17\x0d"
		 "260101000000Z"
		 "\x30\x0c\x30\x0a\x06\x03\x55\x1d\x15\x04\x03\x0a\x01\x08",
			34, ERR_REFUSED},
		{"\x30\x14\x02\x01\x05\x17\x0d"
		 "260101000000Z"
		 "\x30\x00",
			22, ERR_REFUSED},
		{"\x30\x13\x02\x02\x00\x05\x17\x0d"
		 "260101000000Z",
			21, ERR_MALFORMED}, /* a needless zero */
		{"\x30\x81\x12\x02\x01\x05\x17\x0d"
		 "260101000000Z",
			21, ERR_MALFORMED}, /* a length that is not the shortest */
		{"\x30\x12\x02\x01\x05\x17\x0d"
		 "261301000000Z",
			20, ERR_MALFORMED}, /* month 13 */
		{"\x30\x12\x02\x01\x05\x17\x0d"
		 "26010100000/Z",
			20, ERR_MALFORMED},
		{"\x30\x12\x02\x01\x05\x17\x0d"
		 "260101000000+",
			20, ERR_MALFORMED},
		{"\x30\x12\x02\x01\x05\x17\x0d"
		 "260101000000Z\0",
			21, ERR_MALFORMED},
		{"\x30\x14\x02\x01\x05\x18\x0f"
		 "20510101000000Z",
			22, ERR_OK},
		{"\x30\x10\x02\x01\x05\x17\x0b"
		 "2601010000Z",
			18, ERR_MALFORMED}, /* without seconds */
	};
	size_t count;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(tbsentries_check(span_at(rows[i].bytes, rows[i].len), false, &count), rows[i].e);
	assert_ok(tbsentries_check(span_at(rows[4].bytes, rows[4].len), true, &count));
	assert_int_equal(count, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_is_of_now_numbered_and_ours),
		cmocka_unit_test(a_list_says_all_of_our_own_certificates_and_nothing_hidden),
		cmocka_unit_test(entries_are_der_and_nothing_else),
		cmocka_unit_test(an_issuing_cas_routine_list_may_be_a_part_or_a_delta_that_says_so),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
