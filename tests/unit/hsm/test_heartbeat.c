/* A worker that stands still: stopped as a whole, or with every thread inside a call of the HSM's library that does not return. It is noticed within a bounded time and replaced. */
#include "load.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/file.h"

enum {
	DEADLINE = 500 /* ms */,
	WORKERS = 2,
	ASKING = 5,
	START = 1500 /* ms that a fresh worker may take on a busy machine */
};
/* What hsm/process/supervisor.c gives a silent worker (deadline, a second, a look), and hsm/socket/server.c one whose threads are all stuck. */
enum { SILENT = DEADLINE + 1000 + 250, STALLED = 2 * DEADLINE };

static int
set_up(void **state)
{
	const char *build = getenv("MOHAR_BUILD");
	char path[512], rules_path[128];
	struct rig *r = rig_new();

	*state = r;
	if (r == NULL)
		return 0;
	(void)snprintf(path, sizeof(path), "%s/tests/modules/p11fault.so", build == NULL ? "build" : build);
	rig_path(r, "token/rules", rules_path);
	assert_int_equal(setenv("P11FAULT_RULES", rules_path, 1), 0);
	assert_int_equal(setenv("P11FAULT_MODULE", "/usr/lib/softhsm/libsofthsm2.so", 1), 0);
	rig_set(r, "module", path);
	rig_set(r, "workers", "2");
	rig_set(r, "deadline_ms", "500");
	rig_up(r, NULL);
	rig_generate(r, "log");
	return 0;
}

static int
tear_down(void **state)
{
	rig_free((struct rig **)state);
	return 0;
}

static void
rules(const struct rig *r, const char *text)
{
	char path[128];

	rig_path(r, "token/rules", path);
	assert_ok(file_write(path, span_of(text), 0644));
}

/* A checkpoint: one signature. */
static enum err
act_sign(struct rig *r, struct keyring *k, void *context)
{
	AUTO(writer) signature = writer_new(MAX_SIGNATURE);

	(void)r;
	(void)context;
	return keyring_sign(k, "log", SPAN("test\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"), SPAN(""),
		&signature);
}

static enum err
sign(struct rig *r)
{
	return rig_as(r, r->separate ? UID_SIGNER : getuid(), act_sign, NULL);
}

/* Answered, if only by a refusal, in time: a request that was with the worker when it left is sent again, and has a deadline at the next one. */
static enum err
act_in_time(struct rig *r, struct keyring *k, void *context)
{
	const int64_t began = clock_ticks();
	const enum err e = act_sign(r, k, context);

	return clock_ticks() - began > (2 * DEADLINE + 500) * 1000 ? ERR_EXPIRED : e;
}

/* Milliseconds until a signature is to be had again. */
static int64_t
back(struct rig *r)
{
	const int64_t began = clock_ticks();

	while (sign(r) != ERR_OK)
		assert_in_range(clock_ticks() - began, 0, 20000000);
	return (clock_ticks() - began) / 1000;
}

CASE(a_worker_that_is_stopped_is_replaced)
{
	struct rig *r = rig_of(state);
	const pid_t before = rig_worker(r);
	int64_t took;

	assert_ok(sign(r));
	assert_int_equal(kill(before, SIGSTOP), 0);
	took = back(r);
	print_message("stopped: served again after %lld ms\n", (long long)took);
	assert_in_range(took, 0, SILENT + START);
	assert_int_not_equal(rig_worker(r), before);
	assert_true(rig_said(r, "the worker has not stirred for"));
}

/* A pause that a busy machine makes is none. */
CASE(a_worker_that_stands_still_for_a_moment_stays)
{
	struct rig *r = rig_of(state);
	const pid_t before = rig_worker(r);

	assert_int_equal(kill(before, SIGSTOP), 0);
	(void)nanosleep(&(struct timespec){0, 600000000}, NULL);
	assert_int_equal(kill(before, SIGCONT), 0);
	assert_ok(sign(r));
	assert_int_equal(rig_worker(r), before);
}

/* Each waits for its deadline and is told; then another worker serves. */
CASE(a_library_that_never_returns_from_any_call_gets_the_worker_replaced)
{
	struct rig *r = rig_of(state);
	const pid_t before = rig_worker(r);
	const int64_t began = clock_ticks();
	pid_t asking[ASKING];
	int64_t took;

	rules(r, "C_Sign 0 * delay=600000\n");
	for (size_t i = 0; i < ASKING; i++) {
		asking[i] = fork();
		if (asking[i] == 0)
			_exit(rig_as(r, r->separate ? UID_SIGNER : getuid(), act_in_time, NULL) == ERR_UNAVAILABLE ? 0
														   : 1);
	}
	for (size_t i = 0; i < ASKING; i++) {
		int status = 0;

		assert_int_equal(waitpid(asking[i], &status, 0), asking[i]);
		assert_int_equal(status, 0);
	}
	rules(r, "");
	(void)back(r);
	took = (clock_ticks() - began) / 1000;
	print_message("every thread stuck: served again after %lld ms\n", (long long)took);
	assert_in_range(took, 0, STALLED + 500 + START);
	assert_int_not_equal(rig_worker(r), before);
}

/* One thread that hangs is no reason to take the others' work away. */
CASE(one_thread_that_hangs_leaves_the_worker_to_the_others)
{
	struct rig *r = rig_of(state);
	const pid_t before = rig_worker(r);

	rules(r, "C_Sign 0 1 delay=4000\n");
	assert_err(sign(r), ERR_UNAVAILABLE);
	for (int i = 0; i < 20; i++) {
		assert_ok(sign(r));
		(void)nanosleep(&(struct timespec){0, 100000000}, NULL);
	}
	assert_int_equal(rig_worker(r), before);
	rules(r, "");
}

CASE(mohar_hsmd_can_be_stopped_while_its_worker_stands_still)
{
	struct rig *r = rig_of(state);
	const int64_t began = clock_ticks();

	assert_int_equal(kill(rig_worker(r), SIGSTOP), 0);
	rig_stop(r, SIGTERM);
	assert_in_range((clock_ticks() - began) / 1000, 0, SILENT + START);
	rig_start(r);
	assert_ok(sign(r));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_worker_that_is_stopped_is_replaced),
		cmocka_unit_test(a_worker_that_stands_still_for_a_moment_stays),
		cmocka_unit_test(a_library_that_never_returns_from_any_call_gets_the_worker_replaced),
		cmocka_unit_test(one_thread_that_hangs_leaves_the_worker_to_the_others),
		cmocka_unit_test(mohar_hsmd_can_be_stopped_while_its_worker_stands_still),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
