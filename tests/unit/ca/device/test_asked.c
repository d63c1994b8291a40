#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/ec.h>

#include "ca/device/asked.h"
#include "ca/device/secret.h"
#include "x509/own.h"

static char cn[] = "CN", o[] = "O", name_of_profile[] = "test";
static char *attributes[] = {o, cn};
static const struct profile profile = {.name = name_of_profile, .subject = {attributes, 2}};
static EVP_PKEY *key;

static const struct name_part subject[] = {{"CN", "s1.health.test"}, {"O", "Health"}};
static const struct name_part names[] = {{"dns", "s1.health.test"}, {"uri", "urn:dev:1"}};

static int
make_key(void **state)
{
	(void)state;
	key = EVP_EC_gen("P-256");
	return key == NULL;
}

static int
drop_key(void **state)
{
	(void)state;
	EVP_PKEY_free(key);
	return 0;
}

static enum err
read(const struct name_part *s, size_t s_count, const struct name_part *n, size_t n_count, struct asked *out)
{
	static struct writer w; /* asked borrows it */

	writer_free(&w);
	w = writer_new(MAX_CSR);
	TRY(csr_make(key, s, s_count, n, n_count, &w));
	return asked_read(writer_span(&w), &profile, out);
}

static void
the_subject_comes_in_the_profiles_order_whatever_the_requests(void **state)
{
	struct asked a;

	(void)state;
	assert_int_equal(read(subject, 2, names, 2, &a), ERR_OK);
	assert_int_equal(a.subject_count, 2);
	assert_string_equal(a.subject[0].type, "O");
	assert_string_equal(a.subject[0].value, "Health");
	assert_string_equal(a.subject[1].value, "s1.health.test");
	assert_int_equal(a.request.names_count, 2);
	asked_free(&a);
}

static void
an_attribute_that_comes_twice_or_is_unknown_is_refused(void **state)
{
	const struct name_part twice[] = {{"CN", "a"}, {"CN", "b"}}, other[] = {{"CN", "a"}, {"L", "Thimphu"}};
	struct asked a;

	(void)state;
	assert_int_not_equal(read(twice, 2, names, 2, &a), ERR_OK);
	assert_int_equal(read(other, 2, names, 2, &a), ERR_REFUSED);
	assert_non_null(strstr(err_why(), "localityName"));
}

static void
a_renewal_with_a_name_more_or_less_is_told_which(void **state)
{
	struct asked old, same, fewer, bare;

	(void)state;
	assert_int_equal(read(subject, 2, names, 2, &old), ERR_OK);
	const struct name_part turned[] = {names[1], names[0]};

	assert_int_equal(read(subject, 2, turned, 2, &same), ERR_OK);
	assert_int_equal(asked_same(&old, &same), ERR_OK);
	assert_int_equal(read(subject, 2, names, 1, &fewer), ERR_OK);
	assert_int_equal(asked_same(&old, &fewer), ERR_MISMATCH);
	assert_non_null(strstr(err_why(), "uri urn:dev:1"));
	assert_int_equal(asked_same(&fewer, &old), ERR_MISMATCH);
	assert_int_equal(read(subject, 1, names, 2, &bare), ERR_OK);
	assert_int_equal(asked_same(&old, &bare), ERR_MISMATCH);
	assert_non_null(strstr(err_why(), "O Health"));
	asked_free(&old);
	asked_free(&same);
	asked_free(&fewer);
	asked_free(&bare);
}

static void
an_unsigned_request_is_read_only_where_that_is_meant(void **state)
{
	AUTO(writer) csr = writer_new(MAX_CSR);
	struct asked a;

	(void)state;
	assert_int_equal(csr_make(key, subject, 2, names, 2, &csr), ERR_OK);
	csr.ptr[csr.len - 1] ^= 1;
	assert_int_not_equal(asked_read(writer_span(&csr), &profile, &a), ERR_OK);
	assert_int_equal(asked_read_unsigned(writer_span(&csr), &profile, &a), ERR_OK);
	asked_free(&a);
}

static void
a_certificate_says_what_its_request_asked_for(void **state)
{
	OWN(X509) x = X509_new();
	OWN(GENERAL_NAMES) list = sk_GENERAL_NAME_new_null();
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_IA5STRING *host = ASN1_IA5STRING_new();
	AUTO(writer) csr = writer_new(MAX_CSR);
	struct asked a;

	(void)state;
	assert_int_equal(ASN1_STRING_set(host, "s1.health.test", -1), 1);
	GENERAL_NAME_set0_value(name, GEN_DNS, host);
	assert_true(sk_GENERAL_NAME_push(list, name) > 0);
	assert_int_equal(X509_set_pubkey(x, key), 1);
	assert_int_equal(X509_add1_ext_i2d(x, NID_subject_alt_name, list, 0, X509V3_ADD_DEFAULT), 1);
	assert_int_equal(X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "O", MBSTRING_UTF8,
				 (const unsigned char *)"Health", -1, -1, 0),
		1);
	assert_int_equal(asked_of_certificate(x, &csr), ERR_OK);
	assert_int_equal(asked_read_unsigned(writer_span(&csr), &profile, &a), ERR_OK);
	assert_string_equal(a.subject[0].value, "Health");
	assert_string_equal(a.request.names[0].value, "s1.health.test");
	asked_free(&a);
}

static void
an_enrolment_ends_by_revocation_time_and_use(void **state)
{
	enum { NOW = 1790000000 };
	static char id[] = "0123456789abcdef";
	struct enrolment_row row = {.id = id, .uses = 1, .expires = NOW + 1};

	(void)state;
	assert_int_equal(enrolment_decide(&row, NOW), ERR_OK);
	assert_int_equal(enrolment_decide(&row, NOW + 1), ERR_EXPIRED);
	row.uses = 0;
	assert_int_equal(enrolment_decide(&row, NOW), ERR_USED);
	row.revoked_at = NOW;
	assert_int_equal(enrolment_decide(&row, NOW), ERR_REVOKED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_subject_comes_in_the_profiles_order_whatever_the_requests),
		cmocka_unit_test(an_attribute_that_comes_twice_or_is_unknown_is_refused),
		cmocka_unit_test(a_renewal_with_a_name_more_or_less_is_told_which),
		cmocka_unit_test(an_unsigned_request_is_read_only_where_that_is_meant),
		cmocka_unit_test(a_certificate_says_what_its_request_asked_for),
		cmocka_unit_test(an_enrolment_ends_by_revocation_time_and_use),
	};

	return cmocka_run_group_tests(tests, make_key, drop_key);
}
