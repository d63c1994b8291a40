/* What a registrar has signed for, and nothing else, becomes a certificate. */
#include "rig.h"

#include <signal.h>

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
	return 0;
}

static int
tear_down(void **state)
{
	rig_free((struct rig **)state);
	return 0;
}

struct issue_case {
	const char *profile, *act_profile, *cn, *act_cn;
	bool evidence, other_key;
	bool again; /* a second certificate for the same act must be refused, */
	int killer; /* by another worker too: the killer's pipe, or 0 */
};

static enum err
issuer_make(EVP_PKEY *ca, X509 **out)
{
	OWN(X509) x = X509_new();
	OWN(EVP_PKEY) own = EVP_EC_gen("P-384");
	X509V3_CTX context;
	X509_EXTENSION *extension;

	/* An issuer's certificate to build under; who signed it does not matter to mohar-hsmd, which knows its key. */
	CRYPTO_OK(X509_set_version(x, 2) && X509_set_pubkey(x, ca) && ASN1_INTEGER_set(X509_get_serialNumber(x), 5),
		"issuer");
	CRYPTO_OK(X509_gmtime_adj(X509_getm_notBefore(x), -60) && X509_gmtime_adj(X509_getm_notAfter(x), 86400L * 4000),
		"issuer");
	CRYPTO_OK(X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8, (const uint8_t *)"CA", -1,
			  -1, 0),
		"issuer");
	X509V3_set_ctx(&context, x, x, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, NID_basic_constraints, "critical,CA:TRUE");
	CRYPTO_OK(extension != NULL && X509_add_ext(x, extension, -1), "issuer");
	X509_EXTENSION_free(extension);
	extension = X509V3_EXT_conf_nid(NULL, &context, NID_subject_key_identifier, "hash");
	CRYPTO_OK(extension != NULL && X509_add_ext(x, extension, -1), "issuer");
	X509_EXTENSION_free(extension);
	CRYPTO_OK(X509_sign(x, own, EVP_sha384()) > 0, "issuer");
	*out = x;
	x = NULL;
	return ERR_OK;
}

/* Kills the worker when a byte comes: a process of the daemon's own user, for one that has another. Its writing end. */
static int
killer_start(const struct rig *r)
{
	char path[64], text[32] = "", byte;
	int ends[2];
	FILE *f;

	assert_int_equal(pipe(ends), 0);
	if (fork() != 0) {
		(void)close(ends[0]);
		return ends[1];
	}
	(void)close(ends[1]);
	(void)snprintf(path, sizeof(path), "/proc/%ld/task/%ld/children", (long)r->daemon, (long)r->daemon);
	if (read(ends[0], &byte, 1) == 1 && (f = fopen(path, "re")) != NULL && fgets(text, sizeof(text), f) != NULL)
		(void)kill((pid_t)atol(text), SIGKILL);
	_exit(0);
}

/* The next serial, the same act. */
static enum err
issue_again(const struct issue_case *c, struct certificate_facts *f, EVP_PKEY *ca)
{
	OWN(X509) second = NULL;
	enum err e = ERR_UNAVAILABLE;

	if (c->killer != 0)
		(void)!write(c->killer, "x", 1);
	if (c->killer != 0)
		(void)usleep(100000); /* an answer by the dying one would say the same */
	random_bytes(f->serial, sizeof(f->serial));
	for (int i = 0; i < 500 && e == ERR_UNAVAILABLE; i++) {
		e = certificate_make(f, ca, &second);
		if (e == ERR_UNAVAILABLE)
			(void)usleep(20000);
	}
	return e;
}

static enum err
act_issue(struct rig *r, struct keyring *k, void *context)
{
	const struct issue_case *c = context;
	AUTO(profile) p = {0};
	AUTO(writer) evidence = writer_new(8192);
	AUTO(writer) spki = writer_new(1024);
	OWN(EVP_PKEY) person = EVP_EC_gen("P-256");
	OWN(EVP_PKEY) other = EVP_EC_gen("P-256");
	OWN(EVP_PKEY) ca = NULL;
	OWN(X509) issuer = NULL;
	OWN(X509) x = NULL;
	const struct name_part name = {"CN", c->cn};
	const struct clock clock = clock_system();
	struct certificate_facts f = {.profile = &p,
		.subject = &name,
		.subject_count = 1,
		.not_before = clock_now(&clock)};
	char path[512];
	uint8_t *der = NULL;
	const int len = i2d_PUBKEY(person, &der);

	writer_bytes(&spki, span_at(der, (size_t)len));
	OPENSSL_free(der);
	(void)snprintf(path, sizeof(path), "%s/policies/profiles/%s.json",
		getenv("MOHAR_ROOT") == NULL ? "." : getenv("MOHAR_ROOT"), c->profile);
	TRY(profile_read(path, &p));
	if (c->evidence)
		rig_evidence(r, c->other_key ? other : person, c->act_profile, c->act_cn, &evidence);
	TRY(keyring_provider_load(k));
	TRY(keyring_key(k, "citizen-ca", writer_span(&evidence), &ca));
	TRY(issuer_make(ca, &issuer));
	f.issuer = issuer;
	f.spki = writer_span(&spki);
	f.not_after = f.not_before + p.days * 86400;
	random_bytes(f.serial, sizeof(f.serial));
	TRY(certificate_make(&f, ca, &x));
	if (c->again)
		return issue_again(c, &f, ca);
	return X509_verify(x, ca) == 1 ? ERR_OK : ERR_BAD_SIGNATURE;
}

CASE(a_registrars_act_makes_one_certificate_also_after_a_worker_died)
{
	struct rig *r = rig_of(state);
	const uid_t uid = r->separate ? UID_CA : getuid();
	struct issue_case c = {"citizen-authentication", "citizen-authentication", "Test Citizen One",
		"Test Citizen One", true, false, true, 0};

	assert_err(rig_as(r, uid, act_issue, &c), ERR_USED);
	c.killer = killer_start(r);
	assert_err(rig_as(r, uid, act_issue, &c), ERR_USED);
	assert_true(rig_said(r, "the worker was killed by signal 9"));
	(void)close(c.killer);
}

CASE(a_citizens_certificate_needs_a_registrar)
{
	struct rig *r = rig_of(state);
	const uid_t uid = r->separate ? UID_CA : getuid();
	struct issue_case good = {"citizen-authentication", "citizen-authentication", "Test Citizen One",
		"Test Citizen One", true, false, false, 0};
	struct issue_case c = good;

	assert_ok(rig_as(r, uid, act_issue, &c));
	c.evidence = false;
	assert_err(rig_as(r, uid, act_issue, &c), ERR_REFUSED);
}

CASE(a_registrars_act_is_for_that_key_profile_and_name_only)
{
	struct rig *r = rig_of(state);
	const uid_t uid = r->separate ? UID_CA : getuid();
	struct issue_case good = {"citizen-authentication", "citizen-authentication", "Test Citizen One",
		"Test Citizen One", true, false, false, 0};
	struct issue_case c = good;

	c.other_key = true;
	assert_err(rig_as(r, uid, act_issue, &c), ERR_REFUSED);
	c = good;
	c.act_profile = "citizen-signature";
	assert_err(rig_as(r, uid, act_issue, &c), ERR_REFUSED);
	c = good;
	c.cn = "Test Citizen Two";
	assert_err(rig_as(r, uid, act_issue, &c), ERR_REFUSED);
}

CASE(an_ocsp_certificate_is_for_our_own_responder_only)
{
	struct rig *r = rig_of(state);
	struct issue_case c = {"ocsp-responder", "", "Responder", "", false, false, false, 0};

	assert_err(rig_as(r, r->separate ? UID_CA : getuid(), act_issue, &c), ERR_REFUSED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_registrars_act_makes_one_certificate_also_after_a_worker_died),
		cmocka_unit_test(a_citizens_certificate_needs_a_registrar),
		cmocka_unit_test(a_registrars_act_is_for_that_key_profile_and_name_only),
		cmocka_unit_test(an_ocsp_certificate_is_for_our_own_responder_only),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
