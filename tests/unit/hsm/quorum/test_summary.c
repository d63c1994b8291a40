#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "hsm/quorum/summary.h"
#include "x509/own.h"

/* What people are shown, letter by letter: keys, serials and times stand still. */
#define CASE(name) static void name(void **state)
#define assert_ok(expr) assert_int_equal(expr, ERR_OK)

static const unix_time now = 1800000000;
static const char root_pem[] = "-----BEGIN PUBLIC KEY-----\n"
			       "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEkwbgMoUvn3TNEt2D+LINZcdu2+kXYFUQ\n"
			       "saORZBwHk0cr8kzLC6RwOHomk82iCz4czhbFTNUhJ+HE8tn83bOtckyrE1gwaDqi\n"
			       "GGbVMkpXhvAHZey+0/dEdHBw5QMj03yP\n"
			       "-----END PUBLIC KEY-----\n";
static const char other_pem[] = "-----BEGIN PUBLIC KEY-----\n"
				"MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEmCWSQ4uldDY4QVc82yV7LFY8WWlQQJjn\n"
				"K2bbuLLKLj8u+b5EmIGiW0qQ9YBAvXTpuQ8oB0EpM/D4KlP5InIoOJfNIrXb83qJ\n"
				"hAI0BOmQ+0xjzyRuoXXfXvA9XlKRXP+5\n"
				"-----END PUBLIC KEY-----\n";
static struct key_rule rule = {.label = (char *)"root-ca", .purpose = (char *)"root-ca", .algorithm = (char *)"P-384"};
static struct token_key root;
static EVP_PKEY *other, *signer;
static struct writer other_spki;
static bool other_is_here;

static EVP_PKEY *
key_read(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);

	BIO_free(bio);
	assert_non_null(key);
	return key;
}

static void
spki_write(EVP_PKEY *key, struct writer *out)
{
	uint8_t *der = NULL;
	const int len = i2d_PUBKEY(key, &der);

	*out = writer_new(1024);
	writer_bytes(out, span_at(der, (size_t)len));
	OPENSSL_free(der);
}

static int
set_up(void **state)
{
	(void)state;
	root.algorithm = algorithm_find("P-384", ALGORITHM_SIGN);
	root.public_key = key_read(root_pem);
	spki_write(root.public_key, &root.spki);
	other = key_read(other_pem);
	spki_write(other, &other_spki);
	signer = EVP_EC_gen("P-384");
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	token_key_free(&root);
	writer_free(&other_spki);
	EVP_PKEY_free(other);
	EVP_PKEY_free(signer);
	return 0;
}

static const char *
label_of(void *context, struct span spki)
{
	(void)context;
	return other_is_here && span_equal(spki, writer_span(&other_spki)) ? "citizen-ca" : NULL;
}

static void
extend(X509 *x, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *e;

	X509V3_set_ctx(&context, x, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	assert_non_null(e);
	assert_int_equal(X509_add_ext(x, e, -1), 1);
	X509_EXTENSION_free(e);
}

static void
name_add(X509_NAME *name, const char *type, const char *value)
{
	assert_int_equal(X509_NAME_add_entry_by_txt(name, type, MBSTRING_UTF8, (const uint8_t *)value, -1, -1, 0), 1);
}

static X509 *
certificate_new(EVP_PKEY *subject, const char *cn, int days)
{
	static const uint8_t serial[] = {0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc, 0xfe};
	X509 *x = X509_new();
	BIGNUM *n = BN_bin2bn(serial, sizeof(serial), NULL);

	assert_true(X509_set_version(x, 2) && X509_set_pubkey(x, subject) &&
		BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)) != NULL);
	BN_free(n);
	assert_true(ASN1_TIME_set(X509_getm_notBefore(x), now) &&
		ASN1_TIME_set(X509_getm_notAfter(x), now + 86400L * days));
	name_add(X509_get_subject_name(x), "CN", cn);
	name_add(X509_get_subject_name(x), "O", "Test State");
	return x;
}

static void
issuer_set(X509 *x)
{
	OWN(X509_NAME) name = X509_NAME_new();

	name_add(name, "CN", "Test Root");
	name_add(name, "O", "Test State");
	assert_int_equal(X509_set_issuer_name(x, name), 1);
}

static enum err
told(X509 *x, struct writer *out)
{
	AUTO(writer) tbs = writer_new(1 << 16);
	struct type_question q = {.rule = &rule, .key = &root, .now = now};
	uint8_t *der = NULL;
	int len;

	assert_true(X509_sign(x, signer, EVP_sha384()) > 0);
	len = i2d_re_X509_tbs(x, &der);
	writer_bytes(&tbs, span_at(der, (size_t)len));
	OPENSSL_free(der);
	X509_free(x);
	q.object = writer_span(&tbs);
	return summary_certificate(&q, label_of, out);
}

static void
is_text(const struct writer *w, const char *expected)
{
	if (getenv("MOHAR_TEST_TALK") != NULL)
		print_message("%s", (const char *)writer_span(w).ptr);
	assert_ok(writer_done(w));
	assert_string_equal((const char *)writer_span(w).ptr, expected);
}

CASE(a_root)
{
	AUTO(writer) out = writer_new(MAX_SUMMARY);
	X509 *x = certificate_new(root.public_key, "Test Root", 7305);

	(void)state;
	assert_int_equal(X509_set_issuer_name(x, X509_get_subject_name(x)), 1);
	extend(x, NID_basic_constraints, "critical,CA:TRUE,pathlen:1");
	extend(x, NID_key_usage, "critical,keyCertSign,cRLSign");
	extend(x, NID_subject_key_identifier, "hash");
	assert_ok(told(x, &out));
	is_text(&out,
		"SIGN A ROOT CERTIFICATE with key 'root-ca'\n"
		"\n"
		"  subject        CN = Test Root\n"
		"                 O = Test State\n"
		"  issuer         CN = Test Root\n"
		"                 O = Test State\n"
		"  serial         1032547698badcfe\n"
		"  valid from     2027-01-15 08:00:00 UTC\n"
		"  valid until    2047-01-15 08:00:00 UTC\n"
		"                 7305 days\n"
		"  certifies      its own key, 'root-ca'\n"
		"  key type       P-384\n"
		"  key SHA-256    71a6c4e155b1edafd33034da73fe5c0438368286f2fe95374cdb3bd66025de63\n"
		"  may certify    people, services, and 1 level of CAs below it (path length 1)\n"
		"  key usage      keyCertSign, cRLSign\n"
		"  policy         none\n"
		"  extensions     basicConstraints, critical\n"
		"                 keyUsage, critical\n"
		"                 subjectKeyIdentifier\n"
		"  bytes SHA-256  f132fc499cafac263df2cc66b1973e44916ba84021e97a0dd0d0227ccaea5424\n"
		"\n"
		"What follows: whoever trusts this root trusts all that is signed with its key, to the end of its validity.\n"
		"It cannot be revoked; people can only stop trusting it.\n");
}

static void
policy_add(X509 *x, const char *oid)
{
	CERTIFICATEPOLICIES *list = sk_POLICYINFO_new_null();
	POLICYINFO *info = POLICYINFO_new();

	info->policyid = OBJ_txt2obj(oid, 1);
	assert_int_equal(sk_POLICYINFO_push(list, info), 1);
	assert_int_equal(X509_add1_ext_i2d(x, NID_certificate_policies, list, 0, X509V3_ADD_APPEND), 1);
	sk_POLICYINFO_pop_free(list, POLICYINFO_free);
}

static X509 *
ca_new(void)
{
	X509 *x = certificate_new(other, "Test Citizen CA", 3653);

	issuer_set(x);
	extend(x, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
	extend(x, NID_key_usage, "critical,keyCertSign,cRLSign");
	policy_add(x, "2.5.29.32.0");
	return x;
}

CASE(an_issuing_ca_of_this_token)
{
	AUTO(writer) out = writer_new(MAX_SUMMARY);

	(void)state;
	other_is_here = true;
	assert_ok(told(ca_new(), &out));
	is_text(&out,
		"SIGN A CA CERTIFICATE with key 'root-ca'\n"
		"\n"
		"  subject        CN = Test Citizen CA\n"
		"                 O = Test State\n"
		"  issuer         CN = Test Root\n"
		"                 O = Test State\n"
		"  serial         1032547698badcfe\n"
		"  valid from     2027-01-15 08:00:00 UTC\n"
		"  valid until    2037-01-15 08:00:00 UTC\n"
		"                 3653 days\n"
		"  certifies      key 'citizen-ca' of this token\n"
		"  key type       P-384\n"
		"  key SHA-256    f6cc997c265f65951f65d58b5dea42bb6e365e55c52bfb35408dcbaa26d9b4a0\n"
		"  may certify    people and services, no further CA (path length 0)\n"
		"  key usage      keyCertSign, cRLSign\n"
		"  policy         2.5.29.32.0 (any policy)\n"
		"  extensions     basicConstraints, critical\n"
		"                 keyUsage, critical\n"
		"                 certificatePolicies\n"
		"  bytes SHA-256  097fe10a518b5c93131cfe664326df8c56eba07fb5052f034ea48b5fe3309d08\n"
		"\n"
		"What follows: whoever trusts 'root-ca' trusts what is signed with key 'citizen-ca'.\n");
}

/* Whoever holds these addresses answers for its status: a custodian reads them. */
CASE(addresses_of_lists_issuer_and_status_are_told)
{
	AUTO(writer) out = writer_new(MAX_SUMMARY);
	X509 *x = ca_new();
	const char *text;

	(void)state;
	other_is_here = true;
	extend(x, NID_crl_distribution_points, "URI:http://pki.test/root.crl");
	extend(x, NID_info_access, "caIssuers;URI:http://pki.test/root.cer,OCSP;URI:http://elsewhere.test/ocsp");
	assert_ok(told(x, &out));
	text = (const char *)writer_span(&out).ptr;
	assert_non_null(strstr(text, "  lists at       http://pki.test/root.crl\n"));
	assert_non_null(strstr(text, "  issuer at      http://pki.test/root.cer\n"));
	assert_non_null(strstr(text, "  status at      http://elsewhere.test/ocsp\n"));
}

CASE(a_cross_certificate_for_anothers_key)
{
	AUTO(writer) out = writer_new(MAX_SUMMARY);

	(void)state;
	other_is_here = false;
	assert_ok(told(ca_new(), &out));
	is_text(&out,
		"SIGN A CA CERTIFICATE FOR A KEY ELSEWHERE with key 'root-ca'\n"
		"\n"
		"  subject        CN = Test Citizen CA\n"
		"                 O = Test State\n"
		"  issuer         CN = Test Root\n"
		"                 O = Test State\n"
		"  serial         1032547698badcfe\n"
		"  valid from     2027-01-15 08:00:00 UTC\n"
		"  valid until    2037-01-15 08:00:00 UTC\n"
		"                 3653 days\n"
		"  certifies      a key that is not on this token\n"
		"  key type       P-384\n"
		"  key SHA-256    f6cc997c265f65951f65d58b5dea42bb6e365e55c52bfb35408dcbaa26d9b4a0\n"
		"  may certify    people and services, no further CA (path length 0)\n"
		"  key usage      keyCertSign, cRLSign\n"
		"  policy         2.5.29.32.0 (any policy)\n"
		"  extensions     basicConstraints, critical\n"
		"                 keyUsage, critical\n"
		"                 certificatePolicies\n"
		"  bytes SHA-256  097fe10a518b5c93131cfe664326df8c56eba07fb5052f034ea48b5fe3309d08\n"
		"\n"
		"What follows: whoever trusts 'root-ca' trusts what the holder of that key signs, wherever that is.\n"
		"Compare the key's SHA-256 with what its holder shows you.\n");
}

/* A subject that would look like our own words, or hide: each byte shows. */
CASE(a_name_that_tries_to_lie)
{
	AUTO(writer) out = writer_new(MAX_SUMMARY);
	X509 *x = certificate_new(other, "CA\n  certifies      nothing", 10);

	(void)state;
	issuer_set(x);
	name_add(X509_get_subject_name(x), "OU",
		"\xe2\x80\xaeTOOR\xe2\x80\xac \xe2\x80\x8bx\\ \xe0\xa4\xae\xe0\xa5\x81\xe0\xa4\xb9\xe0\xa4\xb0 ");
	extend(x, NID_key_usage, "critical,digitalSignature");
	extend(x, NID_ext_key_usage, "clientAuth");
	extend(x, NID_subject_alt_name, "DNS:one.example,email:two@three.example");
	assert_ok(told(x, &out));
	is_text(&out,
		"SIGN A CERTIFICATE with key 'root-ca'\n"
		"\n"
		"  subject        CN = CA\\u{A}  certifies      nothing\n"
		"                 O = Test State\n"
		"                 OU = \\u{202E}TOOR\\u{202C} \\u{200B}x\\\\ मुहर\\u{20}  (not Latin: \\u{92E}\\u{941}\\u{939}\\u{930})\n"
		"  issuer         CN = Test Root\n"
		"                 O = Test State\n"
		"  serial         1032547698badcfe\n"
		"  valid from     2027-01-15 08:00:00 UTC\n"
		"  valid until    2027-01-25 08:00:00 UTC\n"
		"                 10 days\n"
		"  certifies      a key that is not on this token\n"
		"  key type       P-384\n"
		"  key SHA-256    f6cc997c265f65951f65d58b5dea42bb6e365e55c52bfb35408dcbaa26d9b4a0\n"
		"  may certify    nothing: it is no CA\n"
		"  key usage      digitalSignature, clientAuth\n"
		"  policy         none\n"
		"  also named     one.example\n"
		"                 two@three.example\n"
		"  extensions     keyUsage, critical\n"
		"                 extendedKeyUsage\n"
		"                 subjectAltName\n"
		"  bytes SHA-256  d3d718a3d47ce9b054169b92d35f80084a20f8d25af45c91162e902831ae0390\n"
		"\n"
		"What follows: whoever trusts 'root-ca' takes the holder of that key for the subject.\n");
}

static void
revoked_add(X509_CRL *crl, long serial, int reason)
{
	X509_REVOKED *r = X509_REVOKED_new();
	OWN(ASN1_INTEGER) n = ASN1_INTEGER_new();
	OWN(ASN1_TIME) at = ASN1_TIME_set(NULL, now);
	ASN1_ENUMERATED *code = ASN1_ENUMERATED_new();

	assert_true(ASN1_INTEGER_set(n, serial) && X509_REVOKED_set_serialNumber(r, n) &&
		X509_REVOKED_set_revocationDate(r, at) && ASN1_ENUMERATED_set(code, reason) &&
		X509_REVOKED_add1_ext_i2d(r, NID_crl_reason, code, 0, 0) == 1 && X509_CRL_add0_revoked(crl, r));
	ASN1_ENUMERATED_free(code);
}

/* The first letter of the second is Cyrillic: both look the same, and do not read the same. */
CASE(letters_that_look_alike_are_told_apart)
{
	AUTO(writer) latin = writer_new(256);
	AUTO(writer) cyrillic = writer_new(256);
	AUTO(writer) neighbours = writer_new(256);

	(void)state;
	summary_foreign(&latin, SPAN("state"));
	summary_foreign(&cyrillic, SPAN("st\xd0\xb0te"));
	summary_foreign(&neighbours, SPAN("\xc3\x98stfold \xc4\x90"));
	is_text(&latin, "state");
	is_text(&cyrillic, "st\xd0\xb0te  (not Latin: \\u{430})");
	is_text(&neighbours, "\xc3\x98stfold \xc4\x90");
}

CASE(a_list)
{
	AUTO(writer) out = writer_new(MAX_SUMMARY);
	OWN(X509_CRL) crl = X509_CRL_new();
	OWN(X509_NAME) name = X509_NAME_new();
	OWN(ASN1_INTEGER) number = ASN1_INTEGER_new();
	OWN(ASN1_TIME) begin = ASN1_TIME_set(NULL, now);
	OWN(ASN1_TIME) end = ASN1_TIME_set(NULL, now + 86400L * 365);
	struct type_question q = {.rule = &rule, .key = &root, .now = now};
	uint8_t *der = NULL;
	int len;

	(void)state;
	name_add(name, "CN", "Test Root");
	assert_true(X509_CRL_set_version(crl, 1) && X509_CRL_set_issuer_name(crl, name) &&
		X509_CRL_set1_lastUpdate(crl, begin) && X509_CRL_set1_nextUpdate(crl, end) &&
		ASN1_INTEGER_set(number, 9));
	assert_int_equal(X509_CRL_add1_ext_i2d(crl, NID_crl_number, number, 0, 0), 1);
	revoked_add(crl, 0x1122, 2);
	revoked_add(crl, 0x3344, 5);
	assert_true(X509_CRL_sign(crl, signer, EVP_sha384()) > 0);
	len = i2d_re_X509_CRL_tbs(crl, &der);
	q.object = span_at(der, (size_t)len);
	assert_ok(summary_list(&q, &out));
	OPENSSL_free(der);
	is_text(&out,
		"SIGN A REVOCATION LIST with key 'root-ca'\n"
		"\n"
		"  issuer         CN = Test Root\n"
		"  number         09\n"
		"  from           2027-01-15 08:00:00 UTC\n"
		"  next by        2028-01-15 08:00:00 UTC\n"
		"                 365 days\n"
		"  revoked        2\n"
		"    1122  cACompromise\n"
		"    3344  cessationOfOperation\n"
		"  bytes SHA-256  a6daeca0d82b14f5fc2db16a8c0a9a67f4413c154231a2185fd7183ded5363ff\n"
		"\n"
		"What follows: until the next list, certificates of these serial numbers are refused, and all\n"
		"others that this key signed are accepted.\n");
}

CASE(a_change_of_keys_json)
{
	AUTO(writer) out = writer_new(MAX_SUMMARY);
	static const char before[] =
		"{\"version\":1,\"callers\":[{\"name\":\"ceremony\",\"users\":[\"root\"]}],"
		"\"keys\":[{\"label\":\"log\",\"callers\":[\"signer\"]},{\"label\":\"root-ca\",\"list_days\":400,\"certificates\":[{\"profile\":\"root\",\"days\":7305,\"ca\":true}]}],"
		"\"custodians\":{\"k\":2,\"names\":[\"custodian-1\",\"custodian-2\",\"custodian-3\"]},"
		"\"operators\":[{\"name\":\"custodian-1\",\"roles\":[\"custodian\"],\"jwk\":{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"aa\",\"y\":\"bb\"}}]}";
	static const char after[] =
		"{\"version\":2,\"callers\":[{\"name\":\"ceremony\",\"users\":[\"mohar-ceremony\",\"root\"]}],"
		"\"keys\":[{\"label\":\"archive\",\"callers\":[\"signer\"]},{\"label\":\"root-ca\",\"list_days\":30,\"certificates\":[{\"profile\":\"root\",\"days\":7305,\"ca\":true}]}],"
		"\"custodians\":{\"k\":1,\"names\":[\"custodian-1\",\"custodian-2\"]},"
		"\"operators\":[{\"name\":\"custodian-1\",\"roles\":[\"custodian\"],\"jwk\":{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"cc\",\"y\":\"bb\"}}]}";

	(void)state;
	assert_ok(summary_difference(SPAN(before), SPAN(after), &out));
	is_text(&out,
		"  + callers 'ceremony' users: mohar-ceremony\n"
		"  + custodians k: 1\n"
		"  - custodians k: 2\n"
		"  - custodians names: custodian-3\n"
		"  + keys 'archive' callers: signer\n"
		"  + keys 'archive' label: archive\n"
		"  - keys 'log' callers: signer\n"
		"  - keys 'log' label: log\n"
		"  + keys 'root-ca' list_days: 30\n"
		"  - keys 'root-ca' list_days: 400\n"
		"  - operators 'custodian-1' jwk: {\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"aa\",\"y\":\"bb\"}\n"
		"  + operators 'custodian-1' jwk: {\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"cc\",\"y\":\"bb\"}\n"
		"  - version: 1\n"
		"  + version: 2\n");
}

CASE(a_change_of_spaces_only_is_said_to_be_one)
{
	AUTO(writer) out = writer_new(MAX_SUMMARY);

	(void)state;
	assert_ok(summary_difference(SPAN("{\"version\":1,\"a\":[1,2]}"), SPAN("{ \"a\":[2,1],\"version\":1}"), &out));
	is_text(&out, "  (the same rows, in another order or written otherwise)\n");
	assert_int_equal(summary_difference(SPAN("{}"), SPAN("[1"), &out), ERR_MALFORMED);
}

/* The end, which every summary has. */
CASE(who_decides)
{
	AUTO(writer) out = writer_new(MAX_SUMMARY);
	static char *names[] = {(char *)"custodian-1", (char *)"custodian-2", (char *)"custodian-3"};
	const struct policy p = {.file = {.version = 7, .custodians = {.k = 2, .names = {names, 3}}}};

	(void)state;
	summary_end(&out, &p);
	is_text(&out,
		"\nIt is done once 2 of these 3 custodians approve (keys.json version 7):\n"
		"  custodian-1\n  custodian-2\n  custodian-3\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_root),
		cmocka_unit_test(an_issuing_ca_of_this_token),
		cmocka_unit_test(addresses_of_lists_issuer_and_status_are_told),
		cmocka_unit_test(a_cross_certificate_for_anothers_key),
		cmocka_unit_test(a_name_that_tries_to_lie),
		cmocka_unit_test(letters_that_look_alike_are_told_apart),
		cmocka_unit_test(a_list),
		cmocka_unit_test(a_change_of_keys_json),
		cmocka_unit_test(a_change_of_spaces_only_is_said_to_be_one),
		cmocka_unit_test(who_decides),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
