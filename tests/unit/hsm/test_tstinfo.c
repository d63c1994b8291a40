#include "made.h"

#include <openssl/ts.h>
#include <time.h>

#include "x509/own.h"

OWN_TYPE(TS_TST_INFO)

/* TSTInfos that libcrypto made, each with one thing changed. */
static char *policies[] = {(char *)"1.2.3.4"};
static struct key_rule tsa_rule = {.label = (char *)"tsa", .purpose = (char *)"time-stamp", .policies = {policies, 1}};

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

	made_make(content, type, &m);
	made_assemble(&m, true, &object);
	e = made_ask(&type_tstinfo, &tsa_rule, &made_ec, writer_span(&object), content);
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
		cmocka_unit_test(a_time_stamp_within_its_row_is_signed),
		cmocka_unit_test(a_time_stamp_outside_its_row_is_refused),
		cmocka_unit_test(a_fraction_of_a_second_is_taken),
	};
	return cmocka_run_group_tests(tests, made_set_up, made_tear_down);
}
