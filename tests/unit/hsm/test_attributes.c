#include "made.h"

#include <time.h>

#include "x509/own.h"

/* Signed attributes that libcrypto made, each with one thing changed. */
static char *policies[] = {(char *)"1.2.3.4"};
static struct key_rule tsa_rule = {.label = (char *)"tsa", .purpose = (char *)"time-stamp", .policies = {policies, 1}};
static struct key_rule seal_rule = {.label = (char *)"seal", .purpose = (char *)"document-seal"};

static enum err
ask(struct made *m)
{
	AUTO(writer) object = writer_new(1 << 16);

	made_assemble(m, true, &object);
	return made_ask(&type_document, &seal_rule, &made_ec, writer_span(&object), writer_span(&m->content));
}

#define OID_CONTENT_TYPE "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03"
#define OID_DIGEST "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04"
#define OID_TIME "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x05"
#define OID_ESS "\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x2f"
#define OID_ESS_V1 "\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x0c"
#define OID_PROTECTION "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x34"
#define SHA256_ID "\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00"
#define SHA384_ID "\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00"

static size_t
part_of(const struct made *m, struct span oid)
{
	for (size_t i = 0; i < m->count; i++)
		if (memcmp(m->parts[i].ptr + 2, oid.ptr, oid.len) == 0)
			return i;
	return MAX_PARTS;
}

static void
drop(struct made *m, struct span oid)
{
	const size_t i = part_of(m, oid);

	if (i == MAX_PARTS)
		return;
	writer_free(&m->parts[i]);
	m->parts[i] = m->parts[--m->count];
	m->parts[m->count] = (struct writer){0};
}

/* The attribute of that oid has this value, one element or several, instead of what it had. */
static void
set(struct made *m, struct span oid, struct span value)
{
	AUTO(writer) contents = writer_new(1 << 12);

	drop(m, oid);
	writer_bytes(&contents, oid);
	made_tlv(&contents, 0x31, value);
	m->parts[m->count] = writer_new(1 << 12);
	made_tlv(&m->parts[m->count++], 0x30, writer_span(&contents));
}

static enum err
ask_with(struct span oid, struct span value)
{
	struct made m;
	enum err e;

	made_make(SPAN("document"), NID_pkcs7_data, &m);
	if (value.ptr == NULL)
		drop(&m, oid);
	else
		set(&m, oid, value);
	e = ask(&m);
	made_free(&m);
	return e;
}

static const struct span none = {NULL, 0};

CASE(what_cms_sign_makes_is_signed)
{
	struct made m;
	AUTO(writer) object = writer_new(1 << 16);

	(void)state;
	made_make(SPAN("document"), NID_pkcs7_data, &m);
	assert_int_equal(m.count, 4);
	assert_ok(ask(&m));
	made_assemble(&m, true, &object);
	assert_err(made_ask(&type_document, &seal_rule, &made_ec, writer_span(&object), SPAN("documenT")), ERR_REFUSED);
	assert_err(made_ask(&type_document, &seal_rule, &made_ec, writer_span(&object), none), ERR_REFUSED);
	/* a time-stamp key signs no documents */
	assert_err(made_ask(&type_tstinfo, &tsa_rule, &made_ec, writer_span(&object), SPAN("document")), ERR_REFUSED);
	made_free(&m);
}

CASE(attributes_out_of_form_are_refused)
{
	struct made m;
	AUTO(writer) object = writer_new(1 << 16);
	AUTO(writer) unsorted = writer_new(1 << 16);
	struct writer swap;

	(void)state;
	made_make(SPAN("document"), NID_pkcs7_data, &m);
	made_assemble(&m, true, &object);
	for (size_t len = 0; len < object.len; len++)
		assert_int_not_equal(made_ask(&type_document, &seal_rule, &made_ec, span_at(object.ptr, len),
					     SPAN("document")),
			ERR_OK);
	writer_u8(&object, 0);
	assert_err(made_ask(&type_document, &seal_rule, &made_ec, writer_span(&object), SPAN("document")),
		ERR_MALFORMED);
	swap = m.parts[0];
	m.parts[0] = m.parts[1];
	m.parts[1] = swap;
	made_assemble(&m, false, &unsorted);
	assert_err(made_ask(&type_document, &seal_rule, &made_ec, writer_span(&unsorted), SPAN("document")),
		ERR_MALFORMED);
	made_free(&m);
}

CASE(an_attribute_that_is_missing_unknown_or_twice_is_refused)
{
	struct made m;

	(void)state;
	assert_err(ask_with(SPAN(OID_CONTENT_TYPE), none), ERR_REFUSED);
	assert_err(ask_with(SPAN(OID_DIGEST), none), ERR_REFUSED);
	assert_err(ask_with(SPAN(OID_ESS), none), ERR_REFUSED);
	assert_ok(ask_with(SPAN(OID_TIME), none));
	assert_err(ask_with(SPAN("\x06\x03\x2a\x03\x04"), SPAN("\x05\x00")), ERR_REFUSED);
	assert_err(ask_with(SPAN(OID_ESS_V1), SPAN("\x30\x00")), ERR_REFUSED);
	made_make(SPAN("document"), NID_pkcs7_data, &m);
	m.parts[m.count] = writer_new(1 << 12);
	writer_bytes(&m.parts[m.count], writer_span(&m.parts[part_of(&m, SPAN(OID_DIGEST))]));
	m.count++;
	assert_err(ask(&m), ERR_REFUSED);
	assert_non_null(strstr(err_why(), "twice"));
	made_free(&m);
}

CASE(a_value_that_is_not_as_it_should_be_is_refused)
{
	(void)state;
	assert_err(ask_with(SPAN(OID_CONTENT_TYPE), SPAN("\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x04")),
		ERR_REFUSED);
	assert_err(ask_with(SPAN(OID_CONTENT_TYPE), SPAN("\x05\x00")), ERR_MALFORMED);
	assert_err(ask_with(SPAN(OID_CONTENT_TYPE), SPAN("")), ERR_MALFORMED);
	assert_err(ask_with(SPAN(OID_CONTENT_TYPE), SPAN("\x05\x00\x05\x00")), ERR_REFUSED); /* two values */
	assert_err(ask_with(SPAN(OID_DIGEST), SPAN("\x04\x00")), ERR_REFUSED);
	assert_err(ask_with(SPAN(OID_DIGEST), SPAN("\x04\x02\x00\x00")), ERR_REFUSED);
}

CASE(a_signing_time_is_now_and_in_the_form_of_der)
{
	static const char *const wrong[] = {"\x17\x0d"
					    "200101000000Z",
		"\x17\x0d"
		"491231235959Z",
		"\x18\x0f"
		"20200101000000Z",
		"\x17\x0b"
		"2001010000Z",
		"\x17\x11"
		"200101000000+0000",
		"\x05\x00",
		"\x18\x11"
		"20200101000000.5Z",
		"\x17\x0d"
		"209901000000Z"};
	char text[32];
	struct tm tm;
	time_t t;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_not_equal(ask_with(SPAN(OID_TIME),
					     span_at(wrong[i], wrong[i][1] == 0 ? 2 : strlen(wrong[i]))),
			ERR_OK);
	t = time(NULL) - 3;
	(void)gmtime_r(&t, &tm);
	assert_int_equal(strftime(text, sizeof(text), "\x18\x0f%Y%m%d%H%M%SZ", &tm), 17);
	assert_ok(ask_with(SPAN(OID_TIME), span_of(text)));
	t = time(NULL) - 30;
	(void)gmtime_r(&t, &tm);
	assert_int_equal(strftime(text, sizeof(text), "\x18\x0f%Y%m%d%H%M%SZ", &tm), 17);
	assert_err(ask_with(SPAN(OID_TIME), span_of(text)), ERR_REFUSED);
}

/* One ESSCertIDv2 of these contents. */
static enum err
ask_ess(struct span algorithm, size_t hash_len, struct span rest)
{
	static const uint8_t zeros[64];
	AUTO(writer) id = writer_new(1 << 12);
	AUTO(writer) ids = writer_new(1 << 12);
	AUTO(writer) certs = writer_new(1 << 12);
	AUTO(writer) value = writer_new(1 << 12);

	writer_bytes(&id, algorithm);
	made_tlv(&id, 0x04, span_at(zeros, hash_len));
	made_tlv(&ids, 0x30, writer_span(&id));
	made_tlv(&certs, 0x30, writer_span(&ids));
	writer_bytes(&certs, rest);
	made_tlv(&value, 0x30, writer_span(&certs));
	return ask_with(SPAN(OID_ESS), writer_span(&value));
}

CASE(a_signing_certificate_is_named_by_a_whole_hash)
{
	(void)state;
	assert_ok(ask_ess(none, 32, none));
	assert_ok(ask_ess(SPAN(SHA384_ID), 48, none));
	assert_err(ask_ess(none, 20, none), ERR_REFUSED);
	assert_err(ask_ess(SPAN(SHA384_ID), 32, none), ERR_REFUSED);
	assert_err(ask_ess(SPAN(SHA256_ID), 32, none), ERR_MALFORMED); /* the default is not written */
	assert_err(ask_ess(SPAN("\x30\x07\x06\x05\x2b\x0e\x03\x02\x1a"), 20, none), ERR_REFUSED); /* SHA-1 */
	assert_err(ask_ess(none, 32, SPAN("\x30\x00")), ERR_REFUSED);                             /* policies */
	assert_err(ask_with(SPAN(OID_ESS), SPAN("\x30\x02\x30\x00")), ERR_REFUSED); /* no made_certificate */
	assert_err(ask_with(SPAN(OID_ESS), SPAN("\x30\x00")), ERR_MALFORMED);
}

static enum err
ask_protection(const struct token_key *key, struct span digest, struct span signature, uint8_t tag)
{
	AUTO(writer) contents = writer_new(1 << 12);
	AUTO(writer) value = writer_new(1 << 12);
	AUTO(writer) object = writer_new(1 << 12);
	struct made m;
	enum err e;

	writer_bytes(&contents, digest);
	made_tlv(&contents, tag, signature);
	made_tlv(&value, 0x30, writer_span(&contents));
	made_make(SPAN("document"), NID_pkcs7_data, &m);
	set(&m, SPAN(OID_PROTECTION), writer_span(&value));
	made_assemble(&m, true, &object);
	e = made_ask(&type_document, &seal_rule, key, writer_span(&object), SPAN("document"));
	made_free(&m);
	return e;
}

CASE(protected_algorithms_are_the_keys)
{
	const struct span es256 = SPAN("\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02");
	const struct span es384 = SPAN("\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03");
	const struct span rs256 = SPAN("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00");
	const struct span plain = SPAN("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00");

	(void)state;
	assert_ok(ask_protection(&made_ec, SPAN(SHA256_ID), es256, 0xa1));
	assert_err(ask_protection(&made_ec, SPAN(SHA256_ID), es384, 0xa1), ERR_REFUSED);
	assert_err(ask_protection(&made_ec, SPAN(SHA384_ID), es256, 0xa1), ERR_REFUSED);
	assert_err(ask_protection(&made_ec, SPAN(SHA256_ID), plain, 0xa1), ERR_REFUSED);
	assert_err(ask_protection(&made_ec, SPAN(SHA256_ID), es256, 0xa2), ERR_MALFORMED); /* a MAC's */
	assert_ok(ask_protection(&made_rsa, SPAN(SHA256_ID), rs256, 0xa1));
	assert_ok(ask_protection(&made_rsa, SPAN(SHA256_ID), plain, 0xa1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_cms_sign_makes_is_signed),
		cmocka_unit_test(attributes_out_of_form_are_refused),
		cmocka_unit_test(an_attribute_that_is_missing_unknown_or_twice_is_refused),
		cmocka_unit_test(a_value_that_is_not_as_it_should_be_is_refused),
		cmocka_unit_test(a_signing_time_is_now_and_in_the_form_of_der),
		cmocka_unit_test(a_signing_certificate_is_named_by_a_whole_hash),
		cmocka_unit_test(protected_algorithms_are_the_keys),
	};
	return cmocka_run_group_tests(tests, made_set_up, made_tear_down);
}
