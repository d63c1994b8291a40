#include "rig.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>
#include <time.h>

#include "base/file.h"
#include "x509/own.h"

OWN_TYPE(TS_RESP)
OWN_TYPE(TS_RESP_CTX)

static inline void
CMS_ContentInfo_drop(CMS_ContentInfo **p)
{
	CMS_ContentInfo_free(*p);
	*p = NULL;
}

/* Document seals and time-stamps as libcrypto makes them with keys over there, and as `openssl cms` and `openssl ts` verify them. */
#define TSA_POLICY "1.3.6.1.4.1.99999.2.1"
#define KEY(label, purpose, algorithm, more)                                                   \
	"{\"label\": \"" label "\", \"purpose\": \"" purpose "\", \"algorithm\": \"" algorithm \
	"\", \"token\": \"main\", \"callers\": [\"ceremony\"]" more "},"
#define TSA ", \"policies\": [\"" TSA_POLICY "\"]"
static const char rows[] = KEY("seal-p256", "document-seal", "P-256", "") KEY("seal-p521", "document-seal", "P-521", "")
	KEY("seal-rsa", "document-seal", "RSA-2048", "") KEY("seal-pss", "document-seal", "RSA-2048-PSS", "")
		KEY("tsa-p256", "time-stamp", "P-256", TSA) KEY("tsa-p384", "time-stamp", "P-384", TSA)
			KEY("tsa-rsa", "time-stamp", "RSA-2048", TSA);
static const char *const labels[] = {"seal-p256", "seal-p521", "seal-rsa", "seal-pss", "tsa-p256", "tsa-p384",
	"tsa-rsa"};

static EVP_PKEY *ca_key;
static X509 *ca;

static int
set_up(void **state)
{
	struct rig *r = rig_new_with(rows);

	*state = r;
	if (r == NULL)
		return 0;
	rig_up(r, NULL);
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		AUTO(writer) json = writer_new(1 << 16);

		assert_ok(keyring_generate(r->keyring, labels[i], &json));
	}
	assert_ok(keyring_provider_load(r->keyring));
	ca_key = EVP_EC_gen("P-256");
	return 0;
}

static int
tear_down(void **state)
{
	X509_free(ca);
	EVP_PKEY_free(ca_key);
	keyring_provider_unload();
	rig_free((struct rig **)state);
	return 0;
}

static void
extend(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *e;

	X509V3_set_ctx(&context, issuer, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &context, nid, (char *)(uintptr_t)value);
	assert_non_null(e);
	assert_int_equal(X509_add_ext(x, e, -1), 1);
	X509_EXTENSION_free(e);
}

/* A certificate by a test CA of this process: who certifies a seal is not what is tested here. */
static X509 *
certificate(EVP_PKEY *subject, const char *cn, const char *basic, const char *usage, const char *extended)
{
	X509 *x = X509_new();
	X509 *issuer = ca == NULL ? x : ca;

	assert_true(X509_set_version(x, 2) && ASN1_INTEGER_set(X509_get_serialNumber(x), 7) &&
		X509_gmtime_adj(X509_getm_notBefore(x), -60) != NULL &&
		X509_gmtime_adj(X509_getm_notAfter(x), 3600) != NULL);
	assert_true(X509_set_pubkey(x, subject) &&
		X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8, (const uint8_t *)cn, -1, -1,
			0));
	assert_true(X509_set_issuer_name(x, X509_get_subject_name(issuer)));
	extend(x, issuer, NID_subject_key_identifier, "hash");
	extend(x, issuer, NID_basic_constraints, basic);
	extend(x, issuer, NID_key_usage, usage);
	if (extended != NULL)
		extend(x, issuer, NID_ext_key_usage, extended);
	assert_true(X509_sign(x, ca_key, EVP_sha256()) > 0);
	return x;
}

static void
ca_make(const struct rig *r)
{
	char path[128];
	FILE *f;

	if (ca != NULL)
		return;
	ca = certificate(ca_key, "Test CA", "critical,CA:TRUE", "critical,keyCertSign", NULL);
	rig_path(r, "ca.pem", path);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(PEM_write_X509(f, ca), 1);
	assert_int_equal(fclose(f), 0);
}

static void
put(const struct rig *r, const char *name, uint8_t *der, int len)
{
	char path[128];

	assert_true(len > 0);
	rig_path(r, name, path);
	assert_ok(file_write(path, span_at(der, (size_t)len), 0644));
	OPENSSL_free(der);
}

/* A client that we did not write says so. */
static int
openssl(const struct rig *r, const char *arguments)
{
	char command[1024];

	(void)snprintf(command, sizeof(command), "cd '%s' && openssl %s >>openssl.log 2>&1", r->dir, arguments);
	return system(command);
}

enum { FLAGS = CMS_CADES | CMS_DETACHED | CMS_BINARY | CMS_NOSMIMECAP };

static CMS_ContentInfo *
seal(X509 *x, EVP_PKEY *key, const char *document, bool pss, unsigned flags)
{
	OWN(BIO) content = BIO_new_mem_buf(document, -1);
	CMS_ContentInfo *cms;
	CMS_SignerInfo *signer;
	EVP_PKEY_CTX *context;

	if (!pss)
		return CMS_sign(x, key, NULL, content, flags);
	cms = CMS_sign(NULL, NULL, NULL, content, flags | CMS_PARTIAL);
	signer = CMS_add1_signer(cms, x, key, NULL, flags | CMS_KEY_PARAM);
	assert_non_null(signer);
	context = CMS_SignerInfo_get0_pkey_ctx(signer);
	assert_true(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) > 0);
	assert_int_equal(CMS_final(cms, content, NULL, flags), 1);
	return cms;
}

static void
document_is_sealed(struct rig *r, const char *label)
{
	static const char document[] = "The land register has the following entry.\n";
	EVP_PKEY *handle = NULL;
	uint8_t *der = NULL;
	int len;

	assert_ok(keyring_key(r->keyring, label, SPAN(document), &handle));

	OWN(EVP_PKEY) key = handle;
	OWN(X509) x = certificate(key, "Test Seal", "critical,CA:FALSE", "critical,nonRepudiation", NULL);
	OWN(CMS_ContentInfo) cms = seal(x, key, document, strcmp(label, "seal-pss") == 0, FLAGS);

	if (cms == NULL)
		print_message("%s: %s\n", label, err_name(own_failed(ERR_CRYPTO, "CMS_sign")));
	assert_non_null(cms);
	len = i2d_CMS_ContentInfo(cms, &der);
	put(r, "seal.p7s", der, len);
	put(r, "document", (uint8_t *)OPENSSL_strdup(document), (int)strlen(document));
	put(r, "other", (uint8_t *)OPENSSL_strdup("Another entry."), 14);
	assert_int_equal(
		openssl(r,
			"cms -verify -cades -binary -inform DER -in seal.p7s -content document -CAfile ca.pem -purpose any "
			"-out out"),
		0);
	assert_int_not_equal(
		openssl(r,
			"cms -verify -cades -binary -inform DER -in seal.p7s -content other -CAfile ca.pem "
			"-purpose any -out out"),
		0);
}

CASE(a_document_is_sealed_by_cms_sign)
{
	struct rig *r = rig_of(state);

	ca_make(r);
	document_is_sealed(r, "seal-p256");
	document_is_sealed(r, "seal-p521");
	document_is_sealed(r, "seal-rsa");
	document_is_sealed(r, "seal-pss");
}

/* Evidence once ended at 64 KiB: a document is longer than a frame. */
CASE(a_document_of_a_mebibyte_is_sealed)
{
	enum { LEN = 1 << 20 };
	struct rig *r = rig_of(state);
	char *document = malloc(LEN + 1);
	EVP_PKEY *handle = NULL;

	assert_non_null(document);
	memset(document, 'x', LEN);
	document[LEN] = '\0';
	ca_make(r);
	assert_ok(keyring_key(r->keyring, "seal-p256", span_at(document, LEN), &handle));

	OWN(EVP_PKEY) key = handle;
	OWN(X509) x = certificate(key, "Test Seal", "critical,CA:FALSE", "critical,nonRepudiation", NULL);
	OWN(CMS_ContentInfo) cms = seal(x, key, document, false, FLAGS);

	assert_non_null(cms);
	free(document);
}

/* What the evidence is not, what names no certificate, and what nobody reads is not signed. */
CASE(another_document_than_the_evidence_is_not_sealed)
{
	struct rig *r = rig_of(state);
	OWN(EVP_PKEY) key = NULL;
	OWN(X509) x = NULL;

	ca_make(r);
	assert_ok(keyring_key(r->keyring, "seal-p256", SPAN("this"), &key));
	x = certificate(key, "Test Seal", "critical,CA:FALSE", "critical,nonRepudiation", NULL);
	assert_null(seal(x, key, "that", false, FLAGS));
	assert_err(own_failed(ERR_CRYPTO, "CMS_sign"), ERR_REFUSED);
	assert_non_null(strstr(err_why(), "messageDigest"));
	assert_null(seal(x, key, "this", false, FLAGS & ~(unsigned)CMS_CADES));
	assert_err(own_failed(ERR_CRYPTO, "CMS_sign"), ERR_REFUSED);
	assert_non_null(strstr(err_why(), "signingCertificateV2 is missing"));
	assert_null(seal(x, key, "this", false, FLAGS & ~(unsigned)CMS_NOSMIMECAP));
	assert_err(own_failed(ERR_CRYPTO, "CMS_sign"), ERR_REFUSED);
	assert_null(seal(x, key, "this", false, FLAGS | CMS_NOATTR)); /* a bare digest never leaves this process */
	ERR_clear_error();
}

/* ---- time-stamps: what is stamped is made inside TS_RESP_create_response, so the evidence is taken from there when the signature is asked for ---- */

struct stamping {
	struct keyring *keyring;
	TS_RESP_CTX *ts;
};

static enum err
stamp(void *context, const char *label, struct span object, struct writer *signature)
{
	const struct stamping *s = context;
	uint8_t *der = NULL;
	const int len = i2d_TS_TST_INFO(TS_RESP_CTX_get_tst_info(s->ts), &der);
	enum err e = ERR_CRYPTO;

	if (len > 0)
		e = keyring_sign(s->keyring, label, object, span_at(der, (size_t)len), signature);
	OPENSSL_free(der);
	return e;
}

static ASN1_INTEGER *
serial(TS_RESP_CTX *ts, void *context)
{
	ASN1_INTEGER *n = ASN1_INTEGER_new();

	(void)ts;
	(void)context;
	assert_int_equal(ASN1_INTEGER_set(n, 4711), 1);
	return n;
}

static long skew;

static int
clock_of(TS_RESP_CTX *ts, void *context, long *seconds, long *micros)
{
	(void)ts;
	(void)context;
	*seconds = time(NULL) + skew;
	*micros = 0;
	return 1;
}

static TS_RESP *
stamped(struct rig *r, const char *label, const char *policy)
{
	OWN(TS_RESP_CTX) ts = TS_RESP_CTX_new();
	struct stamping s = {r->keyring, ts};
	EVP_PKEY *handle = NULL;
	OWN(BIO) request = NULL;
	OWN(ASN1_OBJECT) oid = OBJ_txt2obj(policy, 1);
	char path[128];

	assert_ok(keyring_key_signed_by(r->keyring, label, stamp, &s, &handle));

	OWN(EVP_PKEY) key = handle;
	OWN(X509)
	x = certificate(key, "Test TSA", "critical,CA:FALSE", "critical,digitalSignature", "critical,timeStamping");

	assert_true(TS_RESP_CTX_set_signer_cert(ts, x) && TS_RESP_CTX_set_signer_key(ts, key) &&
		TS_RESP_CTX_set_def_policy(ts, oid) && TS_RESP_CTX_add_md(ts, EVP_sha256()) &&
		TS_RESP_CTX_set_signer_digest(ts, strcmp(label, "tsa-p384") == 0 ? EVP_sha384() : EVP_sha256()) &&
		TS_RESP_CTX_set_ess_cert_id_digest(ts, EVP_sha256()) && TS_RESP_CTX_set_accuracy(ts, 1, 0, 0));
	TS_RESP_CTX_set_serial_cb(ts, serial, NULL);
	TS_RESP_CTX_set_time_cb(ts, clock_of, NULL);
	put(r, "document", (uint8_t *)OPENSSL_strdup("stamped"), 7);
	assert_int_equal(openssl(r, "ts -query -data document -sha256 -cert -out request.tsq"), 0);
	rig_path(r, "request.tsq", path);
	request = BIO_new_file(path, "rb");
	return TS_RESP_create_response(ts, request);
}

static bool
granted(TS_RESP *response)
{
	return response != NULL && ASN1_INTEGER_get(TS_STATUS_INFO_get0_status(TS_RESP_get_status_info(response))) == 0;
}

static void
document_is_stamped(struct rig *r, const char *label)
{
	OWN(TS_RESP) response = stamped(r, label, TSA_POLICY);
	uint8_t *der = NULL;
	int len;

	if (!granted(response))
		print_message("%s: %s\n", label, err_name(own_failed(ERR_CRYPTO, "TS_RESP_create_response")));
	assert_true(granted(response));
	len = i2d_TS_RESP(response, &der);
	put(r, "response.tsr", der, len);
	assert_int_equal(openssl(r, "ts -verify -queryfile request.tsq -in response.tsr -CAfile ca.pem"), 0);
}

CASE(a_time_stamp_is_made_by_ts_resp_create_response)
{
	struct rig *r = rig_of(state);

	ca_make(r);
	skew = 0;
	document_is_stamped(r, "tsa-p256");
	document_is_stamped(r, "tsa-p384");
	document_is_stamped(r, "tsa-rsa");
}

CASE(a_time_stamp_of_another_time_or_policy_is_refused)
{
	struct rig *r = rig_of(state);

	ca_make(r);
	skew = -3600;
	{
		OWN(TS_RESP) response = stamped(r, "tsa-p256", TSA_POLICY);

		assert_false(granted(response));
	}
	skew = 0;
	{
		OWN(TS_RESP) response = stamped(r, "tsa-p256", "1.3.6.1.4.1.99999.2.2");

		assert_false(granted(response));
	}
	ERR_clear_error();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_document_is_sealed_by_cms_sign),
		cmocka_unit_test(a_document_of_a_mebibyte_is_sealed),
		cmocka_unit_test(another_document_than_the_evidence_is_not_sealed),
		cmocka_unit_test(a_time_stamp_is_made_by_ts_resp_create_response),
		cmocka_unit_test(a_time_stamp_of_another_time_or_policy_is_refused),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
