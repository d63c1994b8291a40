#include "rig.h"

#include <openssl/x509v3.h>
#include <signal.h>
#include <time.h>

#include "base/file.h"
#include "base/random.h"
#include "x509/own.h"
#include "x509/x509.h"

static int
set_up(void **state)
{
	struct rig *r = rig_new();

	*state = r;
	if (r == NULL)
		return 0;
	rig_up(r, NULL);
	rig_generate(r, "root-ca");
	rig_generate(r, "citizen-ca");
	return 0;
}

static int
tear_down(void **state)
{
	rig_free((struct rig **)state);
	return 0;
}

/* ---- a root ---- */

static void
extend(X509 *x, X509V3_CTX *context, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, context, nid, value);

	assert_non_null(e);
	assert_int_equal(X509_add_ext(x, e, -1), 1);
	X509_EXTENSION_free(e);
}

/* A root certificate as a ceremony makes it, signed by key. */
static X509 *
root_make(EVP_PKEY *key, const char *cn, int days)
{
	X509 *x = X509_new();
	X509V3_CTX context;

	assert_true(X509_set_version(x, 2) && X509_set_pubkey(x, key) && ASN1_INTEGER_set(X509_get_serialNumber(x), 4711));
	assert_true(X509_gmtime_adj(X509_getm_notBefore(x), 0) &&
		X509_gmtime_adj(X509_getm_notAfter(x), 86400L * days));
	assert_true(X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8, (const uint8_t *)cn, -1,
		-1, 0));
	assert_true(X509_set_issuer_name(x, X509_get_subject_name(x)));
	X509V3_set_ctx(&context, x, x, NULL, NULL, 0);
	extend(x, &context, NID_basic_constraints, "critical,CA:TRUE,pathlen:1");
	extend(x, &context, NID_key_usage, "critical,keyCertSign,cRLSign");
	extend(x, &context, NID_subject_key_identifier, "hash");
	if (X509_sign(x, key, EVP_sha384()) <= 0) {
		X509_free(x);
		return NULL;
	}
	return x;
}

static void
__attribute__((unused)) tbs_of(X509 *x, struct writer *out)
{
	uint8_t *der = NULL;
	const int len = i2d_re_X509_tbs(x, &der);

	assert_true(len > 0);
	writer_bytes(out, span_at(der, (size_t)len));
	OPENSSL_free(der);
}

static enum err
act_root(struct rig *r, struct keyring *k, void *context)
{
	struct rig_signer signer = {r, k};
	OWN(EVP_PKEY) key = NULL;
	OWN(X509) x = NULL;

	(void)context;
	TRY(keyring_provider_load(k));
	TRY(keyring_key_signed_by(k, "root-ca", rig_sign, &signer, &key));
	x = root_make(key, "Test Root", 100);
	if (x == NULL)
		return own_failed(ERR_CRYPTO, "root");
	return X509_verify(x, key) == 1 ? ERR_OK : ERR_BAD_SIGNATURE;
}

CASE(two_of_three_custodians_sign_a_root)
{
	struct rig *r = rig_of(state);

	assert_ok(rig_as(r, 0, act_root, NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_of_three_custodians_sign_a_root),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
