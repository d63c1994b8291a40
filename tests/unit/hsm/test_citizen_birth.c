#include "person.h"

#include <signal.h>
#include <time.h>

#include <openssl/ec.h>
#include <openssl/x509v3.h>

#include "base/encode.h"
#include "base/random.h"
#include "x509/own.h"
#include "x509/x509.h"

/* Who may make a citizen's key somebody's, have a certificate made for it, and use it. */
static const char label[] = "citizen-keys", profile[] = "citizen-remote-signature";

static struct trial {
	struct rig *rig;
	struct keyring *signer;
	struct person born;
} trial;

static int
set_up(void **state)
{
	trial.rig = rig_new();
	*state = trial.rig;
	if (trial.rig == NULL)
		return 0;
	rig_up(trial.rig, NULL);
	rig_generate(trial.rig, NULL);
	trial.signer = rig_keyring(trial.rig, UID_SIGNER);
	person_birth(trial.rig, trial.signer, &trial.born);
	return 0;
}

static int
tear_down(void **state)
{
	person_free(&trial.born);
	keyring_free(&trial.signer);
	rig_free((struct rig **)state);
	return 0;
}

/* ---- birth ---- */

static enum err
bind_by(EVP_PKEY *by, const struct person *p, const char *act, const char *members, struct writer *born)
{
	AUTO(writer) jws = writer_new(16384);

	rig_order(by, act, members, &jws);
	return keyring_citizen_bind(trial.signer, label, writer_span(&p->blob), writer_span(&jws), born);
}

static enum err
bind(EVP_PKEY *by, const struct person *p, const char *for_profile, const char *credentials)
{
	AUTO(writer) members = writer_new(16384);
	AUTO(writer) born = writer_new(MAX_BLOB);

	person_members(p, for_profile, credentials, &members);
	return bind_by(by, p, "certificate.issue", (const char *)writer_span(&members).ptr, &born);
}

CASE(a_key_is_born_once_and_by_a_registrar_only)
{
	struct rig *r = rig_of(state);
	AUTO(writer) born = writer_new(MAX_BLOB);
	AUTO(writer) members = writer_new(8192);
	struct person p, other;

	person_make(trial.signer, &p);
	person_make(trial.signer, &other);
	assert_err(bind(r->clerk, &p, profile, NULL), ERR_REFUSED);
	assert_err(bind(p.card, &p, profile, NULL), ERR_UNAUTHENTICATED);
	assert_err(keyring_citizen_bind(trial.signer, label, writer_span(&p.blob), SPAN("e30.e30.e30"), &born),
		ERR_MALFORMED);
	assert_err(bind(r->registrar, &p, "citizen-signature", NULL), ERR_REFUSED);
	assert_err(bind(r->registrar, &p, "no-such-profile", NULL), ERR_REFUSED);
	person_members(&other, profile, NULL, &members); /* another's public key */
	assert_err(bind_by(r->registrar, &p, "certificate.issue", (const char *)writer_span(&members).ptr, &born),
		ERR_REFUSED);
	writer_reset(&members);
	person_members(&p, profile, NULL, &members);
	assert_err(bind_by(r->registrar, &p, "citizen.add", (const char *)writer_span(&members).ptr, &born),
		ERR_REFUSED);
	assert_ok(bind(r->registrar, &p, profile, NULL));
	assert_err(bind(r->registrar, &p, profile, NULL), ERR_USED);
	person_free(&p);
	person_free(&other);
}

CASE(a_key_is_not_born_to_a_credential_that_is_none)
{
	static const char *const wrong[] = {"[]", "[{\"kind\":\"passkey\",\"id\":\"AAAA\",\"key\":\"AAAA\"}]",
		"[{\"kind\":\"passkey\",\"key\":\"AAAA\"}]", "[{\"kind\":\"card\",\"id\":\"AAAA\",\"key\":\"AAAA\"}]",
		"[{\"kind\":\"card\",\"key\":\"MFkw\"}]", "[{\"kind\":\"pin\",\"key\":\"AAAA\"}]", "{}", "[{}]",
		"[1,2,3,4,5]"};
	struct rig *r = rig_of(state);
	struct person p;

	person_make(trial.signer, &p);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const enum err e = bind(r->registrar, &p, profile, wrong[i]);

		assert_true(e == ERR_MALFORMED || e == ERR_UNSUPPORTED || e == ERR_REFUSED || e == ERR_TOO_LONG);
	}
	assert_ok(bind(r->registrar, &p, profile, NULL)); /* nothing of that took its chance */
	person_free(&p);
}

CASE(a_weak_card_is_not_bound)
{
	OWN(EVP_PKEY) rsa = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	OWN(EVP_PKEY) edwards = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	EVP_PKEY *keys[] = {rsa, edwards};
	struct rig *r = rig_of(state);
	struct person p;

	person_make(trial.signer, &p);
	for (size_t i = 0; i < 2; i++) {
		AUTO(writer) credentials = writer_new(4096);
		uint8_t *der = NULL;
		const int len = i2d_PUBKEY(keys[i], &der);

		writer_text(&credentials, "[{\"kind\":\"card\",\"key\":\"");
		base64url_write(&credentials, span_at(der, (size_t)len));
		writer_text(&credentials, "\"}]");
		OPENSSL_free(der);
		assert_err(bind(r->registrar, &p, profile, (const char *)writer_span(&credentials).ptr),
			ERR_UNSUPPORTED);
	}
	person_free(&p);
}

CASE(an_unborn_key_signs_nothing_and_cannot_be_retired)
{
	const struct digests d = digests_some(32, 1);
	AUTO(writer) evidence = writer_new(16384);
	AUTO(writer) signatures = writer_new(4096);
	uint8_t challenge[32] = {0}, nonce[HSM_NONCE_LEN] = {0};
	struct wish w = wish_for(span_at(challenge, 32));
	struct person p;

	(void)rig_of(state);
	person_make(trial.signer, &p);
	authenticator_assert(&p.passkey, &w, &evidence);
	assert_err(keyring_challenge(trial.signer, label, writer_span(&p.blob), &d, challenge, nonce), ERR_REFUSED);
	assert_err(keyring_activate(trial.signer, label, writer_span(&p.blob), &d, nonce, writer_span(&evidence),
			   &signatures),
		ERR_REFUSED);
	assert_err(keyring_retire(trial.signer, label, writer_span(&p.blob)), ERR_REFUSED);
	person_free(&p);
}

CASE(a_born_key_is_never_bound_again)
{
	struct rig *r = rig_of(state);

	/* A registrar's act of birth is none to raise a key, and there is no other way with a born blob. */
	assert_err(bind(r->registrar, &trial.born, profile, NULL), ERR_REFUSED);
}

CASE(a_key_made_before_a_restart_is_not_born_after_it)
{
	struct rig *r = rig_of(state);
	struct person p;

	person_make(trial.signer, &p);
	keyring_free(&trial.signer);
	rig_stop(r, SIGTERM);
	rig_start(r);
	trial.signer = rig_keyring(r, UID_SIGNER);
	assert_err(bind(r->registrar, &p, profile, NULL), ERR_REFUSED);
	person_free(&p);
}

/* ---- certificates ---- */

struct issue_case {
	const struct person *person; /* whose blob, and whose public key unless there is another */
	EVP_PKEY *foreign;           /* the certificate's public key, and the act's; NULL: the person's */
	const char *who;             /* the act's person; NULL: the blob's */
	bool no_blob;
};

static enum err
issuer_make(EVP_PKEY *ca, X509 **out)
{
	OWN(X509) x = X509_new();
	OWN(EVP_PKEY) own = EVP_EC_gen("P-384");
	X509V3_CTX context;
	X509_EXTENSION *e;

	X509V3_set_ctx(&context, x, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &context, NID_basic_constraints, "critical,CA:TRUE");
	CRYPTO_OK(X509_set_version(x, 2) && X509_set_pubkey(x, ca) && ASN1_INTEGER_set(X509_get_serialNumber(x), 5) &&
			X509_gmtime_adj(X509_getm_notBefore(x), -60) &&
			X509_gmtime_adj(X509_getm_notAfter(x), 86400L * 4000) &&
			X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8, (const uint8_t *)"CA",
				-1, -1, 0) &&
			X509_add_ext(x, e, -1),
		"issuer");
	X509_EXTENSION_free(e);
	e = X509V3_EXT_conf_nid(NULL, &context, NID_subject_key_identifier, "hash");
	CRYPTO_OK(X509_add_ext(x, e, -1) && X509_sign(x, own, EVP_sha384()) > 0, "issuer");
	X509_EXTENSION_free(e);
	*out = x;
	x = NULL;
	return ERR_OK;
}

static void
evidence_make(struct rig *r, const struct issue_case *c, struct span spki, struct writer *out)
{
	AUTO(writer) members = writer_new(8192);
	const struct sha256 hash = sha256_of(spki);

	writer_format(&members,
		",\"person\":\"%s\",\"profile\":\"%s\",\"subject\":[{\"type\":\"CN\",\"value\":\"Test Citizen One\"}],",
		c->who == NULL ? "00000000-0000-4000-8000-000000000001" : c->who, profile);
	writer_text(&members, "\"spki_sha256\":\"");
	base64url_write(&members, sha256_span(&hash));
	writer_text(&members, "\"");
	rig_order(r->registrar, "certificate.issue", (const char *)writer_span(&members).ptr, out);
	if (c->no_blob)
		return;
	writer_u8(out, '~');
	base64url_write(out, writer_span(&c->person->blob));
}

static enum err
act_issue(struct rig *r, struct keyring *k, void *context)
{
	const struct issue_case *c = context;
	const struct name_part name = {"CN", "Test Citizen One"};
	const struct clock clock = clock_system();
	const struct blob b = person_blob(c->person);
	struct certificate_facts f = {.subject = &name, .subject_count = 1, .not_before = clock_now(&clock)};
	AUTO(profile) p = {0};
	AUTO(writer) evidence = writer_new(32768);
	OWN(EVP_PKEY) ca = NULL;
	OWN(X509) issuer = NULL;
	OWN(X509) x = NULL;
	char path[512];
	uint8_t *der = NULL;
	const int len = c->foreign == NULL ? 0 : i2d_PUBKEY(c->foreign, &der);

	f.spki = c->foreign == NULL ? b.spki : span_at(der, (size_t)len);
	(void)snprintf(path, sizeof(path), "%s/policies/profiles/%s.json",
		getenv("MOHAR_ROOT") == NULL ? "." : getenv("MOHAR_ROOT"), profile);
	TRY(profile_read(path, &p));
	evidence_make(r, c, f.spki, &evidence);
	TRY(keyring_provider_load(k));
	TRY(keyring_key(k, "citizen-ca", writer_span(&evidence), &ca));
	TRY(issuer_make(ca, &issuer));
	f.profile = &p;
	f.issuer = issuer;
	f.not_after = f.not_before + p.days * 86400;
	random_bytes(f.serial, sizeof(f.serial));
	TRY(certificate_make(&f, ca, &x));
	OPENSSL_free(der);
	return X509_verify(x, ca) == 1 ? ERR_OK : ERR_BAD_SIGNATURE;
}

static enum err
issue(const struct issue_case *c)
{
	struct issue_case copy = *c;

	return rig_as(trial.rig, trial.rig->separate ? UID_CA : getuid(), act_issue, &copy);
}

CASE(a_remote_signature_certificate_is_for_a_key_born_here_only)
{
	OWN(EVP_PKEY) foreign = EVP_EC_gen("P-256");
	struct issue_case c = {.person = &trial.born};
	struct rig *r = rig_of(state);
	struct person unborn, frozen;

	assert_ok(issue(&c));
	c.foreign = foreign;
	assert_err(issue(&c), ERR_REFUSED);
	c = (struct issue_case){.person = &trial.born, .no_blob = true};
	assert_err(issue(&c), ERR_REFUSED);
	c.foreign = foreign;
	assert_err(issue(&c), ERR_REFUSED);
	c = (struct issue_case){.person = &trial.born, .who = "00000000-0000-4000-8000-000000000002"};
	assert_err(issue(&c), ERR_REFUSED);
	person_make(trial.signer, &unborn);
	assert_err(issue(&(struct issue_case){.person = &unborn}), ERR_REFUSED);
	person_birth(r, trial.signer, &frozen);
	assert_ok(issue(&(struct issue_case){.person = &frozen}));
	assert_ok(keyring_retire(trial.signer, label, writer_span(&frozen.blob)));
	assert_err(issue(&(struct issue_case){.person = &frozen}), ERR_REVOKED);
	frozen.blob.ptr[frozen.blob.len - 1] ^= 1;
	assert_err(issue(&(struct issue_case){.person = &frozen}), ERR_CORRUPT);
	person_free(&unborn);
	person_free(&frozen);
}

/* ---- permits: each operation on citizens' keys, by everybody else ---- */

static enum err
act_make(struct rig *r, struct keyring *k, void *context)
{
	AUTO(writer) blob = writer_new(MAX_BLOB);

	(void)r;
	return keyring_citizen_make(k, context, &blob);
}

static enum err
act_bind(struct rig *r, struct keyring *k, void *context)
{
	AUTO(writer) members = writer_new(8192);
	AUTO(writer) act = writer_new(16384);
	AUTO(writer) born = writer_new(MAX_BLOB);

	person_members(&trial.born, profile, NULL, &members);
	rig_order(r->registrar, "certificate.issue", (const char *)writer_span(&members).ptr, &act);
	return keyring_citizen_bind(k, context, writer_span(&trial.born.blob), writer_span(&act), &born);
}

static enum err
act_challenge(struct rig *r, struct keyring *k, void *context)
{
	const struct digests d = digests_some(32, 1);
	uint8_t challenge[32], nonce[HSM_NONCE_LEN];

	(void)r;
	return keyring_challenge(k, context, writer_span(&trial.born.blob), &d, challenge, nonce);
}

static enum err
act_activate(struct rig *r, struct keyring *k, void *context)
{
	const struct digests d = digests_some(32, 1);
	const uint8_t nonce[HSM_NONCE_LEN] = {0};
	AUTO(writer) signatures = writer_new(4096);

	(void)r;
	return keyring_activate(k, context, writer_span(&trial.born.blob), &d, nonce, SPAN("{}"), &signatures);
}

static enum err
act_retire(struct rig *r, struct keyring *k, void *context)
{
	(void)r;
	return keyring_retire(k, context, writer_span(&trial.born.blob));
}

static enum err
act_unwrap(struct rig *r, struct keyring *k, void *context)
{
	const struct blob b = person_blob(&trial.born);
	struct secret *key = NULL;

	(void)r;
	return keyring_unwrap(k, context, b.wrapped, &key);
}

static enum err
act_mac(struct rig *r, struct keyring *k, void *context)
{
	uint8_t tag[32];

	(void)r;
	return keyring_mac(k, context, person_blob(&trial.born).sealed, tag);
}

CASE(nobody_but_signerds_user_comes_near_citizens_keys)
{
	rig_act *const acts[] = {act_make, act_bind, act_challenge, act_activate, act_retire, act_unwrap, act_mac};
	const uid_t uids[] = {UID_IDP, UID_CA, UID_STRANGER, 0};
	struct rig *r = rig_of(state);
	char key[] = "citizen-keys";

	if (!r->separate) {
		print_message("skipped: several users need root\n");
		skip();
	}
	for (size_t u = 0; u < 4; u++)
		for (size_t i = 0; i < 7; i++)
			assert_err(rig_as(r, uids[u], acts[i], key), ERR_REFUSED);
}

CASE(signerds_user_cannot_unwrap_nor_seal_by_itself)
{
	char key[] = "citizen-keys", seal[] = "citizen-seal", data[] = "number-wrap";
	struct rig *r = rig_of(state);
	const uid_t uid = r->separate ? UID_SIGNER : getuid();

	assert_err(rig_as(r, uid, act_unwrap, key), ERR_REFUSED);
	assert_err(rig_as(r, uid, act_mac, key), ERR_REFUSED);
	assert_err(rig_as(r, uid, act_mac, seal), ERR_REFUSED);
	assert_err(rig_as(r, uid, act_make, seal), ERR_REFUSED);
	assert_err(rig_as(r, r->separate ? UID_IDP : uid, act_bind, data), ERR_MALFORMED); /* a data key has no blob */
	assert_err(rig_as(r, r->separate ? UID_IDP : uid, act_unwrap, data), ERR_CORRUPT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_is_born_once_and_by_a_registrar_only),
		cmocka_unit_test(a_key_is_not_born_to_a_credential_that_is_none),
		cmocka_unit_test(a_weak_card_is_not_bound),
		cmocka_unit_test(an_unborn_key_signs_nothing_and_cannot_be_retired),
		cmocka_unit_test(a_born_key_is_never_bound_again),
		cmocka_unit_test(a_key_made_before_a_restart_is_not_born_after_it),
		cmocka_unit_test(a_remote_signature_certificate_is_for_a_key_born_here_only),
		cmocka_unit_test(nobody_but_signerds_user_comes_near_citizens_keys),
		cmocka_unit_test(signerds_user_cannot_unwrap_nor_seal_by_itself),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
