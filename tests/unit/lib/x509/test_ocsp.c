#include "tests/unit/lib/test.h"

#include <openssl/ec.h>
#include <openssl/ocsp.h>

#include "base/encode.h"
#include "tests/unit/lib/x509/authority.h"
#include "x509/ocsp.h"

static struct authority *authority, *stranger;
static X509 *leaf, *other;
static EVP_PKEY *key;
#define NONCE SPAN("0123456789abcdef")

static int
set_up(void **state)
{
	(void)state;
	authority = authority_new();
	stranger = authority_new();
	key = EVP_EC_gen("P-256");
	leaf = certificate_for(&(struct wish){"tls-client", "a.test", key, authority->issuer, authority->key, 0, NULL});
	other = certificate_for(
		&(struct wish){"tls-client", "b.test", key, authority->issuer, authority->key, 0, NULL});
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	X509_free(leaf);
	X509_free(other);
	EVP_PKEY_free(key);
	authority_free(&authority);
	authority_free(&stranger);
	return 0;
}

static const struct ocsp_answer good = {.status = OCSP_GOOD, .this_update = NOW, .next_update = NOW + 600};

/* Who answers what, to the question about the leaf. */
static void
answered(const struct ocsp_answer *a, X509 *responder, EVP_PKEY *responder_key, struct span nonce, struct writer *w)
{
	AUTO(writer) request = writer_new(MAX_OCSP_REQUEST);
	struct ocsp_question q;

	assert_ok(ocsp_ask(leaf, authority->issuer, nonce, &request));
	assert_ok(ocsp_parse(writer_span(&request), &q));
	assert_ok(ocsp_respond(&q, a, authority->issuer, responder, responder_key, NOW, w));
}

/* The verdict on an answer of the rightful responder at a time. */
static enum err
verdict(const struct ocsp_answer *a, unix_time at)
{
	AUTO(writer) w = writer_new(MAX_OCSP_RESPONSE);

	answered(a, authority->responder, authority->responder_key, NONCE, &w);
	return ocsp_check(writer_span(&w), leaf, authority->issuer, NONCE, at);
}

CASE(good_is_good_for_its_time_only)
{
	assert_ok(verdict(&good, NOW));
	assert_ok(verdict(&good, NOW + 600 + 300));
	assert_ok(verdict(&good, NOW - 300));
	assert_err(verdict(&good, NOW + 600 + 301), ERR_EXPIRED);
	assert_err(verdict(&good, NOW - 301), ERR_EXPIRED);
}

CASE(revoked_suspended_and_unknown_are_not_good)
{
	struct ocsp_answer a = {.status = OCSP_REVOKED,
		.revoked_at = NOW - 60,
		.reason = -1,
		.this_update = NOW,
		.next_update = NOW + 600};

	assert_err(verdict(&a, NOW), ERR_REVOKED);
	a.reason = OCSP_REVOKED_STATUS_CERTIFICATEHOLD;
	assert_err(verdict(&a, NOW), ERR_REVOKED);
	a.status = OCSP_UNKNOWN;
	assert_err(verdict(&a, NOW), ERR_UNTRUSTED);
}

CASE(a_replayed_answer_has_another_nonce)
{
	AUTO(writer) w = writer_new(MAX_OCSP_RESPONSE);

	answered(&good, authority->responder, authority->responder_key, NONCE, &w);
	assert_ok(ocsp_check(writer_span(&w), leaf, authority->issuer, (struct span){0}, NOW));
	assert_err(ocsp_check(writer_span(&w), leaf, authority->issuer, SPAN("0123456789abcdeF"), NOW), ERR_MISMATCH);
	assert_err(ocsp_check(writer_span(&w), leaf, authority->issuer, SPAN("0123456789abcde"), NOW), ERR_MISMATCH);
}

CASE(an_answer_signed_ahead_has_none)
{
	AUTO(writer) w = writer_new(MAX_OCSP_RESPONSE);

	answered(&good, authority->responder, authority->responder_key, (struct span){0}, &w);
	assert_ok(ocsp_check(writer_span(&w), leaf, authority->issuer, NONCE, NOW));
}

CASE(an_answer_about_another_certificate_is_refused)
{
	AUTO(writer) w = writer_new(MAX_OCSP_RESPONSE);

	answered(&good, authority->responder, authority->responder_key, NONCE, &w);
	assert_err(ocsp_check(writer_span(&w), other, authority->issuer, NONCE, NOW), ERR_MISMATCH);
}

/* The verdict on an answer that somebody else signed. */
static enum err
signed_by(X509 *responder, EVP_PKEY *responder_key)
{
	AUTO(writer) w = writer_new(MAX_OCSP_RESPONSE);

	answered(&good, responder, responder_key, NONCE, &w);
	return ocsp_check(writer_span(&w), leaf, authority->issuer, NONCE, NOW);
}

CASE(only_the_issuer_or_its_delegate_may_answer)
{
	X509 *root_responder = certificate_for(
		&(struct wish){"ocsp-responder", "Test Responder", key, authority->root, authority->root_key, 0, NULL});

	assert_ok(signed_by(authority->responder, authority->responder_key));
	assert_ok(signed_by(authority->issuer, authority->key));
	assert_err(signed_by(other, key), ERR_UNTRUSTED);          /* issued by it, for something else */
	assert_err(signed_by(root_responder, key), ERR_UNTRUSTED); /* the root's delegate */
	assert_err(signed_by(stranger->responder, stranger->responder_key), ERR_UNTRUSTED); /* a CA of the same name */
	assert_int_not_equal(signed_by(stranger->issuer, stranger->key), ERR_OK);
	X509_free(root_responder);
}

CASE(an_expired_responder_may_not_answer)
{
	const unix_time later = NOW + 100 * (unix_time)DAY;
	AUTO(writer) w = writer_new(MAX_OCSP_RESPONSE);

	answered(&(struct ocsp_answer){.status = OCSP_GOOD, .this_update = later, .next_update = later + 600},
		authority->responder, authority->responder_key, NONCE, &w);
	assert_err(ocsp_check(writer_span(&w), leaf, authority->issuer, NONCE, later), ERR_UNTRUSTED);
}

CASE(a_forged_answer_is_refused)
{
	AUTO(writer) w = writer_new(MAX_OCSP_RESPONSE);
	uint8_t *at;

	answered(&good, authority->responder, authority->responder_key, NONCE, &w);
	at = memmem(w.ptr, w.len, "20260101000000Z", 15); /* producedAt */
	assert_non_null(at);
	at[13] = '1';
	assert_err(ocsp_check(writer_span(&w), leaf, authority->issuer, NONCE, NOW), ERR_BAD_SIGNATURE);
}

CASE(each_truncation_and_a_trailing_byte_are_refused)
{
	AUTO(writer) w = writer_new(MAX_OCSP_RESPONSE);

	answered(&good, authority->responder, authority->responder_key, NONCE, &w);
	for (size_t len = 0; len < w.len; len++)
		assert_err(ocsp_check(span_at(w.ptr, len), leaf, authority->issuer, NONCE, NOW), ERR_MALFORMED);
	writer_u8(&w, 0);
	assert_err(ocsp_check(writer_span(&w), leaf, authority->issuer, NONCE, NOW), ERR_MALFORMED);
}

CASE(an_error_is_not_an_answer)
{
	assert_err(ocsp_check(ocsp_error(OCSP_RESPONSE_STATUS_TRYLATER), leaf, authority->issuer, NONCE, NOW),
		ERR_UNAVAILABLE);
	assert_err(ocsp_check(ocsp_error(OCSP_RESPONSE_STATUS_INTERNALERROR), leaf, authority->issuer, NONCE, NOW),
		ERR_UNAVAILABLE);
	assert_err(ocsp_check(ocsp_error(OCSP_RESPONSE_STATUS_UNAUTHORIZED), leaf, authority->issuer, NONCE, NOW),
		ERR_UNTRUSTED);
	assert_err(ocsp_check(ocsp_error(OCSP_RESPONSE_STATUS_MALFORMEDREQUEST), leaf, authority->issuer, NONCE, NOW),
		ERR_UNTRUSTED);
	assert_err(ocsp_check(SPAN("<html>captive portal</html>"), leaf, authority->issuer, NONCE, NOW), ERR_MALFORMED);
}

CASE(a_question_is_read_as_it_was_asked)
{
	AUTO(writer) request = writer_new(MAX_OCSP_REQUEST);
	AUTO(writer) hex = writer_new(100);
	struct ocsp_question q;
	char serial[41];

	assert_ok(ocsp_ask(leaf, authority->issuer, NONCE, &request));
	assert_ok(ocsp_parse(writer_span(&request), &q));
	assert_int_equal(q.hash_len, 32);
	assert_true(ocsp_is_for(&q, authority->issuer));
	assert_false(ocsp_is_for(&q, authority->root));
	assert_false(ocsp_is_for(&q, stranger->issuer)); /* the same name, another key */
	assert_ok(certificate_serial_hex(leaf, serial));
	hex_write(&hex, span_at(q.serial, q.serial_len));
	assert_string_equal((const char *)hex.ptr, serial);
	assert_true(span_equal(span_at(q.nonce, q.nonce_len), NONCE));
}

CASE(good_is_not_said_for_another_issuer)
{
	AUTO(writer) request = writer_new(MAX_OCSP_REQUEST);
	AUTO(writer) w = writer_new(MAX_OCSP_RESPONSE);
	struct ocsp_question q;

	assert_ok(ocsp_ask(leaf, authority->issuer, NONCE, &request));
	assert_ok(ocsp_parse(writer_span(&request), &q));
	assert_err(ocsp_respond(&q, &good, stranger->issuer, stranger->responder, stranger->responder_key, NOW, &w),
		ERR_MISMATCH);
}

/* A request that libcrypto makes, with so many certificates by this hash and a nonce of so many bytes. */
static enum err
foreign(const EVP_MD *digest, int count, int nonce_len)
{
	OCSP_REQUEST *request = OCSP_REQUEST_new();
	unsigned char *der = NULL;
	struct ocsp_question q;

	for (int i = 0; i < count; i++)
		assert_non_null(OCSP_request_add0_id(request, OCSP_cert_to_id(digest, leaf, authority->issuer)));
	if (nonce_len > 0)
		assert_int_equal(OCSP_request_add1_nonce(request, NULL, nonce_len), 1);
	const int len = i2d_OCSP_REQUEST(request, &der);
	const enum err e = ocsp_parse(span_at(der, (size_t)len), &q);

	if (e == ERR_OK) {
		assert_true(ocsp_is_for(&q, authority->issuer));
		assert_int_equal(q.nonce_len, nonce_len);
	}
	OPENSSL_free(der);
	OCSP_REQUEST_free(request);
	return e;
}

CASE(requests_of_other_makers)
{
	assert_ok(foreign(EVP_sha1(), 1, 0));
	assert_ok(foreign(EVP_sha1(), 1, 16));
	assert_ok(foreign(EVP_sha256(), 1, 32));
	assert_ok(foreign(EVP_sha256(), 1, 1));
	assert_err(foreign(EVP_sha256(), 1, 129), ERR_MALFORMED);
	assert_err(foreign(EVP_sha512(), 1, 0), ERR_UNSUPPORTED);
	assert_err(foreign(EVP_sha256(), 2, 0), ERR_UNSUPPORTED);
	assert_err(foreign(EVP_sha256(), 0, 0), ERR_MALFORMED);
}

CASE(each_changed_byte_of_a_request_is_read_or_refused)
{
	AUTO(writer) w = writer_new(MAX_OCSP_REQUEST);
	struct ocsp_question q;

	assert_ok(ocsp_ask(leaf, authority->issuer, NONCE, &w));
	for (size_t i = 0; i < w.len; i++) {
		assert_err(ocsp_parse(span_at(w.ptr, i), &q), ERR_MALFORMED);
		w.ptr[i] ^= 0x81;
		if (ocsp_parse(writer_span(&w), &q) == ERR_OK) {
			assert_true(q.hash_len == 32 && q.serial_len >= SERIAL_LEN && q.serial_len <= 20);
			assert_true(q.cert_id.ptr > w.ptr && q.cert_id.ptr + q.cert_id.len <= w.ptr + w.len);
		}
		w.ptr[i] ^= 0x81;
	}
	writer_u8(&w, 0);
	assert_err(ocsp_parse(writer_span(&w), &q), ERR_MALFORMED);
}

RUN_WITH(set_up, tear_down, cmocka_unit_test(good_is_good_for_its_time_only),
	cmocka_unit_test(revoked_suspended_and_unknown_are_not_good),
	cmocka_unit_test(a_replayed_answer_has_another_nonce), cmocka_unit_test(an_answer_signed_ahead_has_none),
	cmocka_unit_test(an_answer_about_another_certificate_is_refused),
	cmocka_unit_test(only_the_issuer_or_its_delegate_may_answer),
	cmocka_unit_test(an_expired_responder_may_not_answer), cmocka_unit_test(a_forged_answer_is_refused),
	cmocka_unit_test(each_truncation_and_a_trailing_byte_are_refused), cmocka_unit_test(an_error_is_not_an_answer),
	cmocka_unit_test(a_question_is_read_as_it_was_asked), cmocka_unit_test(good_is_not_said_for_another_issuer),
	cmocka_unit_test(requests_of_other_makers), cmocka_unit_test(each_changed_byte_of_a_request_is_read_or_refused))
