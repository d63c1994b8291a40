#include "rig.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/store.h>
#include <openssl/x509v3.h>

#include "audit/checkpoint.h"
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
	rig_generate(r, NULL);
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

/* As the daemon's user in a build without several users, as root (the ceremony) otherwise: root-ca is what the ceremony may use. */
static EVP_PKEY *
key_of(struct rig *r, const char *label)
{
	EVP_PKEY *key = NULL;

	assert_ok(keyring_key(r->keyring, label, SPAN(""), &key));
	return key;
}

/* The root's, which signs what custodians approve. */
static EVP_PKEY *
root_of(struct rig *r)
{
	static struct rig_signer signer;
	EVP_PKEY *key = NULL;

	signer = (struct rig_signer){.rig = r, .keyring = r->keyring};
	assert_ok(keyring_key_signed_by(r->keyring, "root-ca", rig_sign, &signer, &key));
	return key;
}

static void
profile_of(const char *name, struct profile *p)
{
	const char *root = getenv("MOHAR_ROOT");
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/policies/profiles/%s.json", root == NULL ? "." : root, name);
	assert_ok(profile_read(path, p));
}

static enum err
issue(const char *profile, X509 *issuer, EVP_PKEY *signer, EVP_PKEY *subject, const char *cn, X509 **out)
{
	AUTO(profile) p = {0};
	AUTO(writer) spki = writer_new(1024);
	const struct name_part name = {"CN", cn};
	struct certificate_facts f = {.profile = &p, .subject = &name, .subject_count = 1, .issuer = issuer};
	const struct clock clock = clock_system();
	unsigned char *der = NULL;
	const int len = i2d_PUBKEY(subject, &der);

	profile_of(profile, &p);
	writer_bytes(&spki, span_at(der, (size_t)len));
	OPENSSL_free(der);
	f.spki = writer_span(&spki);
	f.not_before = clock_now(&clock);
	f.not_after = f.not_before + p.days * 86400;
	random_bytes(f.serial, sizeof(f.serial));
	return certificate_make(&f, signer, out);
}

CASE(a_root_signs_itself_by_x509_sign)
{
	struct rig *r = rig_of(state);
	OWN(EVP_PKEY) root = root_of(r);
	OWN(X509) x = NULL;

	assert_ok(issue("root", NULL, root, root, "Test Root", &x));
	assert_int_equal(X509_verify(x, X509_get0_pubkey(x)), 1);
	assert_int_equal(X509_check_private_key(x, root), 1);
}

CASE(an_issuing_ca_is_signed_by_the_root)
{
	struct rig *r = rig_of(state);
	OWN(EVP_PKEY) root = root_of(r);
	OWN(EVP_PKEY) ca = key_of(r, "citizen-ca");
	OWN(X509) root_x = NULL;
	OWN(X509) ca_x = NULL;

	assert_ok(issue("root", NULL, root, root, "Test Root", &root_x));
	assert_ok(issue("issuing-ca", root_x, root, ca, "Test CA", &ca_x));
	assert_int_equal(X509_verify(ca_x, X509_get0_pubkey(root_x)), 1);
}

CASE(a_list_is_signed_by_x509_crl_sign)
{
	struct rig *r = rig_of(state);
	OWN(EVP_PKEY) root = root_of(r);
	OWN(X509) root_x = NULL;
	AUTO(writer) der = writer_new(1 << 16);
	const struct clock clock = clock_system();
	struct crl_facts facts = {.number = 1, .this_update = clock_now(&clock)};

	assert_ok(issue("root", NULL, root, root, "Test Root", &root_x));
	facts.issuer = root_x;
	facts.next_update = facts.this_update + 86400;
	assert_ok(crl_make(&facts, root, &der));
	assert_ok(crl_check(writer_span(&der), root_x, root_x, facts.this_update));
}

/* context: the issuing CA's certificate. */
static enum err
act_large_list(struct rig *r, struct keyring *k, void *context)
{
	X509 *ca_x = context;
	OWN(EVP_PKEY) ca = NULL;
	AUTO(writer) der = writer_new(4 << 20);
	const struct clock clock = clock_system();
	static struct crl_entry entries[4000];
	struct crl_facts facts = {.number = 2,
		.this_update = clock_now(&clock),
		.entries = entries,
		.count = 4000,
		.issuer = ca_x};

	(void)r;
	keyring_provider_unload();
	TRY(keyring_provider_load(k));
	TRY(keyring_key(k, "citizen-ca", SPAN(""), &ca));
	for (size_t i = 0; i < facts.count; i++) {
		random_bytes(entries[i].serial, sizeof(entries[i].serial));
		entries[i].at = facts.this_update - 1;
		entries[i].reason = -1;
	}
	facts.next_update = facts.this_update + 86400;
	TRY(crl_make(&facts, ca, &der));
	REQUIRE(der.len > MAX_HSM_FRAME, ERR_TOO_LONG);
	const unsigned char *at = der.ptr;
	OWN(X509_CRL) crl = d2i_X509_CRL(NULL, &at, (long)der.len);

	CRYPTO_OK(crl != NULL && X509_CRL_verify(crl, X509_get0_pubkey(ca_x)) == 1, "the list");
	return ERR_OK;
}

/* The signature of a list of 16 MiB would need as many frames; one of some 100 KiB shows that several come together. */
CASE(a_list_larger_than_a_frame_is_signed_whole)
{
	struct rig *r = rig_of(state);
	OWN(EVP_PKEY) root = root_of(r);
	OWN(EVP_PKEY) ca = key_of(r, "citizen-ca");
	OWN(X509) root_x = NULL;
	OWN(X509) ca_x = NULL;

	assert_ok(issue("root", NULL, root, root, "Test Root", &root_x));
	assert_ok(issue("issuing-ca", root_x, root, ca, "Test CA", &ca_x));
	assert_ok(rig_as(r, r->separate ? UID_CA : getuid(), act_large_list, ca_x));
}

static enum err
act_jws(struct rig *r, struct keyring *k, void *context)
{
	AUTO(writer) payload = writer_new(1024);
	AUTO(writer) out = writer_new(4096);
	struct jwk *jwk = NULL;
	struct jws jws;
	OWN(EVP_PKEY) key = NULL;
	struct jws_sign_options options = {.typ = "JWT"};

	(void)r;
	(void)context;
	keyring_provider_unload();
	TRY(keyring_provider_load(k));
	TRY(keyring_key(k, "idp-token", SPAN(""), &key));
	TRY(jwk_from_key(key, NULL, &jwk));
	options.kid = jwk_kid(jwk);
	writer_format(&payload, "{\"iss\":\"https://localhost\",\"iat\":%lld,\"exp\":%lld}", (long long)time(NULL),
		(long long)time(NULL) + 300);
	TRY(jws_sign(key, &options, writer_span(&payload), &out));
	TRY(jws_parse(writer_span(&out), &jws));
	TRY(jws_check(&jws, jwk));
	return ERR_OK;
}

CASE(a_jws_is_signed_through_the_handle)
{
	struct rig *r = rig_of(state);

	assert_ok(rig_as(r, r->separate ? UID_IDP : getuid(), act_jws, NULL));
}

static enum err
act_ocsp(struct rig *r, struct keyring *k, void *context)
{
	OWN(EVP_PKEY) key = NULL;
	OWN(EVP_PKEY) other = EVP_EC_gen("P-256");
	OWN(X509) issuer = X509_new();
	OWN(OCSP_BASICRESP) response = OCSP_BASICRESP_new();
	OWN(OCSP_CERTID) id = NULL;
	ASN1_TIME *now = X509_gmtime_adj(NULL, 0), *next = X509_gmtime_adj(NULL, 3600);
	OWN(X509) responder = X509_new();

	(void)r;
	(void)context;
	keyring_provider_unload();
	TRY(keyring_provider_load(k));
	TRY(keyring_key(k, "citizen-ocsp", SPAN(""), &key));
	CRYPTO_OK(X509_set_pubkey(issuer, other) == 1 && X509_set_pubkey(responder, key) == 1, "issuer");
	CRYPTO_OK(ASN1_INTEGER_set(X509_get_serialNumber(issuer), 5) == 1, "serial");
	id = OCSP_cert_to_id(EVP_sha256(), issuer, issuer);
	CRYPTO_OK(OCSP_basic_add1_status(response, id, V_OCSP_CERTSTATUS_GOOD, 0, NULL, now, next) != NULL, "status");
	CRYPTO_OK(OCSP_basic_sign(response, responder, key, EVP_sha256(), NULL, OCSP_RESPID_KEY | OCSP_NOCERTS) == 1,
		"OCSP_basic_sign");
	ASN1_TIME_free(now);
	ASN1_TIME_free(next);
	return ERR_OK;
}

CASE(an_ocsp_answer_is_signed_by_ocsp_basic_sign)
{
	struct rig *r = rig_of(state);

	assert_ok(rig_as(r, r->separate ? UID_CA : getuid(), act_ocsp, NULL));
}

static enum err
act_checkpoint(struct rig *r, struct keyring *k, void *context)
{
	AUTO(writer) text = writer_new(4096);
	struct checkpoint c = {.origin = "localhost/log", .size = 7};
	OWN(EVP_PKEY) key = NULL;
	OWN(EVP_MD_CTX) md = EVP_MD_CTX_new();
	OWN(EVP_MD_CTX) check = EVP_MD_CTX_new();
	uint8_t signature[64];
	size_t len = sizeof(signature);

	(void)r;
	(void)context;
	keyring_provider_unload();
	TRY(keyring_provider_load(k));
	TRY(keyring_key(k, "log", SPAN(""), &key));
	TRY(checkpoint_text(&c, &text));
	CRYPTO_OK(EVP_DigestSignInit_ex(md, NULL, NULL, NULL, NULL, key, NULL) == 1, "init");
	CRYPTO_OK(EVP_DigestSign(md, signature, &len, text.ptr, text.len) == 1, "sign");
	CRYPTO_OK(EVP_DigestVerifyInit_ex(check, NULL, NULL, NULL, NULL, key, NULL) == 1, "init");
	CRYPTO_OK(EVP_DigestVerify(check, signature, len, text.ptr, text.len) == 1, "verify");
	return ERR_OK;
}

CASE(a_checkpoint_is_signed_with_ed25519)
{
	struct rig *r = rig_of(state);

	assert_ok(rig_as(r, r->separate ? UID_SIGNER : getuid(), act_checkpoint, NULL));
}

CASE(the_private_half_cannot_be_had)
{
	struct rig *r = rig_of(state);
	OWN(EVP_PKEY) key = root_of(r);
	OSSL_PARAM *params = NULL;
	BIO *out = BIO_new(BIO_s_mem());

	assert_int_not_equal(EVP_PKEY_todata(key, EVP_PKEY_KEYPAIR, &params), 1);
	assert_int_not_equal(PEM_write_bio_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL), 1);
	ERR_clear_error();
	BIO_free(out);
}

CASE(what_hsmd_refuses_keeps_its_own_error)
{
	struct rig *r = rig_of(state);
	OWN(EVP_PKEY) root = root_of(r);
	OWN(EVP_PKEY) other = EVP_EC_gen("P-384");
	OWN(X509) root_x = NULL;
	OWN(X509) x = NULL;

	assert_ok(issue("root", NULL, root, root, "Test Root", &root_x));
	assert_err(issue("tls-server", root_x, root, other, "Test", &x), ERR_REFUSED);
	assert_non_null(strstr(err_why(), "no profile of certificate policy"));
}

/* libcrypto's method cache once gave this process's EC keys to our provider after the first signature. */
CASE(signing_leaves_other_ec_keys_to_the_default_provider)
{
	struct rig *r = rig_of(state);
	OWN(EVP_PKEY) root = root_of(r);
	OWN(X509) root_x = NULL;
	OWN(EVP_PKEY) other = NULL;

	assert_int_equal(EVP_set_default_properties(NULL, "?provider=default"), 1); /* empties the cache */
	assert_ok(issue("root", NULL, root, root, "Test Root", &root_x));
	other = EVP_EC_gen("P-256");
	assert_non_null(other);
}

CASE(an_unknown_label_is_not_found)
{
	struct rig *r = rig_of(state);
	EVP_PKEY *key = NULL;

	assert_err(keyring_key(r->keyring, "nobody", SPAN(""), &key), ERR_NOT_FOUND);
}

CASE(what_stood_in_the_callers_variable_is_not_taken_for_a_key)
{
	struct rig *r = rig_of(state);
	OWN(EVP_PKEY) other = EVP_EC_gen("P-256");
	EVP_PKEY *key = other;

	assert_ok(keyring_key(r->keyring, "root-ca", SPAN(""), &key));
	assert_ptr_not_equal(key, other);
	EVP_PKEY_free(key);
	key = other;
	assert_err(keyring_key(r->keyring, "nobody", SPAN(""), &key), ERR_NOT_FOUND);
	assert_null(key);
}

CASE(a_key_is_found_by_its_address)
{
	OWN(EVP_PKEY) key = NULL;
	OSSL_STORE_CTX *store = OSSL_STORE_open("hsm:root-ca", NULL, NULL, NULL, NULL);
	OSSL_STORE_INFO *info;

	(void)rig_of(state);
	assert_non_null(store);
	info = OSSL_STORE_load(store);
	assert_non_null(info);
	key = OSSL_STORE_INFO_get1_PKEY(info);
	assert_non_null(key);
	assert_int_equal(EVP_PKEY_get_bits(key), 384);
	OSSL_STORE_INFO_free(info);
	(void)OSSL_STORE_close(store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_root_signs_itself_by_x509_sign),
		cmocka_unit_test(an_issuing_ca_is_signed_by_the_root),
		cmocka_unit_test(a_list_is_signed_by_x509_crl_sign),
		cmocka_unit_test(a_list_larger_than_a_frame_is_signed_whole),
		cmocka_unit_test(a_jws_is_signed_through_the_handle),
		cmocka_unit_test(an_ocsp_answer_is_signed_by_ocsp_basic_sign),
		cmocka_unit_test(a_checkpoint_is_signed_with_ed25519),
		cmocka_unit_test(the_private_half_cannot_be_had),
		cmocka_unit_test(what_hsmd_refuses_keeps_its_own_error),
		cmocka_unit_test(signing_leaves_other_ec_keys_to_the_default_provider),
		cmocka_unit_test(an_unknown_label_is_not_found),
		cmocka_unit_test(what_stood_in_the_callers_variable_is_not_taken_for_a_key),
		cmocka_unit_test(a_key_is_found_by_its_address),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
