#include "tests/unit/lib/test.h"

#include <openssl/ec.h>
#include <openssl/x509v3.h>

#include "base/encode.h"
#include "tests/unit/lib/x509/authority.h"

static struct authority *authority, *stranger;
static X509 *leaf;

static int
set_up(void **state)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");

	(void)state;
	authority = authority_new();
	stranger = authority_new();
	leaf = certificate_for(&(struct wish){"tls-client", "a.test", key, authority->issuer, authority->key, 0, NULL});
	EVP_PKEY_free(key);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	X509_free(leaf);
	authority_free(&authority);
	authority_free(&stranger);
	return 0;
}

/* An entry for the leaf. */
static struct crl_entry
leaf_entry(int reason)
{
	struct crl_entry entry = {.at = NOW - 60, .reason = reason};
	char hex[41];
	size_t len;

	assert_ok(certificate_serial_hex(leaf, hex));
	assert_ok(hex_read(span_of(hex), entry.serial, sizeof(entry.serial), &len));
	return entry;
}

static void
list_by(struct authority *a, const struct crl_entry *entries, size_t count, struct writer *w)
{
	const struct crl_facts facts = {.issuer = a->issuer,
		.number = 7,
		.this_update = NOW,
		.next_update = NOW + DAY,
		.entries = entries,
		.count = count};

	assert_ok(crl_make(&facts, a->key, w));
}

static enum err
verdict(const struct writer *w, unix_time at)
{
	return crl_check(writer_span(w), authority->issuer, leaf, at);
}

CASE(a_fresh_list_without_it_is_good_news)
{
	AUTO(writer) w = writer_new(MAX_CRL);
	const struct crl_entry other = {.serial = {1, 2, 3}, .at = NOW, .reason = CRL_REASON_KEY_COMPROMISE};

	list_by(authority, &other, 1, &w);
	assert_ok(verdict(&w, NOW));
	assert_ok(verdict(&w, NOW + DAY));
}

CASE(revoked_and_suspended_are_both_refused)
{
	static const int reasons[] = {-1, 0, CRL_REASON_KEY_COMPROMISE, CRL_REASON_CERTIFICATE_HOLD};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		AUTO(writer) w = writer_new(MAX_CRL);
		const struct crl_entry entries[] = {{.serial = {0x7f}, .at = NOW, .reason = -1},
			leaf_entry(reasons[i])};

		list_by(authority, entries, 2, &w);
		assert_err(verdict(&w, NOW), ERR_REVOKED);
	}
}

CASE(a_stale_list_says_nothing)
{
	AUTO(writer) w = writer_new(MAX_CRL);

	list_by(authority, NULL, 0, &w);
	assert_err(verdict(&w, NOW + DAY + 1), ERR_EXPIRED);
	assert_err(verdict(&w, NOW - 1), ERR_EXPIRED);
}

CASE(a_forged_list_is_refused)
{
	AUTO(writer) w = writer_new(MAX_CRL);
	const struct crl_entry entry = leaf_entry(-1);

	list_by(authority, &entry, 1, &w);
	w.ptr[w.len - 1] ^= 1;
	assert_err(verdict(&w, NOW), ERR_BAD_SIGNATURE);
}

CASE(a_stranger_of_the_same_name_is_refused)
{
	AUTO(writer) w = writer_new(MAX_CRL);

	list_by(stranger, NULL, 0, &w);
	assert_err(verdict(&w, NOW), ERR_BAD_SIGNATURE);
}

CASE(another_issuers_list_is_refused)
{
	AUTO(writer) w = writer_new(MAX_CRL);
	const struct crl_facts facts = {.issuer = authority->root,
		.number = 1,
		.this_update = NOW,
		.next_update = NOW + DAY};

	assert_ok(crl_make(&facts, authority->root_key, &w));
	assert_err(verdict(&w, NOW), ERR_UNTRUSTED);
	assert_err(crl_check(writer_span(&w), authority->root, leaf, NOW), ERR_MISMATCH);
}

CASE(a_partial_or_delta_list_is_not_taken_for_the_whole)
{
	AUTO(writer) w = writer_new(MAX_CRL);
	ASN1_INTEGER *base = ASN1_INTEGER_new();
	X509_CRL *crl;
	const uint8_t *p;
	unsigned char *der = NULL;

	list_by(authority, NULL, 0, &w);
	p = w.ptr;
	crl = d2i_X509_CRL(NULL, &p, (long)w.len);
	ASN1_INTEGER_set(base, 6);
	assert_int_equal(X509_CRL_add1_ext_i2d(crl, NID_delta_crl, base, 1, 0), 1);
	assert_true(X509_CRL_sign(crl, authority->key, EVP_sha384()) > 0);
	const int len = i2d_X509_CRL(crl, &der);

	assert_err(crl_check(span_at(der, (size_t)len), authority->issuer, leaf, NOW), ERR_UNSUPPORTED);
	OPENSSL_free(der);
	X509_CRL_free(crl);
	ASN1_INTEGER_free(base);
}

/* The address that certificate_for() puts into its certificates, or another one. */
static enum err
verdict_of_point(const char *point)
{
	AUTO(writer) w = writer_new(MAX_CRL);
	const struct crl_facts facts = {.issuer = authority->issuer,
		.number = 7,
		.this_update = NOW,
		.next_update = NOW + DAY,
		.point = point,
		.freshest = "http://pki.test/x.delta.crl"};

	assert_ok(crl_make(&facts, authority->key, &w));
	return verdict(&w, NOW);
}

static const char *
point_of_leaf(void)
{
	static char url[200];
	CRL_DIST_POINTS *points = X509_get_ext_d2i(leaf, NID_crl_distribution_points, NULL, NULL);

	assert_non_null(points);
	const ASN1_IA5STRING *name = sk_GENERAL_NAME_value(sk_DIST_POINT_value(points, 0)->distpoint->name.fullname, 0)
					     ->d.uniformResourceIdentifier;

	(void)snprintf(url, sizeof(url), "%.*s", ASN1_STRING_length(name), (const char *)ASN1_STRING_get0_data(name));
	CRL_DIST_POINTS_free(points);
	return url;
}

CASE(a_list_of_another_distribution_point_says_nothing)
{
	assert_ok(verdict_of_point(point_of_leaf()));
	assert_ok(verdict_of_point(NULL));
	assert_err(verdict_of_point("http://pki.test/crl/citizen-ca.77.crl"), ERR_MISMATCH);
}

CASE(a_list_is_read_as_it_was_made)
{
	AUTO(writer) w = writer_new(MAX_CRL);
	const struct crl_entry entries[] = {{.serial = {1, 2}, .at = NOW - 5, .reason = 6},
		{.serial = {1, 3}, .at = (unix_time)2556144000 + 86400, .reason = -1}, /* 2051: GeneralizedTime */
		{.serial = {0x7f, 3}, .at = NOW - 7, .reason = CRL_REMOVE}};
	const struct crl_facts facts = {.issuer = authority->issuer,
		.number = 300,
		.base = 299,
		.this_update = NOW,
		.next_update = NOW + DAY,
		.entries = entries,
		.count = 3};
	struct crl_reading r;
	struct crl_entry e;

	assert_ok(crl_make(&facts, authority->key, &w));
	assert_ok(crl_read(writer_span(&w), &r));
	assert_true(r.number == 300 && r.base == 299 && r.this_update == NOW && r.next_update == NOW + DAY);
	assert_ok(crl_signed_by(&r, authority->issuer));
	assert_err(crl_signed_by(&r, authority->root), ERR_BAD_SIGNATURE);
	for (size_t i = 0; i < 3; i++) {
		assert_ok(crl_next(&r, &e));
		assert_memory_equal(e.serial, entries[i].serial, SERIAL_LEN);
		assert_true(e.at == entries[i].at && e.reason == entries[i].reason);
	}
	assert_err(crl_next(&r, &e), ERR_NOT_FOUND);
	for (size_t len = 0; len < w.len; len++)
		assert_err(crl_read(span_at(w.ptr, len), &r), ERR_MALFORMED);
}

CASE(a_delta_without_an_earlier_base_is_not_made)
{
	AUTO(writer) w = writer_new(MAX_CRL);
	const struct crl_facts facts = {.issuer = authority->issuer,
		.number = 7,
		.base = 7,
		.this_update = NOW,
		.next_update = NOW + DAY};

	assert_err(crl_make(&facts, authority->key, &w), ERR_CONFIG);
}

CASE(trailing_bytes_and_truncations_are_refused)
{
	AUTO(writer) w = writer_new(MAX_CRL);
	const struct crl_entry entry = leaf_entry(1);

	list_by(authority, &entry, 1, &w);
	for (size_t len = 0; len < w.len; len++)
		assert_err(crl_check(span_at(w.ptr, len), authority->issuer, leaf, NOW), ERR_MALFORMED);
	writer_u8(&w, 0);
	assert_err(verdict(&w, NOW), ERR_MALFORMED);
}

CASE(a_list_is_not_made_with_another_key)
{
	AUTO(writer) w = writer_new(MAX_CRL);
	struct crl_facts facts = {.issuer = authority->issuer,
		.number = 7,
		.this_update = NOW,
		.next_update = NOW + DAY};

	assert_err(crl_make(&facts, authority->root_key, &w), ERR_CONFIG);
	facts.next_update = NOW;
	assert_err(crl_make(&facts, authority->key, &w), ERR_CONFIG);
	facts.next_update = NOW + 1;
	facts.number = 0;
	assert_err(crl_make(&facts, authority->key, &w), ERR_CONFIG);
}

RUN_WITH(set_up, tear_down, cmocka_unit_test(a_fresh_list_without_it_is_good_news),
	cmocka_unit_test(revoked_and_suspended_are_both_refused), cmocka_unit_test(a_stale_list_says_nothing),
	cmocka_unit_test(a_forged_list_is_refused), cmocka_unit_test(a_stranger_of_the_same_name_is_refused),
	cmocka_unit_test(another_issuers_list_is_refused),
	cmocka_unit_test(a_partial_or_delta_list_is_not_taken_for_the_whole),
	cmocka_unit_test(a_list_of_another_distribution_point_says_nothing),
	cmocka_unit_test(a_list_is_read_as_it_was_made), cmocka_unit_test(a_delta_without_an_earlier_base_is_not_made),
	cmocka_unit_test(trailing_bytes_and_truncations_are_refused),
	cmocka_unit_test(a_list_is_not_made_with_another_key))
