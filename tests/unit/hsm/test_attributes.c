#include "rig.h"

#include <openssl/cms.h>
#include <openssl/ec.h>
#include <openssl/ts.h>
#include <time.h>

#include "hsm/type/type.h"
#include "x509/own.h"

OWN_TYPE(TS_TST_INFO)

/* Signed attributes and TSTInfos that libcrypto made, each with one thing changed. */
static char *policies[] = {(char *)"1.2.3.4"};
static struct key_rule seal_rule = {.label = (char *)"seal", .purpose = (char *)"document-seal"};
static struct key_rule tsa_rule = {.label = (char *)"tsa", .purpose = (char *)"time-stamp", .policies = {policies, 1}};
static struct token_key ec, rsa;
static X509 *certificate;
static unix_time now;

enum { MAX_PARTS = 8 };

/* The attributes of one SET OF, whole elements; the content beside them. */
struct made {
	struct writer parts[MAX_PARTS];
	size_t count;
	struct writer content;
};

static int
set_up(void **state)
{
	(void)state;
	ec = (struct token_key){.algorithm = algorithm_find("P-256", ALGORITHM_SIGN),
		.public_key = EVP_EC_gen("P-256")};
	rsa = (struct token_key){.algorithm = algorithm_find("RSA-2048", ALGORITHM_SIGN),
		.public_key = EVP_RSA_gen(2048)};
	certificate = X509_new();
	assert_true(X509_set_pubkey(certificate, ec.public_key) == 1 &&
		X509_gmtime_adj(X509_getm_notBefore(certificate), 0) != NULL &&
		X509_gmtime_adj(X509_getm_notAfter(certificate), 60) != NULL &&
		X509_sign(certificate, ec.public_key, EVP_sha256()) > 0);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	X509_free(certificate);
	token_key_free(&ec);
	token_key_free(&rsa);
	return 0;
}

static void
made_free(struct made *m)
{
	for (size_t i = 0; i < m->count; i++)
		writer_free(&m->parts[i]);
	writer_free(&m->content);
	*m = (struct made){0};
}

/* What CMS_sign signs for this content. */
static void
make(struct span content, int type, struct made *out)
{
	enum { FLAGS = CMS_CADES | CMS_BINARY | CMS_NOSMIMECAP | CMS_PARTIAL };
	OWN(BIO) bio = BIO_new_mem_buf(content.ptr, (int)content.len);
	CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, FLAGS);
	CMS_SignerInfo *signer;

	assert_int_equal(CMS_set1_eContentType(cms, OBJ_nid2obj(type)), 1);
	signer = CMS_add1_signer(cms, certificate, ec.public_key, EVP_sha256(), FLAGS);
	assert_non_null(signer);
	assert_int_equal(CMS_final(cms, bio, NULL, FLAGS), 1);
	*out = (struct made){.content = writer_new(1 << 16)};
	writer_bytes(&out->content, content);
	for (int i = 0; i < CMS_signed_get_attr_count(signer); i++) {
		uint8_t *der = NULL;
		const int len = i2d_X509_ATTRIBUTE(CMS_signed_get_attr(signer, i), &der);

		out->parts[out->count] = writer_new(1 << 12);
		writer_bytes(&out->parts[out->count++], span_at(der, (size_t)len));
		OPENSSL_free(der);
	}
	CMS_ContentInfo_free(cms);
	now = time(NULL);
}

static int
by_bytes(const void *a, const void *b)
{
	const struct span x = writer_span(a), y = writer_span(b);
	const int order = memcmp(x.ptr, y.ptr, x.len < y.len ? x.len : y.len);

	return order != 0 ? order : (x.len > y.len) - (x.len < y.len);
}

static void
tlv(struct writer *w, uint8_t tag, struct span contents)
{
	writer_u8(w, tag);
	if (contents.len >= 0x100) {
		writer_u8(w, 0x82);
		writer_u8(w, (uint8_t)(contents.len >> 8));
	} else if (contents.len >= 0x80) {
		writer_u8(w, 0x81);
	}
	writer_u8(w, (uint8_t)contents.len);
	writer_bytes(w, contents);
}

static void
assemble(struct made *m, bool sorted, struct writer *out)
{
	AUTO(writer) all = writer_new(1 << 16);

	if (sorted)
		qsort(m->parts, m->count, sizeof(m->parts[0]), by_bytes);
	for (size_t i = 0; i < m->count; i++)
		writer_bytes(&all, writer_span(&m->parts[i]));
	tlv(out, 0x31, writer_span(&all));
}

static enum err
ask_bytes(const struct type *type, const struct key_rule *rule, const struct token_key *key, struct span object,
	struct span content)
{
	static struct policy policy;
	const struct type_question q =
		{.policy = &policy, .rule = rule, .key = key, .object = object, .evidence = content, .now = now};
	char detail[MAX_TYPE_DETAIL];

	return type->looks(object) ? type->check(&q, detail) : ERR_REFUSED;
}

static enum err
ask(struct made *m)
{
	AUTO(writer) object = writer_new(1 << 16);

	assemble(m, true, &object);
	return ask_bytes(&type_document, &seal_rule, &ec, writer_span(&object), writer_span(&m->content));
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
	tlv(&contents, 0x31, value);
	m->parts[m->count] = writer_new(1 << 12);
	tlv(&m->parts[m->count++], 0x30, writer_span(&contents));
}

static enum err
ask_with(struct span oid, struct span value)
{
	struct made m;
	enum err e;

	make(SPAN("document"), NID_pkcs7_data, &m);
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
	make(SPAN("document"), NID_pkcs7_data, &m);
	assert_int_equal(m.count, 4);
	assert_ok(ask(&m));
	assemble(&m, true, &object);
	assert_err(ask_bytes(&type_document, &seal_rule, &ec, writer_span(&object), SPAN("documenT")), ERR_REFUSED);
	assert_err(ask_bytes(&type_document, &seal_rule, &ec, writer_span(&object), none), ERR_REFUSED);
	/* a time-stamp key signs no documents */
	assert_err(ask_bytes(&type_tstinfo, &tsa_rule, &ec, writer_span(&object), SPAN("document")), ERR_REFUSED);
	made_free(&m);
}

CASE(attributes_out_of_form_are_refused)
{
	struct made m;
	AUTO(writer) object = writer_new(1 << 16);
	AUTO(writer) unsorted = writer_new(1 << 16);
	struct writer swap;

	(void)state;
	make(SPAN("document"), NID_pkcs7_data, &m);
	assemble(&m, true, &object);
	for (size_t len = 0; len < object.len; len++)
		assert_int_not_equal(ask_bytes(&type_document, &seal_rule, &ec, span_at(object.ptr, len),
					     SPAN("document")),
			ERR_OK);
	writer_u8(&object, 0);
	assert_err(ask_bytes(&type_document, &seal_rule, &ec, writer_span(&object), SPAN("document")), ERR_MALFORMED);
	swap = m.parts[0];
	m.parts[0] = m.parts[1];
	m.parts[1] = swap;
	assemble(&m, false, &unsorted);
	assert_err(ask_bytes(&type_document, &seal_rule, &ec, writer_span(&unsorted), SPAN("document")), ERR_MALFORMED);
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
	make(SPAN("document"), NID_pkcs7_data, &m);
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
	tlv(&id, 0x04, span_at(zeros, hash_len));
	tlv(&ids, 0x30, writer_span(&id));
	tlv(&certs, 0x30, writer_span(&ids));
	writer_bytes(&certs, rest);
	tlv(&value, 0x30, writer_span(&certs));
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
	assert_err(ask_with(SPAN(OID_ESS), SPAN("\x30\x02\x30\x00")), ERR_REFUSED);               /* no certificate */
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
	tlv(&contents, tag, signature);
	tlv(&value, 0x30, writer_span(&contents));
	make(SPAN("document"), NID_pkcs7_data, &m);
	set(&m, SPAN(OID_PROTECTION), writer_span(&value));
	assemble(&m, true, &object);
	e = ask_bytes(&type_document, &seal_rule, key, writer_span(&object), SPAN("document"));
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
	assert_ok(ask_protection(&ec, SPAN(SHA256_ID), es256, 0xa1));
	assert_err(ask_protection(&ec, SPAN(SHA256_ID), es384, 0xa1), ERR_REFUSED);
	assert_err(ask_protection(&ec, SPAN(SHA384_ID), es256, 0xa1), ERR_REFUSED);
	assert_err(ask_protection(&ec, SPAN(SHA256_ID), plain, 0xa1), ERR_REFUSED);
	assert_err(ask_protection(&ec, SPAN(SHA256_ID), es256, 0xa2), ERR_MALFORMED); /* a MAC's */
	assert_ok(ask_protection(&rsa, SPAN(SHA256_ID), rs256, 0xa1));
	assert_ok(ask_protection(&rsa, SPAN(SHA256_ID), plain, 0xa1));
}

/* ---- TSTInfo ---- */

struct stamp {
	long version, serial, skew, seconds, millis;
	const char *policy, *time;
	int hash, hash_len, ordering, extra, trailing, serial_len;
};
static const struct stamp good =
	{.version = 1, .serial = 7, .seconds = 1, .policy = "1.2.3.4", .hash = NID_sha256, .hash_len = 32};

static void
tstinfo_make(const struct stamp *s, struct writer *out)
{
	static const uint8_t zeros[64];
	OWN(TS_TST_INFO) t = TS_TST_INFO_new();
	OWN(ASN1_OBJECT) policy = OBJ_txt2obj(s->policy, 1);
	OWN(ASN1_INTEGER) number = ASN1_INTEGER_new();
	ASN1_GENERALIZEDTIME *when = ASN1_GENERALIZEDTIME_set(NULL, time(NULL) + s->skew);
	TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
	X509_ALGOR *algorithm = X509_ALGOR_new();
	TS_ACCURACY *accuracy = TS_ACCURACY_new();
	uint8_t *der = NULL;
	int len;

	if (s->time != NULL)
		assert_int_equal(ASN1_STRING_set(when, s->time, -1), 1);
	assert_int_equal(ASN1_INTEGER_set(number, s->serial), 1);
	if (s->serial_len > 0) {
		uint8_t big[32];

		memset(big, 0x11, sizeof(big));
		assert_int_equal(ASN1_STRING_set(number, big, s->serial_len), 1);
	}
	assert_int_equal(X509_ALGOR_set0(algorithm, OBJ_nid2obj(s->hash), V_ASN1_NULL, NULL), 1);
	assert_true(TS_MSG_IMPRINT_set_algo(imprint, algorithm) &&
		TS_MSG_IMPRINT_set_msg(imprint, (uint8_t *)(uintptr_t)zeros, s->hash_len));
	assert_true(TS_TST_INFO_set_version(t, s->version) && TS_TST_INFO_set_policy_id(t, policy) &&
		TS_TST_INFO_set_serial(t, number) && TS_TST_INFO_set_time(t, when) &&
		TS_TST_INFO_set_msg_imprint(t, imprint) && TS_TST_INFO_set_ordering(t, s->ordering));
	assert_int_equal(ASN1_INTEGER_set(number, s->seconds), 1);
	if (s->seconds >= 0)
		assert_int_equal(TS_ACCURACY_set_seconds(accuracy, number), 1);
	assert_int_equal(ASN1_INTEGER_set(number, s->millis), 1);
	if (s->millis > 0)
		assert_int_equal(TS_ACCURACY_set_millis(accuracy, number), 1);
	if (s->seconds >= 0 || s->millis > 0)
		assert_int_equal(TS_TST_INFO_set_accuracy(t, accuracy), 1);
	if (s->extra != 0) {
		X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, s->extra, (char *)(uintptr_t) "test");

		assert_int_equal(TS_TST_INFO_add_ext(t, e, -1), 1);
		X509_EXTENSION_free(e);
	}
	len = i2d_TS_TST_INFO(t, &der);
	assert_true(len > 0);
	writer_bytes(out, span_at(der, (size_t)len));
	if (s->trailing != 0)
		writer_u8(out, 0);
	OPENSSL_free(der);
	TS_ACCURACY_free(accuracy);
	X509_ALGOR_free(algorithm);
	TS_MSG_IMPRINT_free(imprint);
	ASN1_GENERALIZEDTIME_free(when);
}

static enum err
ask_content(struct span content, int type)
{
	AUTO(writer) object = writer_new(1 << 16);
	struct made m;
	enum err e;

	make(content, type, &m);
	assemble(&m, true, &object);
	e = ask_bytes(&type_tstinfo, &tsa_rule, &ec, writer_span(&object), content);
	made_free(&m);
	return e;
}

static enum err
ask_stamp(const struct stamp *s)
{
	AUTO(writer) content = writer_new(1 << 12);

	tstinfo_make(s, &content);
	return ask_content(writer_span(&content), NID_id_smime_ct_TSTInfo);
}

#define REFUSED_WITH(member, value)                          \
	do {                                                 \
		struct stamp s = good;                       \
		s.member = (value);                          \
		assert_int_not_equal(ask_stamp(&s), ERR_OK); \
	} while (0)

CASE(a_time_stamp_within_its_row_is_signed)
{
	struct stamp s = good;
	AUTO(writer) content = writer_new(1 << 12);

	(void)state;
	assert_ok(ask_stamp(&good));
	s.seconds = -1;
	s.millis = 500;
	assert_ok(ask_stamp(&s));
	s.hash = NID_sha512;
	s.hash_len = 64;
	assert_ok(ask_stamp(&s));
	tstinfo_make(&good, &content);
	assert_err(ask_content(writer_span(&content), NID_pkcs7_data), ERR_REFUSED);
	for (size_t len = 0; len < content.len; len += 3)
		assert_int_not_equal(ask_content(span_at(content.ptr, len), NID_id_smime_ct_TSTInfo), ERR_OK);
}

CASE(a_time_stamp_outside_its_row_is_refused)
{
	(void)state;
	REFUSED_WITH(version, 2);
	REFUSED_WITH(policy, "1.2.3.5");
	REFUSED_WITH(skew, 3);
	REFUSED_WITH(skew, -3);
	REFUSED_WITH(seconds, -1); /* no accuracy */
	REFUSED_WITH(seconds, 0);
	REFUSED_WITH(seconds, 2);
	REFUSED_WITH(millis, 1); /* 1.001 s */
	REFUSED_WITH(millis, 1000);
	REFUSED_WITH(serial, 0);
	REFUSED_WITH(serial, -7);
	REFUSED_WITH(serial_len, 21);
	REFUSED_WITH(hash_len, 31);
	REFUSED_WITH(hash, NID_sha1);
	REFUSED_WITH(hash, NID_sha384);
	REFUSED_WITH(ordering, 1);
	REFUSED_WITH(extra, NID_netscape_comment);
	REFUSED_WITH(trailing, 1);
	REFUSED_WITH(time, "20200101000000Z");
	REFUSED_WITH(time, "2020010100Z");
	REFUSED_WITH(time, "20200101000000.50Z");
	REFUSED_WITH(time, "20200101000000.Z");
	REFUSED_WITH(time, "20200101000000+0000");
}

CASE(a_fraction_of_a_second_is_taken)
{
	struct stamp s = good;
	char text[32];
	struct tm tm;
	const time_t t = time(NULL);

	(void)state;
	(void)gmtime_r(&t, &tm);
	assert_int_equal(strftime(text, sizeof(text), "%Y%m%d%H%M%S.25Z", &tm), 18);
	s.time = text;
	assert_ok(ask_stamp(&s));
	assert_int_equal(strftime(text, sizeof(text), "%Y%m%d%H%M%S.20Z", &tm), 18);
	assert_err(ask_stamp(&s), ERR_MALFORMED);
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
		cmocka_unit_test(a_time_stamp_within_its_row_is_signed),
		cmocka_unit_test(a_time_stamp_outside_its_row_is_refused),
		cmocka_unit_test(a_fraction_of_a_second_is_taken),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
