#include <stdio.h>
#include <string.h>

#include <openssl/ts.h>

#include "base/encode.h"
#include "hsm/type/der.h"
#include "hsm/type/signedattributes.h"
#include "x509/own.h"

OWN_TYPE(TS_TST_INFO)

enum {
	MAX_TSTINFO = 8 << 10,
	MAX_TST_SERIAL = 20, /* bytes: RFC 3161 2.4.2 */
	MAX_TST_NONCE = 64,
	TST_VERSION = 1,
};

/* RFC 3161 2.4.2: id-ct-TSTInfo, 1.2.840.113549.1.9.16.1.4 */
#define ID_CT_TSTINFO "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x04"

static enum err
parse(struct span content, TS_TST_INFO **out)
{
	OWN(TS_TST_INFO) t = NULL;
	const unsigned char *at = content.ptr;
	unsigned char *der = NULL;
	int len;

	REQUIRE_WHY(content.len <= MAX_TSTINFO, ERR_TOO_LONG, "a TSTInfo of more than %d bytes", MAX_TSTINFO);
	t = d2i_TS_TST_INFO(NULL, &at, (long)content.len);
	REQUIRE_WHY(t != NULL && at == content.ptr + content.len, ERR_MALFORMED, "RFC 3161 2.4.2: not a TSTInfo");
	len = i2d_TS_TST_INFO(t, &der);
	TRY(der_same(der, len, content));
	REQUIRE_WHY(TS_TST_INFO_get_version(t) == TST_VERSION, ERR_REFUSED, "RFC 3161 2.4.2: not version 1");
	*out = t;
	t = NULL;
	return ERR_OK;
}

static enum err
policy_check(const struct type_question *q, TS_TST_INFO *t)
{
	char oid[128] = "";

	REQUIRE_WHY(OBJ_obj2txt(oid, sizeof(oid), TS_TST_INFO_get_policy_id(t), 1) < (int)sizeof(oid) &&
			json_texts_have(&q->rule->policies, oid),
		ERR_REFUSED, "RFC 3161 2.4.2: key '%s' has no policy '%s' in keys.json", q->rule->label, oid);
	return ERR_OK;
}

/* The hash must be as long as its algorithm says, or it is none. */
static enum err
imprint_check(TS_TST_INFO *t)
{
	static const struct {
		int nid, len;
	} hashes[] = {{NID_sha256, 32}, {NID_sha384, 48}, {NID_sha512, 64}, {NID_sha3_256, 32}, {NID_sha3_384, 48},
		{NID_sha3_512, 64}};
	TS_MSG_IMPRINT *imprint = TS_TST_INFO_get_msg_imprint(t);
	const ASN1_OBJECT *object;
	const void *parameters;
	int type;

	X509_ALGOR_get0(&object, &type, &parameters, TS_MSG_IMPRINT_get_algo(imprint));
	REQUIRE_WHY(type == V_ASN1_UNDEF || type == V_ASN1_NULL, ERR_MALFORMED,
		"RFC 5754 2: a hash algorithm with parameters");
	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++)
		if (hashes[i].nid == OBJ_obj2nid(object)) {
			REQUIRE_WHY(ASN1_STRING_length(TS_MSG_IMPRINT_get_msg(imprint)) == hashes[i].len, ERR_REFUSED,
				"RFC 3161 2.4.1: a messageImprint of another length than %s",
				OBJ_nid2sn(hashes[i].nid));
			return ERR_OK;
		}
	return err_because(ERR_REFUSED, "RFC 3161 2.4.2: a messageImprint by a hash that is not taken here");
}

/* RFC 3161 2.4.2: GeneralizedTime in UTC, to the second or finer; a fraction has no trailing zero. */
static enum err
time_check(const struct type_question *q, TS_TST_INFO *t, unix_time *when)
{
	const ASN1_GENERALIZEDTIME *time = TS_TST_INFO_get_time(t);
	const struct span text = span_at(ASN1_STRING_get0_data(time), (size_t)ASN1_STRING_length(time));
	enum { SECONDS = 14 };

	REQUIRE_WHY(text.len > SECONDS && text.ptr[text.len - 1] == 'Z' &&
			(text.len == SECONDS + 1 ||
				(text.ptr[SECONDS] == '.' && text.len > SECONDS + 2 && text.ptr[text.len - 2] != '0')),
		ERR_MALFORMED, "RFC 3161 2.4.2: genTime is not in its form");
	TRY(der_time(time, when));
	REQUIRE_WHY(*when <= q->now + 1 && *when >= q->now - 1, ERR_REFUSED, "RFC 3161 2.4.2: genTime is not now");
	return ERR_OK;
}

/* RFC 3161 2.4.2; ETSI EN 319 422 5.2.2 wants it there. What is checked here is the time to the second, and so nothing wider than that is claimed. */
static enum err
accuracy_check(TS_TST_INFO *t)
{
	const TS_ACCURACY *accuracy = TS_TST_INFO_get_accuracy(t);
	const ASN1_INTEGER *parts[] = {accuracy == NULL ? NULL : TS_ACCURACY_get_seconds(accuracy),
		accuracy == NULL ? NULL : TS_ACCURACY_get_millis(accuracy),
		accuracy == NULL ? NULL : TS_ACCURACY_get_micros(accuracy)};
	static const int64_t units[] = {1000000, 1000, 1}, most[] = {1, 999, 999};
	int64_t total = 0;

	for (size_t i = 0; i < 3; i++) {
		int64_t n = 0;

		if (parts[i] == NULL)
			continue;
		REQUIRE_WHY(ASN1_INTEGER_get_int64(&n, parts[i]) == 1 && n >= (i == 0 ? 0 : 1) && n <= most[i],
			ERR_REFUSED, "RFC 3161 2.4.2: an accuracy out of bounds");
		total += n * units[i];
	}
	REQUIRE_WHY(total > 0 && total <= units[0], ERR_REFUSED,
		"RFC 3161 2.4.2: accuracy is missing, or wider than a second");
	return ERR_OK;
}

static enum err
numbers_check(TS_TST_INFO *t)
{
	const ASN1_INTEGER *serial = TS_TST_INFO_get_serial(t), *nonce = TS_TST_INFO_get_nonce(t);
	const int len = ASN1_STRING_length(serial);

	REQUIRE_WHY(ASN1_STRING_type(serial) == V_ASN1_INTEGER && len <= MAX_TST_SERIAL &&
			(len > 1 || ASN1_STRING_get0_data(serial)[0] != 0),
		ERR_REFUSED, "RFC 3161 2.4.2: a serialNumber is positive and of 160 bits at most");
	REQUIRE_WHY(nonce == NULL || ASN1_STRING_length(nonce) <= MAX_TST_NONCE, ERR_REFUSED,
		"RFC 3161 2.4.2: a nonce of more than %d bytes", MAX_TST_NONCE);
	return ERR_OK;
}

static void
describe(TS_TST_INFO *t, unix_time when, char *detail)
{
	AUTO(writer) w = writer_new(MAX_TYPE_DETAIL - 1);
	const ASN1_INTEGER *serial = TS_TST_INFO_get_serial(t);
	const ASN1_OCTET_STRING *imprint = TS_MSG_IMPRINT_get_msg(TS_TST_INFO_get_msg_imprint(t));

	writer_text(&w, "serial=");
	hex_write(&w, span_at(ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial)));
	writer_format(&w, " time=%lld imprint=", (long long)when);
	hex_write(&w, span_at(ASN1_STRING_get0_data(imprint), (size_t)ASN1_STRING_length(imprint)));
	(void)snprintf(detail, MAX_TYPE_DETAIL, "%s", (const char *)writer_span(&w).ptr);
}

static enum err
check(const struct type_question *q, char *detail)
{
	OWN(TS_TST_INFO) t = NULL;
	unix_time when;

	TRY(signedattributes_check(q, SPAN(ID_CT_TSTINFO)));
	TRY(parse(q->evidence, &t));
	TRY(policy_check(q, t));
	TRY(imprint_check(t));
	TRY(numbers_check(t));
	TRY(time_check(q, t, &when));
	TRY(accuracy_check(t));
	REQUIRE_WHY(!TS_TST_INFO_get_ordering(t), ERR_REFUSED,
		"RFC 3161 2.4.2: ordering is claimed, and nobody here sees to it");
	REQUIRE_WHY(TS_TST_INFO_get_ext_count(t) == 0, ERR_REFUSED,
		"RFC 3161 2.4.2: an extension is not one that is signed here");
	describe(t, when, detail);
	return ERR_OK;
}

const struct type type_tstinfo = {"TSTInfo", false, signedattributes_looks, check};
