#include "typed.h"

#include <openssl/ec.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>
#include <time.h>

#include "base/encode.h"
#include "x509/own.h"

static char *ca_usages[] = {(char *)"keyCertSign", (char *)"cRLSign"};
static char *leaf_usages[] = {(char *)"digitalSignature", (char *)"nonRepudiation"};
static char *usages[] = {(char *)"1.3.6.1.5.5.7.3.2"};
static struct certificate_rule rules[] = {
	{.profile = (char *)"root",
		.days = 100,
		.ca = true,
		.path_length = 1,
		.self_signed = true,
		.key_usage = {ca_usages, 2}},
	{.profile = (char *)"issuing",
		.policy = (char *)"2.5.29.32.0",
		.days = 100,
		.ca = true,
		.path_length = 0,
		.key_usage = {ca_usages, 2}},
	{.profile = (char *)"leaf",
		.policy = (char *)"1.2.3.4",
		.days = 10,
		.key_usage = {leaf_usages, 2},
		.extended_key_usage = {usages, 1}},
};
static char *typ[] = {(char *)"decision+jwt"};
static struct key_rule ca_rule = {.label = (char *)"ca",
	.purpose = (char *)"root-ca",
	.algorithm = (char *)"P-384",
	.list_days = 8,
	.certificates = {rules, 3}};
static struct key_rule ocsp_rule = {.label = (char *)"ocsp",
	.purpose = (char *)"ocsp",
	.algorithm = (char *)"P-256",
	.list_days = 8};
static struct key_rule seal_rule = {.label = (char *)"seal",
	.purpose = (char *)"agency-seal",
	.algorithm = (char *)"P-256",
	.typ = {typ, 1},
	.agency = (char *)"land",
	.lifetime = 100};
static struct token_key ca_key, ocsp_key;

static int
set_up(void **state)
{
	(void)state;
	typed_key(&ca_key, "P-384");
	typed_key(&ocsp_key, "P-256");
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	token_key_free(&ca_key);
	token_key_free(&ocsp_key);
	return 0;
}

/* ---- TBSCertificate ---- */

struct tbs {
	const char *policy, *basic, *usage, *extended;
	long begin, end; /* seconds from now */
	long serial;     /* 0: 7 */
	EVP_PKEY *subject, *issuer;
	int extra; /* NID of one more extension; 0 none */
	const EVP_MD *digest;
};

static const struct tbs leaf = {.policy = "1.2.3.4",
	.usage = "critical,digitalSignature",
	.extended = "clientAuth",
	.end = 10 * 86400};

static void
extend(X509 *x, X509V3_CTX *context, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, context, nid, (char *)(uintptr_t)value);

	assert_non_null(e);
	assert_int_equal(X509_add_ext(x, e, -1), 1);
	X509_EXTENSION_free(e);
}

static void
policy_add(X509 *x, const char *oid)
{
	CERTIFICATEPOLICIES *list = sk_POLICYINFO_new_null();
	POLICYINFO *info = POLICYINFO_new();

	info->policyid = OBJ_txt2obj(oid, 1);
	assert_int_equal(sk_POLICYINFO_push(list, info), 1);
	assert_int_equal(X509_add1_ext_i2d(x, NID_certificate_policies, list, 0, X509V3_ADD_APPEND), 1);
	sk_POLICYINFO_pop_free(list, POLICYINFO_free);
}

/* The signed part of a certificate that libcrypto makes and the CA key signs. */
static void
tbs_make(const struct tbs *t, struct writer *out)
{
	OWN(X509) x = X509_new();
	OWN(X509) issuer = X509_new();
	OWN(EVP_PKEY) person = EVP_EC_gen("P-256");
	EVP_PKEY *issuer_key = t->issuer == NULL ? ca_key.public_key : t->issuer;
	X509V3_CTX context;
	uint8_t *der = NULL;
	int len;

	assert_int_equal(X509_set_pubkey(issuer, issuer_key), 1);
	X509V3_set_ctx(&context, issuer, issuer, NULL, NULL, 0);
	extend(issuer, &context, NID_subject_key_identifier, "hash");
	X509V3_set_ctx(&context, issuer, x, NULL, NULL, 0);
	assert_true(X509_set_version(x, 2) && X509_set_pubkey(x, t->subject == NULL ? person : t->subject) &&
		ASN1_INTEGER_set(X509_get_serialNumber(x), t->serial == 0 ? 7 : t->serial));
	assert_true(ASN1_TIME_set(X509_getm_notBefore(x), now + t->begin) &&
		ASN1_TIME_set(X509_getm_notAfter(x), now + t->end));
	extend(x, &context, NID_authority_key_identifier, "keyid:always");
	if (t->policy != NULL)
		policy_add(x, t->policy);
	if (t->basic != NULL)
		extend(x, &context, NID_basic_constraints, t->basic);
	if (t->usage != NULL)
		extend(x, &context, NID_key_usage, t->usage);
	if (t->extended != NULL)
		extend(x, &context, NID_ext_key_usage, t->extended);
	if (t->extra != 0)
		extend(x, &context, t->extra, "test");
	assert_true(X509_sign(x, ca_key.public_key, t->digest == NULL ? EVP_sha384() : t->digest) > 0);
	len = i2d_re_X509_tbs(x, &der);
	assert_true(len > 0);
	writer_bytes(out, span_at(der, (size_t)len));
	OPENSSL_free(der);
}

static enum err
ask_tbs(const struct tbs *t)
{
	AUTO(writer) der = writer_new(1 << 16);

	tbs_make(t, &der);
	return typed_ask(&type_tbscertificate, &ca_rule, &ca_key, writer_span(&der));
}

CASE(a_certificate_within_its_profile_is_signed)
{
	(void)state;
	assert_ok(ask_tbs(&leaf));
}

CASE(a_certificate_outside_its_profile_is_refused)
{
	struct tbs t = leaf;
	OWN(EVP_PKEY) other = EVP_EC_gen("P-384");

	(void)state;
	t.policy = "1.2.3.5";
	assert_err(ask_tbs(&t), ERR_REFUSED);
	t = leaf;
	t.policy = NULL; /* falls under the root's row then */
	assert_err(ask_tbs(&t), ERR_REFUSED);
	t = leaf;
	t.end = 10 * 86400 + 1;
	assert_err(ask_tbs(&t), ERR_REFUSED);
	t = leaf;
	t.begin = 3600;
	assert_err(ask_tbs(&t), ERR_REFUSED);
	t = leaf;
	t.begin = -86400;
	assert_err(ask_tbs(&t), ERR_REFUSED);
	t = leaf;
	t.basic = "critical,CA:TRUE";
	assert_err(ask_tbs(&t), ERR_REFUSED);
	t = leaf;
	t.usage = "critical,keyCertSign";
	assert_err(ask_tbs(&t), ERR_REFUSED);
	t = leaf;
	t.usage = "critical,digitalSignature,keyEncipherment"; /* the row names the first only */
	assert_err(ask_tbs(&t), ERR_REFUSED);
	t = leaf;
	t.usage = "critical,keyAgreement,decipherOnly";
	assert_err(ask_tbs(&t), ERR_REFUSED);
	t = leaf;
	t.serial = -7;
	assert_err(ask_tbs(&t), ERR_REFUSED);
	t = leaf;
	t.usage = NULL;
	assert_err(ask_tbs(&t), ERR_REFUSED);
	t = leaf;
	t.extended = "OCSPSigning";
	assert_err(ask_tbs(&t), ERR_REFUSED);
	t = leaf;
	t.extended = "clientAuth,serverAuth";
	assert_err(ask_tbs(&t), ERR_REFUSED);
	t = leaf;
	t.extended = NULL;
	assert_err(ask_tbs(&t), ERR_REFUSED);
	t = leaf;
	t.extra = NID_netscape_comment;
	assert_err(ask_tbs(&t), ERR_REFUSED);
	t = leaf;
	t.issuer = other;
	assert_err(ask_tbs(&t), ERR_REFUSED);
	t = leaf;
	t.digest = EVP_sha256();
	assert_err(ask_tbs(&t), ERR_REFUSED);
}

CASE(a_ca_certificate_keeps_its_path_length)
{
	struct tbs t = {.policy = "2.5.29.32.0",
		.basic = "critical,CA:TRUE,pathlen:0",
		.usage = "critical,keyCertSign,cRLSign",
		.end = 86400};

	(void)state;
	assert_ok(ask_tbs(&t));
	t.basic = "critical,CA:TRUE,pathlen:1";
	assert_err(ask_tbs(&t), ERR_REFUSED);
	t.basic = "critical,CA:TRUE";
	assert_err(ask_tbs(&t), ERR_REFUSED);
	t.basic = NULL;
	assert_err(ask_tbs(&t), ERR_REFUSED);
}

CASE(a_root_certifies_itself_only)
{
	struct tbs t = {.basic = "critical,CA:TRUE,pathlen:1",
		.usage = "critical,keyCertSign,cRLSign",
		.end = 86400,
		.subject = ca_key.public_key};

	(void)state;
	assert_ok(ask_tbs(&t));
	t.subject = NULL;
	assert_err(ask_tbs(&t), ERR_REFUSED);
}

CASE(every_truncated_and_every_longer_certificate_is_refused)
{
	AUTO(writer) der = writer_new(1 << 16);

	(void)state;
	tbs_make(&leaf, &der);
	for (size_t len = 0; len < der.len; len++)
		assert_int_not_equal(typed_ask(&type_tbscertificate, &ca_rule, &ca_key, span_at(der.ptr, len)), ERR_OK);
	writer_u8(&der, 0);
	assert_int_not_equal(typed_ask(&type_tbscertificate, &ca_rule, &ca_key, writer_span(&der)), ERR_OK);
}

/* ---- ResponseData ---- */

static enum err
ask_answer(long produced, long begin, long end, EVP_PKEY *responder_key)
{
	OWN(OCSP_BASICRESP) r = OCSP_BASICRESP_new();
	OWN(X509) x = X509_new();
	OWN(OCSP_CERTID) id = NULL;
	OWN(ASN1_TIME) this_update = ASN1_TIME_set(NULL, now + begin);
	OWN(ASN1_TIME) next_update = end == 0 ? NULL : ASN1_TIME_set(NULL, now + end);
	AUTO(writer) der = writer_new(1 << 16);
	uint8_t *bytes = NULL;
	int len;

	assert_true(X509_set_pubkey(x, responder_key) && ASN1_INTEGER_set(X509_get_serialNumber(x), 3));
	id = OCSP_cert_to_id(EVP_sha256(), x, x);
	assert_non_null(OCSP_basic_add1_status(r, id, V_OCSP_CERTSTATUS_GOOD, 0, NULL, this_update, next_update));
	assert_int_equal(OCSP_basic_sign(r, x, responder_key, EVP_sha256(), NULL,
				 OCSP_RESPID_KEY | OCSP_NOCERTS | OCSP_NOTIME),
		1);
	assert_non_null(ASN1_GENERALIZEDTIME_set((ASN1_GENERALIZEDTIME *)(uintptr_t)OCSP_resp_get0_produced_at(r),
		now + produced));
	len = i2d_OCSP_RESPDATA((OCSP_RESPDATA *)(uintptr_t)OCSP_resp_get0_respdata(r), &bytes);
	writer_bytes(&der, span_at(bytes, (size_t)len));
	OPENSSL_free(bytes);
	return typed_ask(&type_responsedata, &ocsp_rule, &ocsp_key, writer_span(&der));
}

CASE(an_ocsp_answer_is_of_now_ends_and_is_ours)
{
	(void)state;
	assert_ok(ask_answer(0, 0, 3600, ocsp_key.public_key));
	assert_err(ask_answer(-2, 0, 3600, ocsp_key.public_key), ERR_REFUSED);
	assert_err(ask_answer(2, 0, 3600, ocsp_key.public_key), ERR_REFUSED);
	assert_err(ask_answer(0, -7200, 3600, ocsp_key.public_key), ERR_REFUSED);
	assert_err(ask_answer(0, 0, 0, ocsp_key.public_key), ERR_REFUSED);
	assert_err(ask_answer(0, 0, 9 * 86400, ocsp_key.public_key), ERR_REFUSED);
	assert_err(ask_answer(0, 0, 3600, ca_key.public_key), ERR_REFUSED);
}

/* ---- JWS ---- */

static enum err
ask_jws(const char *alg, const char *type, const char *kid, const char *extra, const char *payload)
{
	AUTO(writer) text = writer_new(1 << 16);
	AUTO(writer) header = writer_new(1 << 12);
	struct jwk *jwk = NULL;

	assert_ok(jwk_from_spki(writer_span(&ocsp_key.spki), NULL, &jwk));
	writer_format(&header, "{\"alg\":\"%s\",\"typ\":\"%s\",\"kid\":\"%s\"%s}", alg, type,
		kid == NULL ? jwk_kid(jwk) : kid, extra);
	jwk_free(&jwk);
	base64url_write(&text, writer_span(&header));
	writer_u8(&text, '.');
	base64url_write(&text, span_of(payload));
	return typed_ask(&type_jws, &seal_rule, &ocsp_key, writer_span(&text));
}

CASE(a_seal_is_for_its_own_agency_and_now)
{
	const char *good = "{\"iat\":1800000000,\"exp\":1800000060,\"agency\":\"land\"}";

	(void)state;
	assert_ok(ask_jws("ES256", "decision+jwt", NULL, "", good));
	/* the row has a lifetime: a token that never ends is longer than that */
	assert_err(ask_jws("ES256", "decision+jwt", NULL, "", "{\"iat\":1800000000,\"agency\":\"land\"}"), ERR_REFUSED);
	assert_err(ask_jws("ES256", "decision+jwt", NULL, "",
			   "{\"iat\":1800000000,\"exp\":1800000060,\"agency\":\"complaints\"}"),
		ERR_REFUSED);
	assert_err(ask_jws("ES256", "decision+jwt", NULL, "", "{\"iat\":1800000000,\"exp\":1800000060}"), ERR_REFUSED);
	assert_err(ask_jws("ES256", "decision+jwt", NULL, "",
			   "{\"iat\":1799999990,\"exp\":1800000050,\"agency\":\"land\"}"),
		ERR_REFUSED);
	assert_err(ask_jws("ES256", "decision+jwt", NULL, "",
			   "{\"iat\":1800000010,\"exp\":1800000070,\"agency\":\"land\"}"),
		ERR_REFUSED);
	assert_err(ask_jws("ES256", "decision+jwt", NULL, "",
			   "{\"iat\":1800000000,\"exp\":1800000101,\"agency\":\"land\"}"),
		ERR_REFUSED);
	assert_err(ask_jws("ES256", "decision+jwt", NULL, "",
			   "{\"iat\":1800000000,\"exp\":1800000060,\"agency\":\"land\",\"agency\":\"complaints\"}"),
		ERR_MALFORMED);
	assert_err(ask_jws("ES256", "decision+jwt", NULL, "", "[]"), ERR_MALFORMED);
	assert_err(ask_jws("ES256", "decision+jwt", NULL, "", "{\"agency\":\"land\"}"), ERR_MALFORMED);
}

CASE(a_header_that_says_otherwise_is_refused)
{
	const char *good = "{\"iat\":1800000000,\"exp\":1800000060,\"agency\":\"land\"}";

	(void)state;
	assert_err(ask_jws("ES256", "JWT", NULL, "", good), ERR_REFUSED);
	assert_err(ask_jws("ES256", "DECISION+JWT", NULL, "", good), ERR_REFUSED);
	assert_err(ask_jws("ES384", "decision+jwt", NULL, "", good), ERR_REFUSED);
	assert_err(ask_jws("none", "decision+jwt", NULL, "", good), ERR_UNSUPPORTED);
	assert_err(ask_jws("ES256", "decision+jwt", "another", "", good), ERR_REFUSED);
	assert_err(ask_jws("ES256", "decision+jwt", NULL, ",\"jwk\":{}", good), ERR_REFUSED);
	assert_err(ask_jws("ES256", "decision+jwt", NULL, ",\"crit\":[\"b64\"],\"b64\":false", good), ERR_UNSUPPORTED);
	assert_err(ask_jws("ES256", "decision+jwt", NULL, ",\"x5c\":[\"AAAA\"]", good), ERR_REFUSED);
	assert_err(ask_jws("ES256", "decision+jwt", NULL, ",\"alg\":\"ES256\"", good), ERR_MALFORMED);
}

/* ---- checkpoint ---- */

CASE(a_checkpoint_is_of_its_log)
{
	struct key_rule rule = {.label = (char *)"log", .origin = (char *)"localhost/log"};
	const char *good = "localhost/log\n7\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
	const char *other = "example/log\n7\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";

	(void)state;
	assert_ok(typed_ask(&type_checkpoint, &rule, &ocsp_key, span_of(good)));
	assert_err(typed_ask(&type_checkpoint, &rule, &ocsp_key, span_of(other)), ERR_REFUSED);
	assert_int_not_equal(typed_ask(&type_checkpoint, &rule, &ocsp_key, SPAN("localhost/log\n7\n")), ERR_OK);
	assert_int_not_equal(typed_ask(&type_checkpoint, &rule, &ocsp_key, SPAN("anything")), ERR_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_certificate_within_its_profile_is_signed),
		cmocka_unit_test(a_certificate_outside_its_profile_is_refused),
		cmocka_unit_test(a_ca_certificate_keeps_its_path_length),
		cmocka_unit_test(a_root_certifies_itself_only),
		cmocka_unit_test(every_truncated_and_every_longer_certificate_is_refused),
		cmocka_unit_test(an_ocsp_answer_is_of_now_ends_and_is_ours),
		cmocka_unit_test(a_seal_is_for_its_own_agency_and_now),
		cmocka_unit_test(a_header_that_says_otherwise_is_refused),
		cmocka_unit_test(a_checkpoint_is_of_its_log),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
