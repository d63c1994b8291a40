#include "rig.h"

#include <openssl/core_names.h>
#include <openssl/ocsp.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <time.h>

#include "base/encode.h"
#include "base/file.h"
#include "base/random.h"
#include "policy/algorithm.h"
#include "x509/own.h"
#include "x509/x509.h"

/* Every algorithm that a key may have, through a real token and libcrypto: what libcrypto would have made with a key of its own. */
static const struct kind {
	const char *label, *algorithm, *jose;
	int nid, bits;
	bool pss;
} kinds[] = {
	{"ca-p256", "P-256", "ES256", NID_ecdsa_with_SHA256, 256, false},
	{"ca-p384", "P-384", "ES384", NID_ecdsa_with_SHA384, 384, false},
	{"ca-p521", "P-521", "ES512", NID_ecdsa_with_SHA512, 521, false},
	{"ca-ed25519", "Ed25519", "EdDSA", NID_ED25519, 256, false},
	{"ca-rsa-2048", "RSA-2048", "RS256", NID_sha256WithRSAEncryption, 2048, false},
	{"ca-rsa-3072", "RSA-3072", "RS256", NID_sha256WithRSAEncryption, 3072, false},
	{"ca-rsa-384", "RSA-3072-SHA-384", "RS384", NID_sha384WithRSAEncryption, 3072, false},
	{"ca-rsa-4096", "RSA-4096", "RS512", NID_sha512WithRSAEncryption, 4096, false},
	{"ca-pss-2048", "RSA-2048-PSS", "PS256", NID_rsassaPss, 2048, true},
	{"ca-pss-3072", "RSA-3072-PSS", "PS256", NID_rsassaPss, 3072, true},
	{"ca-pss-384", "RSA-3072-PSS-SHA-384", "PS384", NID_rsassaPss, 3072, true},
	{"ca-pss-4096", "RSA-4096-PSS", "PS512", NID_rsassaPss, 4096, true},
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

/* The repository's root profile, for keys of every type. */
static void
profile_make(const struct rig *r)
{
	AUTO(writer) text = writer_new(1 << 16);
	AUTO(writer) out = writer_new(1 << 16);
	const char *root = getenv("MOHAR_ROOT");
	char path[512], copy[128], *at;

	(void)snprintf(path, sizeof(path), "%s/policies/profiles/root.json", root == NULL ? "." : root);
	assert_ok(file_read(path, 1 << 16, &text));
	at = strstr((char *)(uintptr_t)writer_span(&text).ptr, "\"key_types\": [");
	assert_non_null(at);
	*strchr(at, '[') = '\0';
	writer_format(&out, "%s[\"P-256\", \"P-521\", \"Ed25519\", \"RSA-2048\", \"RSA-3072\", \"RSA-4096\", %s",
		(const char *)text.ptr, at + strlen(at) + 1);
	rig_path(r, "root.json", copy);
	assert_ok(file_write(copy, writer_span(&out), 0644));
}

static int
set_up(void **state)
{
	AUTO(writer) rows = writer_new(1 << 16);
	struct rig *r;

	for (size_t i = 0; i < KINDS; i++) {
		writer_format(&rows,
			"{\"label\": \"%s\", \"purpose\": \"root-ca\", \"algorithm\": \"%s\", \"token\": \"main\", \"callers\": [\"ceremony\"], "
			"\"list_days\": 8, \"certificates\": [{\"profile\": \"root\", \"days\": 7305, \"key_usage\": [\"keyCertSign\", "
			"\"cRLSign\"], \"ca\": true, \"path_length\": 1, \"self_signed\": true}]},",
			kinds[i].label, kinds[i].algorithm);
		writer_format(&rows,
			"{\"label\": \"o%s\", \"purpose\": \"ocsp\", \"algorithm\": \"%s\", \"token\": \"main\", \"callers\": [\"ceremony\"], "
			"\"list_days\": 8},"
			"{\"label\": \"j%s\", \"purpose\": \"token-jws\", \"algorithm\": \"%s\", \"token\": \"main\", \"callers\": "
			"[\"ceremony\"], \"typ\": [\"JWT\"]},",
			kinds[i].label, kinds[i].algorithm, kinds[i].label, kinds[i].algorithm);
	}
	r = rig_new_with((const char *)writer_span(&rows).ptr);
	*state = r;
	if (r == NULL)
		return 0;
	profile_make(r);
	rig_up(r, NULL);
	assert_ok(keyring_provider_load(r->keyring));
	return 0;
}

static int
tear_down(void **state)
{
	keyring_provider_unload();
	rig_free((struct rig **)state);
	return 0;
}

static EVP_PKEY *
key_made(struct rig *r, const char *prefix, const struct kind *kind)
{
	static struct rig_signer signer;
	AUTO(writer) json = writer_new(1 << 16);
	EVP_PKEY *key = NULL;
	char label[MAX_KEY_LABEL];
	enum err e;

	(void)snprintf(label, sizeof(label), "%s%s", prefix, kind->label);
	e = keyring_generate(r->keyring, label, &json);
	if (e != ERR_OK && e != ERR_EXISTS)
		print_message("%s: %s\n", label, err_why());
	assert_true(e == ERR_OK || e == ERR_EXISTS);
	signer = (struct rig_signer){.rig = r, .keyring = r->keyring};
	if (prefix[0] == '\0') /* a root's: custodians decide what it signs */
		assert_ok(keyring_key_signed_by(r->keyring, label, rig_sign, &signer, &key));
	else
		assert_ok(keyring_key(r->keyring, label, SPAN(""), &key));
	assert_int_equal(EVP_PKEY_get_bits(key), kind->bits);
	return key;
}

/* RFC 4055 3.1: SHA-2, MGF1 by the same, a salt as long; in libcrypto's own form, so that no verifier is surprised. */
static void
pss_parameters_are_libcryptos(const X509 *x, const struct kind *kind)
{
	OWN(EVP_MD_CTX) md = EVP_MD_CTX_new();
	OWN(EVP_PKEY) own = EVP_RSA_gen(2048);
	EVP_PKEY_CTX *context = NULL;
	uint8_t theirs[256], *ours = NULL;
	OSSL_PARAM params[] = {OSSL_PARAM_construct_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID, theirs,
				       sizeof(theirs)),
		OSSL_PARAM_construct_end()};
	int len;

	assert_int_equal(EVP_DigestSignInit(md, &context,
				 kind->bits == 4096                         ? EVP_sha512()
					 : strcmp(kind->jose, "PS384") == 0 ? EVP_sha384()
									    : EVP_sha256(),
				 NULL, own),
		1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST), 1);
	assert_int_equal(EVP_PKEY_CTX_get_params(context, params), 1);
	len = i2d_X509_ALGOR(X509_get0_tbs_sigalg(x), &ours);
	assert_int_equal(len, params[0].return_size);
	assert_memory_equal(ours, theirs, (size_t)len);
	OPENSSL_free(ours);
}

/* Which algorithm, and why: a failure of cmocka's own shows neither. */
static void
tell(const struct kind *kind, enum err e)
{
	if (e != ERR_OK)
		print_message("%s: %s\n", kind->algorithm, err_why());
	assert_ok(e);
}

static enum err
root_make(const struct rig *r, EVP_PKEY *key, X509 **out)
{
	AUTO(profile) p = {0};
	AUTO(writer) spki = writer_new(1024);
	const struct name_part name = {"CN", "Test Root"};
	const struct clock clock = clock_system();
	struct certificate_facts f = {.profile = &p, .subject = &name, .subject_count = 1};
	unsigned char *der = NULL;
	const int len = i2d_PUBKEY(key, &der);
	char path[128];

	rig_path(r, "root.json", path);
	TRY(profile_read(path, &p));
	writer_bytes(&spki, span_at(der, (size_t)len));
	OPENSSL_free(der);
	f.spki = writer_span(&spki);
	f.not_before = clock_now(&clock);
	f.not_after = f.not_before + 86400;
	random_bytes(f.serial, sizeof(f.serial));
	return certificate_make(&f, key, out);
}

static void
certificate_and_list(struct rig *r, const struct kind *kind)
{
	OWN(EVP_PKEY) key = key_made(r, "", kind);
	OWN(X509) x = NULL;
	AUTO(writer) der = writer_new(1 << 16);
	const struct clock clock = clock_system();
	struct crl_facts facts = {.number = 1, .this_update = clock_now(&clock)};

	tell(kind, root_make(r, key, &x));
	assert_int_equal(X509_get_signature_nid(x), kind->nid);
	assert_int_equal(X509_verify(x, X509_get0_pubkey(x)), 1);
	assert_int_equal(X509_check_private_key(x, key), 1);
	if (kind->pss)
		pss_parameters_are_libcryptos(x, kind);
	facts.issuer = x;
	facts.next_update = facts.this_update + 86400;
	tell(kind, crl_make(&facts, key, &der));
	assert_ok(crl_check(writer_span(&der), x, x, facts.this_update));
}

static void
ocsp_answer(struct rig *r, const struct kind *kind)
{
	OWN(EVP_PKEY) key = key_made(r, "o", kind);
	OWN(EVP_PKEY) other = EVP_EC_gen("P-256");
	OWN(X509) issuer = X509_new();
	OWN(X509) responder = X509_new();
	OWN(OCSP_BASICRESP) response = OCSP_BASICRESP_new();
	OWN(OCSP_CERTID) id = NULL;
	OWN(ASN1_TIME) now = X509_gmtime_adj(NULL, 0);
	OWN(ASN1_TIME) next = X509_gmtime_adj(NULL, 3600);
	char name[16] = "";

	assert_true(X509_set_pubkey(issuer, other) == 1 && X509_set_pubkey(responder, key) == 1);
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(issuer), 5), 1);
	id = OCSP_cert_to_id(EVP_sha256(), issuer, issuer);
	assert_non_null(OCSP_basic_add1_status(response, id, V_OCSP_CERTSTATUS_GOOD, 0, NULL, now, next));
	assert_true(strcmp(kind->algorithm, "Ed25519") == 0 ||
		EVP_PKEY_get_default_digest_name(key, name, sizeof(name)) == 2);
	tell(kind,
		OCSP_basic_sign(response, responder, key, EVP_get_digestbyname(name), NULL,
			OCSP_RESPID_KEY | OCSP_NOCERTS) == 1
			? ERR_OK
			: own_failed(ERR_CRYPTO, "OCSP_basic_sign"));
	assert_int_equal(OBJ_obj2nid(OCSP_resp_get0_tbs_sigalg(response)->algorithm), kind->nid);
}

/* By libcrypto alone, with the public half that it reads from the SubjectPublicKeyInfo. RFC 7518 3.3, 3.5. */
static void
libcrypto_agrees(const struct kind *kind, EVP_PKEY *key, struct span jws)
{
	OWN(EVP_MD_CTX) md = EVP_MD_CTX_new();
	OWN(EVP_PKEY) plain = NULL;
	const EVP_MD *hash = kind->jose[2] == '2' ? EVP_sha256() : kind->jose[2] == '3' ? EVP_sha384() : EVP_sha512();
	const char *dot = memrchr(jws.ptr, '.', jws.len);
	const size_t signed_len = (size_t)((const uint8_t *)dot - jws.ptr);
	uint8_t *der = NULL, signature[MAX_RAW_SIGNATURE];
	const uint8_t *at;
	EVP_PKEY_CTX *context = NULL;
	const int der_len = i2d_PUBKEY(key, &der);
	size_t len;

	at = der;
	plain = d2i_PUBKEY(NULL, &at, der_len);
	OPENSSL_free(der);
	assert_non_null(plain);
	assert_ok(base64url_read(span_at(dot + 1, jws.len - signed_len - 1), signature, sizeof(signature), &len));
	assert_int_equal(EVP_DigestVerifyInit(md, &context, hash, NULL, plain), 1);
	if (kind->pss) {
		assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING), 1);
		assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST), 1);
	}
	assert_int_equal(EVP_DigestVerify(md, signature, len, jws.ptr, signed_len), 1);
}

static void
jws(struct rig *r, const struct kind *kind)
{
	OWN(EVP_PKEY) key = key_made(r, "j", kind);
	AUTO(writer) payload = writer_new(1024);
	AUTO(writer) out = writer_new(8192);
	AUTO(jwk) *jwk = NULL;
	AUTO(jws) parsed = {0};
	struct jws_sign_options options = {.typ = "JWT"};

	assert_ok(jwk_from_key(key, NULL, &jwk));
	options.kid = jwk_kid(jwk);
	writer_format(&payload, "{\"iss\":\"https://localhost\",\"iat\":%lld}", (long long)time(NULL));
	tell(kind, jws_sign(key, &options, writer_span(&payload), &out));
	assert_ok(jws_parse(writer_span(&out), &parsed));
	assert_string_equal(parsed.header.alg, kind->jose);
	assert_ok(jws_check(&parsed, jwk));
	if (strncmp(kind->jose, "RS", 2) == 0 || strncmp(kind->jose, "PS", 2) == 0)
		libcrypto_agrees(kind, key, writer_span(&out));
}

/* Making large RSA keys takes a token seconds: the certificates have every size. */
#define EACH(name, act, most)                        \
	CASE(name)                                   \
	{                                            \
		struct rig *r = rig_of(state);       \
                                                     \
		for (size_t i = 0; i < KINDS; i++)   \
			if (kinds[i].bits <= (most)) \
				act(r, &kinds[i]);   \
	}

EACH(a_certificate_and_a_list_are_signed_with_every_algorithm, certificate_and_list, 4096)
EACH(an_ocsp_answer_is_signed_with_every_algorithm, ocsp_answer, 2048)
EACH(a_jws_is_signed_with_every_algorithm, jws, 4096)

/* A caller who asks for another padding or digest than the key's must hear so: over there the wish would be ignored. */
CASE(a_padding_that_is_not_the_keys_is_refused)
{
	struct rig *r = rig_of(state);
	OWN(EVP_PKEY) pkcs1 = key_made(r, "j", &kinds[4]);
	OWN(EVP_PKEY) pss = key_made(r, "j", &kinds[8]);
	OWN(EVP_MD_CTX) a = EVP_MD_CTX_new();
	OWN(EVP_MD_CTX) b = EVP_MD_CTX_new();
	OWN(EVP_MD_CTX) c = EVP_MD_CTX_new();
	EVP_PKEY_CTX *context = NULL;
	int padding = 0;

	assert_int_equal(EVP_DigestSignInit(a, &context, EVP_sha256(), NULL, pkcs1), 1);
	assert_int_not_equal(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING), 1);
	assert_int_equal(EVP_DigestSignInit(b, &context, EVP_sha256(), NULL, pss), 1);
	assert_true(EVP_PKEY_CTX_get_rsa_padding(context, &padding) > 0);
	assert_int_equal(padding, RSA_PKCS1_PSS_PADDING);
	assert_int_not_equal(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING), 1);
	assert_int_not_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(context, 20), 1);
	assert_int_not_equal(EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha1()), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(context, 32), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()), 1);
	assert_int_not_equal(EVP_DigestSignInit(c, &context, EVP_sha1(), NULL, pss), 1);
}

CASE(signing_with_rsa_leaves_other_rsa_keys_to_the_default_provider)
{
	struct rig *r = rig_of(state);
	OWN(EVP_PKEY) key = key_made(r, "j", &kinds[4]);
	OWN(EVP_PKEY) other = NULL;

	assert_int_equal(EVP_set_default_properties(NULL, "?provider=default"), 1); /* empties the cache */
	jws(r, &kinds[4]);
	other = EVP_RSA_gen(2048);
	assert_non_null(other);
}

/* A token that has not what keys.json asks for must be told at genesis, by name, not found out at a ceremony's end. */
CASE(a_mechanism_that_the_token_lacks_is_named_at_genesis)
{
	const char *build = getenv("MOHAR_BUILD");
	struct rig *r;
	char path[512], rules[128];

	(void)rig_of(state);
	r = rig_new();
	assert_non_null(r);
	(void)snprintf(path, sizeof(path), "%s/tests/modules/p11fault.so", build == NULL ? "build" : build);
	if (access(path, R_OK) != 0) {
		rig_free(&r);
		skip();
	}
	rig_path(r, "rules", rules);
	assert_ok(file_write(rules, SPAN("C_GetMechanismInfo 70 1000\n"), 0644));
	assert_int_equal(setenv("P11FAULT_RULES", rules, 1), 0);
	assert_int_equal(setenv("P11FAULT_MODULE", "/usr/lib/softhsm/libsofthsm2.so", 1), 0);
	rig_set(r, "module", path);
	assert_int_equal(rig_run(r, "genesis"), 1);
	assert_true(rig_said(r,
		"the token has no CKM_EC_KEY_PAIR_GEN, which P-384 needs: name another algorithm in keys.json"));
	assert_ok(file_write(rules, SPAN(""), 0644));
	assert_int_equal(rig_run(r, "genesis"), 0);
	rig_free(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_certificate_and_a_list_are_signed_with_every_algorithm),
		cmocka_unit_test(an_ocsp_answer_is_signed_with_every_algorithm),
		cmocka_unit_test(a_jws_is_signed_with_every_algorithm),
		cmocka_unit_test(a_padding_that_is_not_the_keys_is_refused),
		cmocka_unit_test(a_mechanism_that_the_token_lacks_is_named_at_genesis),
		cmocka_unit_test(signing_with_rsa_leaves_other_rsa_keys_to_the_default_provider),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
