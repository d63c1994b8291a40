/* Two tokens with the same keys: the second is a copy of the first one's folder under a label and serial of its own, as an HSM's cloning makes one. SoftHSM knows slots by
 * serial, so that two unchanged copies cannot be had in one process. */
#include "load.h"
#include "swap.h"

#include <signal.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"

enum { CLIENTS = 8 };

static void
rules(const struct rig *r, const char *text)
{
	char path[128];

	rig_path(r, "token/rules", path);
	assert_ok(file_write(path, span_of(text), 0644));
}

static void
shell(const struct rig *r, const char *command)
{
	char text[1024];

	(void)snprintf(text, sizeof(text), "cd '%s/token' && %s", r->dir, command);
	assert_int_equal(system(text), 0);
}

/* The copy's token.object, with another label and another end of its serial. */
static void
rename_copy(const struct rig *r)
{
	AUTO(writer) object = writer_new(1 << 16);
	char path[128];
	uint8_t *at = NULL;

	rig_path(r, "token/mirror/token.object", path);
	assert_ok(file_read(path, 1 << 16, &object));
	for (size_t i = 0; i + 32 <= object.len && at == NULL; i++)
		if (memcmp(object.ptr + i, "main                            ", 32) == 0)
			at = object.ptr + i;
	assert_non_null(at);
	memcpy(at, "spare", 5);
	at = NULL;
	/* The serial is an attribute of 16 hexadecimal digits. */
	for (size_t i = 0, run = 0; i < object.len && at == NULL; i++) {
		const uint8_t c = object.ptr[i];

		run = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ? run + 1 : 0;
		if (run == 16)
			at = object.ptr + i;
	}
	assert_non_null(at);
	*at = *at == '1' ? '2' : '1';
	assert_ok(file_write(path, writer_span(&object), 0600));
}

static struct rig *
rig_two(void)
{
	const char *build = getenv("MOHAR_BUILD");
	char path[512], rules_path[128];
	struct rig *r = rig_new();

	if (r == NULL)
		return NULL;
	(void)snprintf(path, sizeof(path), "%s/tests/modules/p11fault.so", build == NULL ? "build" : build);
	rig_path(r, "token/rules", rules_path);
	assert_int_equal(setenv("P11FAULT_RULES", rules_path, 1), 0);
	assert_int_equal(setenv("P11FAULT_MODULE", "/usr/lib/softhsm/libsofthsm2.so", 1), 0);
	rig_set(r, "module", path);
	rig_set(r, "recycle_after", "2000");
	rig_up(r, NULL);
	rig_generate(r, "idp-token");
	rig_generate(r, "number-wrap");
	rig_generate(r, "citizen-keys");
	rig_generate(r, "citizen-seal");
	rig_stop(r, SIGTERM);
	shell(r, "cp -a \"$(echo */)\" mirror");
	rename_copy(r);
	rig_set(r, "mirror", "spare");
	return r;
}

static int
set_up(void **state)
{
	struct rig *r = rig_two();

	*state = r;
	if (r != NULL)
		rig_start(r);
	return 0;
}

static int
tear_down(void **state)
{
	rig_free((struct rig **)state);
	return 0;
}

static bool
is(struct rig *r, const char *label, const char *state)
{
	AUTO(writer) json = writer_new(1 << 20);
	char wanted[128];

	(void)snprintf(wanted, sizeof(wanted), "{\"label\":\"%s\",\"state\":\"%s\"}", label, state);
	assert_ok(keyring_status(r->keyring, &json));
	return strstr((const char *)writer_span(&json).ptr, wanted) != NULL;
}

static void
await(struct rig *r, const char *label, const char *state)
{
	const struct timespec pause = {0, 20000000};

	for (int i = 0; i < 1500 && !is(r, label, state); i++)
		(void)nanosleep(&pause, NULL);
	assert_true(is(r, label, state));
}

static void
for_a_while(void)
{
	const struct timespec pause = {0, 700000000};

	(void)nanosleep(&pause, NULL);
}

CASE(a_token_lost_under_load_costs_no_request_and_comes_back)
{
	struct rig *r = rig_of(state);
	struct load_sum sum;
	struct load l;

	rules(r, "");
	assert_true(is(r, "main", "works") && is(r, "spare", "ready"));
	load_start(&l, r, CLIENTS);
	for_a_while();
	rules(r, "any 32 * token=main\n"); /* CKR_DEVICE_REMOVED, whatever is called */
	await(r, "spare", "works");
	await(r, "main", "down");
	for_a_while();
	rules(r, "");
	await(r, "main", "ready");
	for_a_while();
	rules(r, "C_Sign 30 * token=spare\nC_UnwrapKey 30 * token=spare\n");
	await(r, "main", "works");
	rules(r, "");
	await(r, "spare", "ready");
	for_a_while();
	load_stop(&l);
	sum = load_sum(&l);
	load_tell(&l);
	print_message("%lu operations, library begun anew %lu times\n", sum.done, rig_number(r, "recycles"));
	assert_int_equal(sum.wrong, 0);
	assert_int_equal(sum.refused, 0);
	assert_int_equal(load_unrecorded(&l), 0);
	load_free(&l);
	assert_true(rig_said(r, "'main' failed: 'spare' works in its place"));
	assert_true(rig_said(r, "'main' is back, with the keys that it had"));
}

/* Operations that the two tokens have had, by METRICS. */
static unsigned long
served(struct rig *r, const char *label)
{
	AUTO(writer) page = writer_new(1 << 20);
	char wanted[128];
	const char *at;

	(void)snprintf(wanted, sizeof(wanted), "mohar_hsm_token_operations_total{token=\"%s\"} ", label);
	assert_ok(keyring_metrics(r->keyring, &page));
	at = strstr((const char *)writer_span(&page).ptr, wanted);
	assert_non_null(at);
	return strtoul(at + strlen(wanted), NULL, 10);
}

static void
both_serve(struct rig *r)
{
	const unsigned long main_before = served(r, "main"), spare_before = served(r, "spare");
	unsigned long main_now, spare_now;

	for_a_while();
	main_now = served(r, "main") - main_before;
	spare_now = served(r, "spare") - spare_before;
	print_message("in turn: %lu and %lu operations\n", main_now, spare_now);
	assert_true(main_now > 10 && spare_now > 10);
	assert_true(main_now < 4 * spare_now && spare_now < 4 * main_now);
}

static void
shared_out(struct rig *r, bool share)
{
	rig_stop(r, SIGTERM);
	rig_set(r, "share", share ? "yes" : NULL);
	rig_start(r);
}

CASE(two_tokens_that_share_the_load_lose_one_and_have_it_back_without_a_refusal)
{
	struct rig *r = rig_of(state);
	struct load_sum sum;
	struct load l;

	rules(r, "");
	shared_out(r, true);
	assert_true(is(r, "main", "works") && is(r, "spare", "works"));
	load_start(&l, r, CLIENTS);
	for_a_while();
	both_serve(r);
	for (int i = 0; i < 2; i++) {
		const char *lost = i == 0 ? "main" : "spare", *left = i == 0 ? "spare" : "main";
		char text[64];

		(void)snprintf(text, sizeof(text), "any 32 * token=%s\n",
			lost); /* CKR_DEVICE_REMOVED, whatever is called */
		rules(r, text);
		await(r, lost, "down");
		assert_true(is(r, left, "works"));
		for_a_while();
		rules(r, "");
		await(r, lost, "works");
		both_serve(r);
	}
	load_stop(&l);
	sum = load_sum(&l);
	load_tell(&l);
	print_message("%lu operations, longest %lld ms\n", sum.done, (long long)sum.longest / 1000);
	assert_int_equal(sum.wrong, 0);
	assert_int_equal(sum.refused, 0);
	assert_int_equal(load_unrecorded(&l), 0);
	load_free(&l);
	shared_out(r, false);
}

static double
per_second(struct rig *r, bool share)
{
	enum { SECONDS = 3 };
	struct load_sum sum;
	struct load l;

	shared_out(r, share);
	load_start(&l, r, CLIENTS);
	(void)nanosleep(&(struct timespec){SECONDS, 0}, NULL);
	load_stop(&l);
	sum = load_sum(&l);
	load_free(&l);
	return (double)sum.done / SECONDS;
}

/* Only said: which of the two is faster is the HSMs' affair. */
CASE(what_sharing_the_load_brings_is_told)
{
	struct rig *r = rig_of(state);
	double one, both;

	rules(r, "");
	one = per_second(r, false);
	both = per_second(r, true);
	print_message("operations/s: %.0f with one token at work, %.0f with two (%.2f)\n", one, both, both / one);
	assert_true(one > 0 && both > 0);
	shared_out(r, false);
}

CASE(a_key_is_not_made_where_its_copy_would_be_missing)
{
	AUTO(writer) json = writer_new(1 << 16);
	struct rig *r = rig_of(state);

	assert_err(keyring_generate(r->keyring, "status", &json), ERR_REFUSED);
}

CASE(one_token_that_is_absent_at_the_start_is_told_and_the_other_serves)
{
	struct rig *r = rig_of(state);

	rig_stop(r, SIGTERM);
	shell(r, "mv mirror ../away");
	rig_start(r);
	assert_true(is(r, "main", "works") && is(r, "spare", "down"));
	rig_stop(r, SIGTERM);
	shell(r, "mv ../away mirror");
	rig_start(r);
	assert_true(is(r, "spare", "ready"));
}

/* Both remember the journal's head: each of them alone would tell of a cut one. */
CASE(what_one_token_remembers_both_do)
{
	struct rig *r = rig_of(state);

	rig_stop(r, SIGTERM);
	rig_set(r, "token", "spare");
	rig_set(r, "mirror", NULL);
	assert_int_equal(rig_run(r, "check"), 0);
	shell(r, "cp ../journal ../journal.kept && head -n 3 ../journal.kept > ../journal");
	assert_int_not_equal(rig_run(r, "check"), 0);
	shell(r, "mv ../journal.kept ../journal");
	rig_set(r, "token", "main");
	rig_set(r, "mirror", "spare");
	rig_start(r);
}

/* No public half tells: the key is asked. */
CASE(a_mirror_with_another_secret_key_is_refused_by_name)
{
	struct rig *r = rig_of(state);

	rig_stop(r, SIGTERM);
	shell(r, "cp -a mirror ../mirror.kept");
	swap_key(r, "spare", "number-wrap");
	assert_int_not_equal(rig_run(r, "check"), 0);
	assert_true(
		rig_said(r, "token 'spare' is no copy of the other (key 'number-wrap' on the token is another than"));
	shell(r, "rm -rf mirror && mv ../mirror.kept mirror");
	rig_start(r);
}

/* Last: another key under the same label on the copy. */
CASE(a_mirror_with_another_key_is_refused_by_name)
{
	struct rig *r = rig_of(state);

	rig_stop(r, SIGTERM);
	rig_set(r, "mirror", NULL);
	rig_start(r);
	rig_generate(r, "status"); /* on the one only */
	rig_stop(r, SIGTERM);
	rig_set(r, "mirror", "spare");
	assert_int_not_equal(rig_run(r, "check"), 0);
	assert_true(rig_said(r, "token 'spare' is no copy of the other"));
	assert_true(rig_said(r, "key 'status' is gone"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_lost_under_load_costs_no_request_and_comes_back),
		cmocka_unit_test(two_tokens_that_share_the_load_lose_one_and_have_it_back_without_a_refusal),
		cmocka_unit_test(what_sharing_the_load_brings_is_told),
		cmocka_unit_test(a_key_is_not_made_where_its_copy_would_be_missing),
		cmocka_unit_test(one_token_that_is_absent_at_the_start_is_told_and_the_other_serves),
		cmocka_unit_test(what_one_token_remembers_both_do),
		cmocka_unit_test(a_mirror_with_another_secret_key_is_refused_by_name),
		cmocka_unit_test(a_mirror_with_another_key_is_refused_by_name),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
