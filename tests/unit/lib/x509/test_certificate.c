#include "tests/unit/lib/test.h"

#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "base/encode.h"
#include "tests/unit/lib/x509/authority.h"

static struct authority *authority;
static EVP_PKEY *key;

static int
set_up(void **state)
{
	(void)state;
	authority = authority_new();
	key = EVP_EC_gen("P-256");
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	EVP_PKEY_free(key);
	authority_free(&authority);
	return 0;
}

static X509 *
issued(const char *profile)
{
	return certificate_for(
		&(struct wish){profile, "Test Citizen One", key, authority->issuer, authority->key, 0, NULL});
}

static bool
is_critical(const X509 *x, int nid)
{
	const int at = X509_get_ext_by_NID(x, nid, -1);

	assert_true(at >= 0);
	assert_true(X509_get_ext_by_NID(x, nid, at) < 0);
	return X509_EXTENSION_get_critical(X509_get_ext(x, at)) == 1;
}

static bool
has(const X509 *x, int nid)
{
	return X509_get_ext_by_NID(x, nid, -1) >= 0;
}

CASE(criticality_is_that_of_rfc_5280)
{
	X509 *x = issued("citizen-signature");

	assert_true(is_critical(authority->issuer, NID_basic_constraints));
	assert_true(is_critical(authority->issuer, NID_key_usage));
	assert_true(is_critical(x, NID_key_usage));
	assert_false(is_critical(x, NID_ext_key_usage));
	assert_false(is_critical(x, NID_subject_key_identifier));
	assert_false(is_critical(x, NID_authority_key_identifier));
	assert_false(is_critical(x, NID_certificate_policies));
	assert_false(is_critical(x, NID_info_access));
	assert_false(is_critical(x, NID_crl_distribution_points));
	assert_false(is_critical(x, NID_qcStatements));
	assert_false(has(x, NID_basic_constraints));
	X509_free(x);
}

CASE(a_root_has_no_status_and_no_authority_key)
{
	assert_false(has(authority->root, NID_info_access));
	assert_false(has(authority->root, NID_crl_distribution_points));
	assert_false(has(authority->root, NID_authority_key_identifier));
	assert_int_equal(X509_get_pathlen(authority->root), 1);
	assert_int_equal(X509_get_pathlen(authority->issuer), 0);
}

CASE(a_responder_is_not_itself_asked_about)
{
	assert_true(has(authority->responder, NID_id_pkix_OCSP_noCheck));
	assert_false(has(authority->responder, NID_crl_distribution_points));
	assert_int_equal(X509_get_extended_key_usage(authority->responder), XKU_OCSP_SIGN);
}

CASE(time_stamping_is_a_critical_purpose)
{
	AUTO(profile) p;
	const struct span spki = spki_of(key);
	const struct name_part subject[] = {{"CN", "Test"}};
	char *purposes[] = {(char[]){"timeStamping"}};
	X509 *x = NULL;

	profile_named("ocsp-responder", &p);
	struct profile stamping = p;

	stamping.extended_key_usage = (struct json_list){purposes, 1};
	const struct certificate_facts f = {.profile = &stamping,
		.spki = spki,
		.serial = {1},
		.subject = subject,
		.subject_count = 1,
		.not_before = NOW,
		.not_after = NOW + DAY,
		.issuer = authority->issuer};
	assert_ok(certificate_make(&f, authority->key, &x));
	assert_true(is_critical(x, NID_ext_key_usage));
	X509_free(x);
	OPENSSL_free((void *)(uintptr_t)spki.ptr);
}

/* EN 319 412-5: compliance, BT's law, in a device, for electronic signatures. */
CASE(qc_statements_are_these_bytes)
{
	static const char expected[] = "3039"
				       "3008"
				       "0606"
				       "04008e460101"
				       "300e"
				       "0606"
				       "04008e460107"
				       "3004"
				       "13024254"
				       "3008"
				       "0606"
				       "04008e460104"
				       "3013"
				       "0606"
				       "04008e460106"
				       "3009"
				       "0607"
				       "04008e46010601";
	X509 *x = issued("citizen-signature");
	const ASN1_OCTET_STRING *value =
		X509_EXTENSION_get_data(X509_get_ext(x, X509_get_ext_by_NID(x, NID_qcStatements, -1)));
	AUTO(writer) hex = writer_new(1000);

	hex_write(&hex, span_at(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value)));
	assert_string_equal((const char *)hex.ptr, expected);
	X509_free(x);
}

CASE(the_issuers_hash_follows_its_curve)
{
	X509 *x = issued("tls-client");

	assert_int_equal(X509_get_signature_nid(x), NID_ecdsa_with_SHA384);
	X509_free(x);
}

CASE(a_certificate_does_not_outlive_its_issuer)
{
	unix_time end = 0;
	struct tm tm;
	X509 *x = NULL;
	const unix_time late = NOW - DAY + 3653 * (unix_time)DAY - 10 * DAY; /* ten days before the issuer ends */

	x = certificate_for(
		&(struct wish){"tls-server", "late.test", key, authority->issuer, authority->key, late, "late.test"});
	assert_int_equal(ASN1_TIME_to_tm(X509_get0_notAfter(x), &tm), 1);
	end = timegm(&tm);
	assert_true(end == late + 10 * DAY);
	X509_free(x);
	assert_err(certificate_wished(&(struct wish){"tls-server", "late.test", key, authority->issuer, authority->key,
					      late + 11 * DAY, NULL},
			   &x),
		ERR_EXPIRED);
}

/* The verdict on tls-server's facts after change. */
static enum err
changed(void (*change)(struct certificate_facts *f))
{
	AUTO(profile) p;
	const struct span spki = spki_of(key);
	const struct name_part subject[] = {{"CN", "a.test"}};
	X509 *x = NULL;

	profile_named("tls-server", &p);
	struct certificate_facts f = {.profile = &p,
		.spki = spki,
		.serial = {1},
		.subject = subject,
		.subject_count = 1,
		.not_before = NOW,
		.not_after = NOW + DAY,
		.issuer = authority->issuer};

	change(&f);
	const enum err e = certificate_make(&f, authority->key, &x);

	X509_free(x);
	OPENSSL_free((void *)(uintptr_t)spki.ptr);
	return e;
}

static void
nothing(struct certificate_facts *f)
{
	(void)f;
}

static void
subject_not_allowed(struct certificate_facts *f)
{
	static const struct name_part parts[] = {{"CN", "a"}, {"surname", "b"}};

	f->subject = parts;
	f->subject_count = 2;
}

static void
name_not_allowed(struct certificate_facts *f)
{
	static const struct name_part parts[] = {{"email", "a@b.test"}};

	f->names = parts;
	f->names_count = 1;
}

static void
name_with_a_space(struct certificate_facts *f)
{
	static const struct name_part parts[] = {{"dns", "a.test b.test"}};

	f->names = parts;
	f->names_count = 1;
}

static void
ip_that_is_none(struct certificate_facts *f)
{
	static const struct name_part parts[] = {{"ip", "127.0.0.256"}};

	f->names = parts;
	f->names_count = 1;
}

static void
nobody(struct certificate_facts *f)
{
	f->subject_count = 0;
}

static void
too_long(struct certificate_facts *f)
{
	f->not_after = f->not_before + 91 * DAY;
}

static void
backwards(struct certificate_facts *f)
{
	f->not_after = f->not_before;
}

static void
serial_of_zero(struct certificate_facts *f)
{
	memset(f->serial, 0, sizeof(f->serial));
	f->serial[0] = 0x80; /* the bit that is cleared */
}

static void
trailing_byte(struct certificate_facts *f)
{
	static uint8_t copy[200];

	memcpy(copy, f->spki.ptr, f->spki.len);
	f->spki = span_at(copy, f->spki.len + 1);
}

static void
issuer_that_is_no_ca(struct certificate_facts *f)
{
	f->issuer = authority->responder;
}

static void
issuer_of_another_key(struct certificate_facts *f)
{
	f->issuer = authority->root;
}

static void
self_signed_by_another_key(struct certificate_facts *f)
{
	f->issuer = NULL;
}

CASE(what_the_profile_does_not_allow_is_refused)
{
	assert_ok(changed(nothing));
	assert_err(changed(subject_not_allowed), ERR_REFUSED);
	assert_err(changed(name_not_allowed), ERR_REFUSED);
	assert_err(changed(too_long), ERR_REFUSED);
	assert_err(changed(nobody), ERR_REFUSED);
}

CASE(what_is_not_well_formed_is_refused)
{
	assert_err(changed(name_with_a_space), ERR_MALFORMED);
	assert_err(changed(ip_that_is_none), ERR_MALFORMED);
	assert_err(changed(backwards), ERR_REFUSED);
	assert_err(changed(serial_of_zero), ERR_MALFORMED);
	assert_err(changed(trailing_byte), ERR_MALFORMED);
}

CASE(an_issuer_that_is_none_is_refused)
{
	assert_err(changed(issuer_that_is_no_ca), ERR_CONFIG);
	assert_err(changed(issuer_of_another_key), ERR_CONFIG);
	assert_err(changed(self_signed_by_another_key), ERR_REFUSED);
}

CASE(a_type_of_key_that_the_profile_does_not_list_is_refused)
{
	EVP_PKEY *other = EVP_EC_gen("P-521");
	X509 *x = NULL;

	assert_err(certificate_wished(&(struct wish){"tls-server", "a.test", other, authority->issuer, authority->key,
					      0, NULL},
			   &x),
		ERR_REFUSED);
	EVP_PKEY_free(other);
}

CASE(serials_are_positive_and_random)
{
	char one[41], two[41];
	X509 *a = issued("tls-client"), *b = issued("tls-client");

	assert_ok(certificate_serial_hex(a, one));
	assert_ok(certificate_serial_hex(b, two));
	assert_int_equal(strlen(one), 2 * SERIAL_LEN);
	assert_true(one[0] < '8');
	assert_string_not_equal(one, two);
	X509_free(a);
	X509_free(b);
}

CASE(a_serial_that_starts_with_zeros_keeps_its_length)
{
	AUTO(profile) p;
	const struct span spki = spki_of(key);
	const struct name_part subject[] = {{"CN", "a.test"}};
	X509 *x = NULL;
	char hex[41];

	profile_named("tls-server", &p);
	const struct certificate_facts f = {.profile = &p,
		.spki = spki,
		.serial = {[2] = 0xab, [15] = 1},
		.subject = subject,
		.subject_count = 1,
		.not_before = NOW,
		.not_after = NOW + DAY,
		.issuer = authority->issuer};
	assert_ok(certificate_make(&f, authority->key, &x));
	assert_ok(certificate_serial_hex(x, hex));
	assert_string_equal(hex, "0000ab00000000000000000000000001");
	X509_free(x);
	OPENSSL_free((void *)(uintptr_t)spki.ptr);
}

CASE(bytes_after_a_certificate_are_refused)
{
	AUTO(writer) w = writer_new(MAX_CERTIFICATE);
	X509 *x = NULL;

	assert_ok(certificate_der(authority->root, &w));
	assert_ok(certificate_parse(writer_span(&w), &x));
	assert_int_equal(X509_cmp(x, authority->root), 0);
	X509_free(x);
	writer_u8(&w, 0);
	assert_err(certificate_parse(writer_span(&w), &x), ERR_MALFORMED);
	assert_err(certificate_parse(span_at(w.ptr, w.len - 2), &x), ERR_MALFORMED);
	assert_err(certificate_parse(SPAN(""), &x), ERR_MALFORMED);
}

CASE(a_chain_in_pem_is_read_whole)
{
	AUTO(writer) w = writer_new(MAX_CERTIFICATE);
	STACK_OF(X509) *list = NULL;
	X509 *x = NULL;

	writer_text(&w, "a comment before\n");
	assert_ok(certificate_pem_write(authority->issuer, &w));
	assert_ok(certificate_pem_write(authority->root, &w));
	assert_ok(certificates_pem(writer_span(&w), &list));
	assert_int_equal(sk_X509_num(list), 2);
	sk_X509_pop_free(list, X509_free);
	assert_ok(certificate_pem(writer_span(&w), &x));
	assert_int_equal(X509_cmp(x, authority->issuer), 0);
	X509_free(x);
	w.ptr[w.len - 40] = '!'; /* in the second */
	assert_err(certificates_pem(writer_span(&w), &list), ERR_MALFORMED);
	assert_err(certificates_pem(SPAN("nothing here"), &list), ERR_MALFORMED);
	assert_err(certificate_pem(SPAN(""), &x), ERR_MALFORMED);
}

CASE(an_attribute_given_twice_is_not_guessed)
{
	X509 *x = X509_dup(authority->issuer);
	char *value = NULL;

	assert_ok(certificate_attribute(x, "CN", &value));
	assert_string_equal(value, "Test Citizen CA");
	free(value);
	assert_err(certificate_attribute(x, "serialNumber", &value), ERR_NOT_FOUND);
	assert_int_equal(X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8, (const uint8_t *)"b",
				 1, -1, 0),
		1);
	assert_err(certificate_attribute(x, "CN", &value), ERR_MALFORMED);
	X509_free(x);
}

CASE(types_of_keys_have_their_names)
{
	char type[16];
	struct span spki = spki_of(authority->root_key);

	assert_ok(spki_type(spki, type));
	assert_string_equal(type, "P-384");
	assert_err(spki_type(span_at(spki.ptr, spki.len - 1), type), ERR_MALFORMED);
	OPENSSL_free((void *)(uintptr_t)spki.ptr);
}

RUN_WITH(set_up, tear_down, cmocka_unit_test(criticality_is_that_of_rfc_5280),
	cmocka_unit_test(a_root_has_no_status_and_no_authority_key),
	cmocka_unit_test(a_responder_is_not_itself_asked_about), cmocka_unit_test(time_stamping_is_a_critical_purpose),
	cmocka_unit_test(qc_statements_are_these_bytes), cmocka_unit_test(the_issuers_hash_follows_its_curve),
	cmocka_unit_test(a_certificate_does_not_outlive_its_issuer),
	cmocka_unit_test(what_the_profile_does_not_allow_is_refused),
	cmocka_unit_test(what_is_not_well_formed_is_refused), cmocka_unit_test(an_issuer_that_is_none_is_refused),
	cmocka_unit_test(a_type_of_key_that_the_profile_does_not_list_is_refused),
	cmocka_unit_test(serials_are_positive_and_random),
	cmocka_unit_test(a_serial_that_starts_with_zeros_keeps_its_length),
	cmocka_unit_test(bytes_after_a_certificate_are_refused), cmocka_unit_test(a_chain_in_pem_is_read_whole),
	cmocka_unit_test(an_attribute_given_twice_is_not_guessed), cmocka_unit_test(types_of_keys_have_their_names))
