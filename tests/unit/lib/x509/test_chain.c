#include "tests/unit/lib/test.h"

#include <openssl/ec.h>

#include "tests/unit/lib/x509/authority.h"

static struct authority *authority, *stranger;
static EVP_PKEY *key;
static X509 *leaf;

static int
set_up(void **state)
{
	(void)state;
	authority = authority_new();
	stranger = authority_new();
	key = EVP_EC_gen("P-256");
	leaf = certificate_for(&(struct wish){"citizen-authentication", "Test Citizen One", key, authority->issuer,
		authority->key, 0, NULL});
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	X509_free(leaf);
	EVP_PKEY_free(key);
	authority_free(&authority);
	authority_free(&stranger);
	return 0;
}

/* What is asked about x. NULL anchor or intermediate: none. */
struct asked {
	X509 *x, *anchor, *intermediate;
	unix_time at;
	const char *purpose, *policy;
};

static enum err
verdict(const struct asked *a)
{
	STACK_OF(X509) *anchors = sk_X509_new_null(), *intermediates = sk_X509_new_null();

	if (a->anchor)
		sk_X509_push(anchors, a->anchor);
	if (a->intermediate)
		sk_X509_push(intermediates, a->intermediate);
	const struct chain_question q = {.anchors = anchors,
		.intermediates = intermediates,
		.at = a->at,
		.extended_key_usage = a->purpose,
		.policy = a->policy};
	const enum err e = chain_check(a->x, &q);

	sk_X509_free(anchors);
	sk_X509_free(intermediates);
	return e;
}

CASE(root_or_issuer_may_be_the_anchor)
{
	assert_ok(verdict(
		&(struct asked){leaf, authority->root, authority->issuer, NOW, "clientAuth", "1.3.6.1.4.1.99999.1.1"}));
	assert_ok(verdict(&(struct asked){leaf, authority->issuer, NULL, NOW, NULL, NULL}));
}

CASE(without_an_anchor_nothing_is_trusted)
{
	assert_err(verdict(&(struct asked){leaf, NULL, authority->issuer, NOW, NULL, NULL}), ERR_UNTRUSTED);
	assert_err(verdict(&(struct asked){leaf, authority->root, NULL, NOW, NULL, NULL}), ERR_UNTRUSTED);
}

CASE(a_foreign_ca_of_the_same_name_is_refused)
{
	assert_int_not_equal(verdict(&(struct asked){leaf, stranger->root, stranger->issuer, NOW, NULL, NULL}), ERR_OK);
	assert_int_not_equal(verdict(&(struct asked){leaf, stranger->root, authority->issuer, NOW, NULL, NULL}),
		ERR_OK);
	assert_int_not_equal(verdict(&(struct asked){leaf, stranger->issuer, NULL, NOW, NULL, NULL}), ERR_OK);
}

CASE(expired_and_not_yet_valid_are_told_apart_from_untrusted)
{
	assert_err(verdict(&(struct asked){leaf, authority->root, authority->issuer, NOW - 2 * DAY, NULL, NULL}),
		ERR_EXPIRED);
	assert_err(verdict(&(struct asked){leaf, authority->root, authority->issuer, NOW + 1097 * (unix_time)DAY, NULL,
			   NULL}),
		ERR_EXPIRED);
}

CASE(another_purpose_or_policy_is_refused)
{
	assert_err(verdict(&(struct asked){leaf, authority->issuer, NULL, NOW, "serverAuth", NULL}), ERR_REFUSED);
	assert_err(verdict(&(struct asked){leaf, authority->issuer, NULL, NOW, "1.3.6.1.5.5.7.3.36", NULL}),
		ERR_REFUSED);
	assert_err(verdict(&(struct asked){leaf, authority->issuer, NULL, NOW, NULL, "1.3.6.1.4.1.99999.1.2"}),
		ERR_REFUSED);
	assert_err(verdict(&(struct asked){authority->issuer, authority->root, NULL, NOW, "clientAuth", NULL}),
		ERR_REFUSED);
}

CASE(a_changed_certificate_is_refused)
{
	AUTO(writer) w = writer_new(MAX_CERTIFICATE);
	X509 *x = NULL;
	uint8_t *at;

	assert_ok(certificate_der(leaf, &w));
	at = memmem(w.ptr, w.len, "Test Citizen One", 16);
	at[0] = 'R';
	assert_ok(certificate_parse(writer_span(&w), &x));
	assert_err(verdict(&(struct asked){x, authority->root, authority->issuer, NOW, NULL, NULL}), ERR_BAD_SIGNATURE);
	X509_free(x);
}

/* Signed by the leaf's key, as if it were a CA's. */
CASE(a_citizen_cannot_issue)
{
	X509 *x = X509_new(), *forged = X509_dup(leaf);
	EVP_PKEY *other = EVP_EC_gen("P-256");

	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_set_issuer_name(x, X509_get_subject_name(leaf));
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8, (const uint8_t *)"x", 1, -1, 0);
	ASN1_TIME_set(X509_getm_notBefore(x), NOW - DAY);
	ASN1_TIME_set(X509_getm_notAfter(x), NOW + DAY);
	X509_set_pubkey(x, other);
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	assert_err(verdict(&(struct asked){x, authority->issuer, forged, NOW, NULL, NULL}), ERR_UNTRUSTED);
	X509_free(x);
	X509_free(forged);
	EVP_PKEY_free(other);
}

RUN_WITH(set_up, tear_down, cmocka_unit_test(root_or_issuer_may_be_the_anchor),
	cmocka_unit_test(without_an_anchor_nothing_is_trusted),
	cmocka_unit_test(a_foreign_ca_of_the_same_name_is_refused),
	cmocka_unit_test(expired_and_not_yet_valid_are_told_apart_from_untrusted),
	cmocka_unit_test(another_purpose_or_policy_is_refused), cmocka_unit_test(a_changed_certificate_is_refused),
	cmocka_unit_test(a_citizen_cannot_issue))
