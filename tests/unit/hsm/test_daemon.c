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
		cmocka_unit_test(status_and_list_are_json),
		cmocka_unit_test(supervisor_and_worker_stay_under_25_mib),
		cmocka_unit_test(a_killed_worker_is_replaced_under_load),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
