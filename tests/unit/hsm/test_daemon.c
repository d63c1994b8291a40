#include "rig.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "base/random.h"
#include "json/json.h"
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

static struct rig *
separate(void **state)
{
	struct rig *r = rig_of(state);

	if (!r->separate) {
		print_message("skipped: several users need root\n");
		skip();
	}
	return r;
}

/* ---- what a caller may not ---- */

struct sign_case {
	const char *label;
	const char *object;
};

static enum err
act_sign(struct rig *r, struct keyring *k, void *context)
{
	const struct sign_case *c = context;
	AUTO(writer) signature = writer_new(MAX_SIGNATURE);

	(void)r;
	return keyring_sign(k, c->label, span_of(c->object), SPAN(""), &signature);
}

CASE(idps_user_cannot_sign_a_certificate)
{
	struct rig *r = separate(state);
	struct sign_case c = {"citizen-ca", "anything"};

	assert_err(rig_as(r, UID_IDP, act_sign, &c), ERR_REFUSED);
	c.label = "service-ca";
	assert_err(rig_as(r, UID_IDP, act_sign, &c), ERR_REFUSED);
	c.label = "root-ca";
	assert_err(rig_as(r, UID_IDP, act_sign, &c), ERR_REFUSED);
}

CASE(cads_user_cannot_make_a_jws)
{
	struct rig *r = separate(state);
	struct sign_case c = {"idp-token", "e30.e30"};

	assert_err(rig_as(r, UID_CA, act_sign, &c), ERR_REFUSED);
	c.label = "seal-land";
	assert_err(rig_as(r, UID_CA, act_sign, &c), ERR_REFUSED);
}

CASE(signers_user_cannot_mint_a_token)
{
	struct rig *r = separate(state);
	struct sign_case c = {"idp-token", "e30.e30"};

	assert_err(rig_as(r, UID_SIGNER, act_sign, &c), ERR_REFUSED);
}

static enum err
act_generate(struct rig *r, struct keyring *k, void *context)
{
	AUTO(writer) json = writer_new(1 << 16);

	(void)r;
	return keyring_generate(k, context, &json);
}

CASE(only_the_ceremony_makes_keys)
{
	struct rig *r = separate(state);
	char label[] = "status";

	assert_err(rig_as(r, UID_CA, act_generate, label), ERR_REFUSED);
	assert_err(rig_as(r, UID_IDP, act_generate, label), ERR_REFUSED);
	assert_err(keyring_generate(r->keyring, "status", &(struct writer){.max = 1 << 16}), ERR_EXISTS);
}

static enum err
act_mac(struct rig *r, struct keyring *k, void *context)
{
	uint8_t tag[32];

	(void)r;
	return keyring_mac(k, context, SPAN("12345678901"), tag);
}

CASE(cads_user_cannot_index_a_national_number)
{
	struct rig *r = separate(state);
	char label[] = "number-index";

	assert_err(rig_as(r, UID_CA, act_mac, label), ERR_REFUSED);
	assert_ok(rig_as(r, UID_IDP, act_mac, label));
}

static enum err
act_status(struct rig *r, struct keyring *k, void *context)
{
	AUTO(writer) json = writer_new(1 << 16);

	(void)r;
	(void)context;
	return keyring_status(k, &json);
}

CASE(a_stranger_is_told_nothing)
{
	struct rig *r = separate(state);

	assert_err(rig_as(r, UID_STRANGER, act_status, NULL), ERR_REFUSED);
	assert_ok(rig_as(r, UID_CA, act_status, NULL));
}

/* ---- what a key may not ---- */

CASE(a_jws_key_refuses_what_is_no_jws)
{
	struct rig *r = rig_of(state);
	const uid_t uid = r->separate ? UID_IDP : getuid();
	struct sign_case c = {"idp-token", ""};
	static const char *const objects[] = {"", "hello", "0123456789abcdef0123456789abcdef", "a.b.c", "e30.e30",
		".e30", "e30.", "eyJhbGciOiJFUzI1NiJ9.e30"};

	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		enum err e;

		c.object = objects[i];
		e = rig_as(r, uid, act_sign, &c);
		assert_true(e == ERR_REFUSED || e == ERR_MALFORMED || e == ERR_UNSUPPORTED);
	}
}

CASE(a_mac_key_does_not_sign_and_a_ca_key_does_not_unwrap)
{
	struct rig *r = rig_of(state);
	struct sign_case c = {"number-index", "anything"};
	struct secret *key = NULL;

	assert_err(rig_as(r, r->separate ? UID_IDP : getuid(), act_sign, &c), ERR_REFUSED);
	assert_err(keyring_unwrap(r->keyring, "root-ca", SPAN("0123456789"), &key), ERR_REFUSED);
}

static enum err
act_wrap(struct rig *r, struct keyring *k, void *context)
{
	AUTO(writer) blob = writer_new(256);
	struct secret *made = NULL, *again = NULL;

	(void)r;
	(void)context;
	TRY(keyring_wrap(k, "number-wrap", &blob, &made));
	TRY(keyring_unwrap(k, "number-wrap", writer_span(&blob), &again));
	REQUIRE(secret_equal(secret_span(made), secret_span(again)) && secret_span(made).len == 32, ERR_MISMATCH);
	for (size_t i = 0; i < blob.len; i++) {
		struct secret *none = NULL;

		blob.ptr[i] ^= 1;
		REQUIRE(keyring_unwrap(k, "number-wrap", writer_span(&blob), &none) == ERR_CORRUPT, ERR_MISMATCH);
		blob.ptr[i] ^= 1;
	}
	secret_free(&again);
	TRY(keyring_unwrap(k, "number-wrap", writer_span(&blob), &again));
	return ERR_OK;
}

CASE(a_data_key_comes_back_and_a_changed_blob_does_not)
{
	struct rig *r = rig_of(state);

	assert_ok(rig_as(r, r->separate ? UID_IDP : getuid(), act_wrap, NULL));
}

static enum err
act_mac_flood(struct rig *r, struct keyring *k, void *context)
{
	uint8_t tag[32];
	int refused = 0;

	(void)r;
	(void)context;
	for (int i = 0; i < 2000; i++) {
		const enum err e = keyring_mac(k, "number-index", span_at(&i, sizeof(i)), tag);

		if (e == ERR_TOO_MANY)
			refused++;
		else if (e != ERR_OK)
			return e;
	}
	return refused > 1000 ? ERR_OK : ERR_MISMATCH;
}

CASE(macs_are_limited_so_that_numbers_cannot_be_tried)
{
	struct rig *r = rig_of(state);

	assert_ok(rig_as(r, r->separate ? UID_IDP : getuid(), act_mac_flood, NULL));
}

/* ---- citizens' certificates ---- */

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

/* ---- what it says, costs and survives ---- */

CASE(status_and_list_are_json)
{
	struct rig *r = rig_of(state);
	AUTO(writer) status = writer_new(1 << 16);
	AUTO(writer) list = writer_new(1 << 16);
	AUTO(writer) whole = writer_new(1 << 16);

	assert_ok(keyring_status(r->keyring, &status));
	assert_ok(json_check(writer_span(&status)));
	assert_ok(keyring_list(r->keyring, &list));
	writer_format(&whole, "{\"keys\":%s}", (const char *)list.ptr);
	assert_ok(json_check(writer_span(&whole)));
	assert_non_null(strstr((const char *)list.ptr, "number-wrap"));
}

/* Resident memory of a process and of its child, the worker. */
static long
resident_kib(pid_t pid)
{
	char command[160];
	long total = 0;
	FILE *f;

	(void)snprintf(command, sizeof(command),
		"cat /proc/%ld/status /proc/$(cat /proc/%ld/task/%ld/children | tr -d ' ')/status", (long)pid,
		(long)pid, (long)pid);
	f = popen(command, "r");
	for (char line[256]; f != NULL && fgets(line, sizeof(line), f) != NULL;)
		if (strncmp(line, "VmRSS:", 6) == 0)
			total += atol(line + 6);
	(void)pclose(f);
	return total;
}

CASE(supervisor_and_worker_stay_under_25_mib)
{
	struct rig *r = rig_of(state);
	const long kib = resident_kib(r->daemon);

	print_message("resident: %ld KiB\n", kib);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	assert_in_range(kib, 1, 25 * 1024);
#endif
}

static pid_t
worker_of(const struct rig *r)
{
	char path[128];
	long pid = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%ld/task/%ld/children", (long)r->daemon, (long)r->daemon);
	f = fopen(path, "re");
	if (f != NULL) {
		(void)!fscanf(f, "%ld", &pid);
		(void)fclose(f);
	}
	return (pid_t)pid;
}

static enum err
act_load(struct rig *r, struct keyring *k, void *context)
{
	const int64_t from = clock_ticks(), least = 1500000, most = 20000000;
	uint8_t bytes[16];
	size_t done = 0;
	enum err e = ERR_UNAVAILABLE;

	(void)r;
	(void)context;
	/* Past both deaths, and on until it is served again, however slow the machine. */
	while (clock_ticks() - from < least || ((done <= 100 || e != ERR_OK) && clock_ticks() - from < most)) {
		e = keyring_random(k, bytes, sizeof(bytes));
		if (e != ERR_OK && e != ERR_UNAVAILABLE)
			return e;
		done += e == ERR_OK;
	}
	return done > 100 ? e : ERR_UNAVAILABLE;
}

CASE(a_killed_worker_is_replaced_under_load)
{
	struct rig *r = rig_of(state);
	const struct timespec pause = {0, 300000000};
	const pid_t child = fork();
	int status;

	if (child == 0)
		_exit((int)rig_as(r, getuid(), act_load, NULL));
	for (int i = 0; i < 2; i++) {
		pid_t worker;

		(void)nanosleep(&pause, NULL);
		worker = worker_of(r);
		if (worker > 0)
			assert_int_equal(kill(worker, SIGKILL), 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_true(rig_said(r, "was killed by signal 9: starting another"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(idps_user_cannot_sign_a_certificate),
		cmocka_unit_test(cads_user_cannot_make_a_jws),
		cmocka_unit_test(signers_user_cannot_mint_a_token),
		cmocka_unit_test(only_the_ceremony_makes_keys),
		cmocka_unit_test(cads_user_cannot_index_a_national_number),
		cmocka_unit_test(a_stranger_is_told_nothing),
		cmocka_unit_test(a_jws_key_refuses_what_is_no_jws),
		cmocka_unit_test(a_mac_key_does_not_sign_and_a_ca_key_does_not_unwrap),
		cmocka_unit_test(a_data_key_comes_back_and_a_changed_blob_does_not),
		cmocka_unit_test(macs_are_limited_so_that_numbers_cannot_be_tried),
		cmocka_unit_test(a_citizens_certificate_needs_a_registrar),
		cmocka_unit_test(a_registrars_act_makes_one_certificate_also_after_a_worker_died),
		cmocka_unit_test(a_registrars_act_is_for_that_key_profile_and_name_only),
		cmocka_unit_test(an_ocsp_certificate_is_for_our_own_responder_only),
		cmocka_unit_test(status_and_list_are_json),
		cmocka_unit_test(supervisor_and_worker_stay_under_25_mib),
		cmocka_unit_test(a_killed_worker_is_replaced_under_load),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
