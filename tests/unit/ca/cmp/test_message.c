/* The messages in tests/fuzz/corpus/cmp were made by `openssl cmp` (3.0) for a certificate authority of a test, whose enrolment and secret are below. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/cmp.h>
#include <openssl/ec.h>

#include "base/file.h"
#include "ca/cmp/answer.h"
#include "ca/cmp/message.h"
#include "ca/cmp/protect.h"
#include "ca/device/asked.h"
#include "x509/own.h"

#define ID "647bbf6b1b207758"
#define SECRET "2461b553c780dcf41eaeeefc808f45abc216dbd1"

static char cn[] = "CN", o[] = "O", name_of_profile[] = "test";
static char *attributes[] = {o, cn};
static const struct profile profile = {.name = name_of_profile, .subject = {attributes, 2}};

/* Without the letter that tells the fuzzer what to do with it. */
static void
load(const char *name, struct writer *w)
{
	char path[128];

	*w = writer_new(1 << 16);
	(void)snprintf(path, sizeof(path), "tests/fuzz/corpus/cmp/m-%s", name);
	assert_int_equal(file_read(path, 1 << 16, w), ERR_OK);
	memmove(w->ptr, w->ptr + 1, --w->len);
}

static enum cmp_fail
mac_verdict(const struct cmp_message *m, const char *secret)
{
	AUTO(writer) part = writer_new(1 << 16);

	cmp_protected_part(m->header_whole, m->body_whole, &part);
	return cmp_mac_check(m->protection_alg, span_of(secret), writer_span(&part), m->protection);
}

static void
a_message_of_openssl_is_read_and_its_mac_verifies(void **state)
{
	AUTO(writer) w = {0};
	struct cmp_message m;

	(void)state;
	load("ir", &w);
	assert_int_equal(cmp_message_read(writer_span(&w), &m), CMP_OK);
	assert_int_equal(m.type, CMP_IR);
	assert_true(span_is(m.sender_kid, ID));
	assert_int_equal(m.transaction_id.len, 16);
	assert_int_equal(m.sender_nonce.len, 16);
	assert_int_equal(m.recip_nonce.len, 0);
	assert_true(m.has_time);
	assert_false(m.implicit_confirm);
	assert_int_equal(cmp_protection_of(m.protection_alg), CMP_PBM);
	assert_int_equal(mac_verdict(&m, SECRET), CMP_OK);
	assert_int_equal(mac_verdict(&m, "x" SECRET), CMP_BAD_MESSAGE_CHECK);
}

static void
a_byte_that_was_changed_anywhere_is_noticed(void **state)
{
	AUTO(writer) w = {0};
	struct cmp_message m;
	enum cmp_fail f;

	(void)state;
	load("ir", &w);
	for (size_t i = 0; i < w.len; i++) {
		w.ptr[i] ^= 1;
		f = cmp_message_read(writer_span(&w), &m);
		if (f == CMP_OK && cmp_protection_of(m.protection_alg) == CMP_PBM)
			f = mac_verdict(&m, SECRET);
		else if (f == CMP_OK)
			f = CMP_BAD_ALG;
		assert_int_not_equal(f, CMP_OK);
		w.ptr[i] ^= 1;
	}
}

static void
a_message_cut_short_or_with_more_behind_is_refused(void **state)
{
	AUTO(writer) w = {0};
	struct cmp_message m;

	(void)state;
	load("kur", &w);
	for (size_t len = 0; len < w.len; len++)
		assert_int_equal(cmp_message_read(span_at(w.ptr, len), &m), CMP_BAD_DATA_FORMAT);
	writer_u8(&w, 0);
	assert_int_equal(cmp_message_read(writer_span(&w), &m), CMP_BAD_DATA_FORMAT);
}

static void
a_request_shows_possession_and_reads_as_a_request(void **state)
{
	AUTO(writer) w = {0};
	AUTO(writer) csr = writer_new(MAX_CSR);
	struct cmp_message m;
	struct cmp_request r;
	struct asked a;

	(void)state;
	load("ir", &w);
	assert_int_equal(cmp_message_read(writer_span(&w), &m), CMP_OK);
	assert_int_equal(cmp_request_read(m.body, &r), CMP_OK);
	assert_int_equal(cmp_request_possession(&r), CMP_OK);
	assert_int_equal(cmp_request_csr(&r, &csr), CMP_OK);
	assert_int_equal(asked_read_unsigned(writer_span(&csr), &profile, &a), ERR_OK);
	assert_string_equal(a.subject[0].value, "Health");
	assert_string_equal(a.subject[1].value, "c1.sensors.health.test");
	assert_int_equal(a.request.names_count, 1);
	assert_string_equal(a.request.names[0].value, "c1.sensors.health.test");
	asked_free(&a);
	((uint8_t *)(uintptr_t)r.popo.ptr)[r.popo.len - 1] ^= 1;
	assert_int_equal(cmp_request_possession(&r), CMP_BAD_POP);
}

static void
an_update_is_signed_by_its_certificate_and_names_it(void **state)
{
	AUTO(writer) w = {0};
	AUTO(writer) part = writer_new(1 << 16);
	OWN(X509) x = NULL;
	struct cmp_message m;
	struct cmp_request r;

	(void)state;
	load("kur", &w);
	assert_int_equal(cmp_message_read(writer_span(&w), &m), CMP_OK);
	assert_true(m.implicit_confirm);
	assert_int_equal(cmp_protection_of(m.protection_alg), CMP_SIGNED);
	assert_int_equal(certificate_parse(m.extra_certs[0], &x), ERR_OK);
	cmp_protected_part(m.header_whole, m.body_whole, &part);
	assert_int_equal(cmp_signature_check(m.protection_alg, X509_get0_pubkey(x), writer_span(&part), m.protection),
		CMP_OK);
	part.ptr[part.len - 1] ^= 1;
	assert_int_equal(cmp_signature_check(m.protection_alg, X509_get0_pubkey(x), writer_span(&part), m.protection),
		CMP_BAD_MESSAGE_CHECK);
	assert_int_equal(cmp_request_read(m.body, &r), CMP_OK);
	const ASN1_INTEGER *serial = X509_get0_serialNumber(x);

	assert_true(r.old_serial.len >= (size_t)ASN1_STRING_length(serial));
	assert_memory_equal(r.old_serial.ptr + r.old_serial.len - ASN1_STRING_length(serial),
		ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial));
}

static void
a_revocation_and_a_confirmation_say_what_they_are_about(void **state)
{
	AUTO(writer) rr = {0};
	AUTO(writer) conf = {0};
	struct cmp_message m;
	struct cmp_revocation r;
	struct cmp_confirmation c;

	(void)state;
	load("rr", &rr);
	assert_int_equal(cmp_message_read(writer_span(&rr), &m), CMP_OK);
	assert_int_equal(cmp_revocation_read(m.body, &r), CMP_OK);
	assert_int_equal(r.reason, 4);
	assert_true(r.serial.len >= 15 && r.issuer.len > 0);
	load("certconf", &conf);
	assert_int_equal(cmp_message_read(writer_span(&conf), &m), CMP_OK);
	assert_int_equal(cmp_confirmation_read(m.body, &c), CMP_OK);
	assert_int_equal(c.hash.len, 48);
	assert_false(c.rejected);
	assert_int_equal(m.recip_nonce.len, 16);
	assert_int_equal(cmp_confirmation_read(SPAN("\x30\x00"), &c), CMP_OK);
	assert_true(c.rejected);
}

static void
a_mac_that_costs_too_much_or_too_little_is_refused_before_it_is_made(void **state)
{
	AUTO(writer) alg = writer_new(512);
	AUTO(writer) mac = writer_new(MAX_MAC_LEN);

	(void)state;
	for (int kind = CMP_PBM; kind <= CMP_PBMAC1; kind++) {
		writer_reset(&alg);
		writer_reset(&mac);
		assert_int_equal(cmp_mac_alg(kind, &alg), ERR_OK);
		assert_int_equal(cmp_protection_of(writer_span(&alg)), kind);
		assert_int_equal(cmp_mac_make(writer_span(&alg), SPAN(SECRET), SPAN("part"), &mac), ERR_OK);
		assert_int_equal(mac.len, 32);
		assert_int_equal(cmp_mac_check(writer_span(&alg), SPAN(SECRET), SPAN("part"), writer_span(&mac)),
			CMP_OK);
		uint8_t *rounds =
			memmem(alg.ptr, alg.len, kind == CMP_PBM ? "\x02\x02\x03\xe8" : "\x02\x02\x08\x00", 4);

		assert_non_null(rounds);
		rounds[2] = 0;
		rounds[3] = 50;
		assert_int_not_equal(cmp_mac_check(writer_span(&alg), SPAN(SECRET), SPAN("part"), writer_span(&mac)),
			CMP_OK);
		rounds[2] = 0x81; /* negative */
		assert_int_equal(cmp_mac_check(writer_span(&alg), SPAN(SECRET), SPAN("part"), writer_span(&mac)),
			CMP_BAD_ALG);
	}
}

/* libcrypto's own templates read what we write. */
static void
an_answer_is_a_message_for_libcrypto_and_for_ourselves(void **state)
{
	static const uint8_t nobody[] = {0x30, 0x00};
	AUTO(writer) w = {0};
	AUTO(writer) body = writer_new(1024);
	AUTO(writer) out = writer_new(MAX_CMP_ANSWER);
	OWN(EVP_PKEY) key = EVP_EC_gen("P-384");
	struct cmp_message m, back;

	(void)state;
	load("ir", &w);
	assert_int_equal(cmp_message_read(writer_span(&w), &m), CMP_OK);
	assert_int_equal(cmp_error_write(CMP_DUPLICATE_CERT_REQ, "the key was certified before", &body), ERR_OK);
	assert_non_null(memmem(body.ptr, body.len, "\x03\x05\x05\x00\x00\x00\x20", 7)); /* bit 26, named bit list */
	struct cmp_answer a = {.request = &m,
		.sender = span_at(nobody, sizeof(nobody)),
		.at = 1790000000,
		.implicit_confirm = true,
		.type = CMP_ERROR,
		.body = writer_span(&body),
		.protection = CMP_PBM,
		.secret = SPAN(SECRET),
		.key = key,
		.kid = SPAN(ID)};

	for (int i = 0; i < 2; i++) {
		writer_reset(&out);
		a.protection = i == 0 ? CMP_PBM : CMP_SIGNED;
		assert_int_equal(cmp_answer_write(&a, &out), ERR_OK);
		OWN(BIO) bio = BIO_new_mem_buf(out.ptr, (int)out.len);
		OSSL_CMP_MSG *theirs = d2i_OSSL_CMP_MSG_bio(bio, NULL);

		assert_non_null(theirs);
		assert_int_equal(OSSL_CMP_MSG_get_bodytype(theirs), CMP_ERROR);
		OSSL_CMP_MSG_free(theirs);
		assert_int_equal(cmp_message_read(writer_span(&out), &back), CMP_OK);
		assert_true(span_equal(back.transaction_id, m.transaction_id));
		assert_true(span_equal(back.recip_nonce, m.sender_nonce));
		assert_int_equal(back.time, 1790000000);
		assert_true(back.implicit_confirm);
	}
	AUTO(writer) part = writer_new(1 << 16);

	cmp_protected_part(back.header_whole, back.body_whole, &part);
	assert_int_equal(cmp_signature_check(back.protection_alg, key, writer_span(&part), back.protection), CMP_OK);
}

static void
every_error_of_the_house_has_its_failure(void **state)
{
	(void)state;
	assert_int_equal(cmp_fail_of(ERR_OK), CMP_OK);
	assert_int_equal(cmp_fail_of(ERR_REFUSED), CMP_BAD_CERT_TEMPLATE);
	assert_int_equal(cmp_fail_of(ERR_EXISTS), CMP_DUPLICATE_CERT_REQ);
	assert_int_equal(cmp_fail_of(ERR_USED), CMP_NOT_AUTHORIZED);
	assert_int_equal(cmp_fail_of(ERR_UNAVAILABLE), CMP_SYSTEM_UNAVAIL);
	assert_int_equal(cmp_fail_of(ERR_CORRUPT), CMP_SYSTEM_FAILURE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_of_openssl_is_read_and_its_mac_verifies),
		cmocka_unit_test(a_byte_that_was_changed_anywhere_is_noticed),
		cmocka_unit_test(a_message_cut_short_or_with_more_behind_is_refused),
		cmocka_unit_test(a_request_shows_possession_and_reads_as_a_request),
		cmocka_unit_test(an_update_is_signed_by_its_certificate_and_names_it),
		cmocka_unit_test(a_revocation_and_a_confirmation_say_what_they_are_about),
		cmocka_unit_test(a_mac_that_costs_too_much_or_too_little_is_refused_before_it_is_made),
		cmocka_unit_test(an_answer_is_a_message_for_libcrypto_and_for_ourselves),
		cmocka_unit_test(every_error_of_the_house_has_its_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
