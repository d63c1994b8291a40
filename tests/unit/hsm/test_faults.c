/* Faults at random under load: return codes by skipping the call and by making it and lying, lies in what a call gives, delays, sessions lost, the module reset, the worker killed or
 * stopped for a while (which to it is a clock that jumps), connections cut. timeout: 170
 *
 * Whatever happens: what is released is right and recorded, nobody waits past the deadline, and service is back within a second of each fault's end. MOHAR_SEED repeats a run; MOHAR_SOAK
 * says for how many seconds, else there are 200 faults. */
#include "load.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "hsm/token/returned.h"

enum {
	CLIENTS = 8,
	FAULTS = 200,
	DEADLINE_MS = 2000,
	BACK = 1000000, /* ticks */
	/* Ours beside the daemon's deadline: a client's connection that died is made again once, each try of two operations (challenge, activation), on a machine that
	 * is busy with eight clients. A worker's start is in it too. */
	MARGIN_MS = 1000,
};

static unsigned
pick(unsigned below)
{
	return (unsigned)rand() % below;
}

static void
rules(const struct rig *r, const char *text)
{
	char path[128];

	rig_path(r, "token/rules", path);
	assert_ok(file_write(path, span_of(text), 0644));
}

static void
for_ms(long ms)
{
	(void)nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

/* ---- the faults ---- */

static const char *const functions[] = {"C_Sign", "C_SignInit", "C_UnwrapKey", "C_GetAttributeValue", "C_DestroyObject",
	"C_OpenSession", "C_GetSessionInfo", "C_FindObjectsInit", "C_FindObjects", "any"};

/* No PIN's codes at C_Login: those end it by design, and test_recovery shows that. */
static void
fault_code(struct rig *r, char *what, size_t len)
{
	const struct returned_row *row = &returned_rows[1 + pick((unsigned)returned_count - 1)];
	const char *function = functions[pick(10)];
	const unsigned count = 1 + pick(20);

	if (strcmp(function, "any") == 0 && row->consequence == RETURNED_PIN)
		function = "C_Sign";
	(void)snprintf(what, len, "%s %lx %u%s after=%u\n", function, row->rv, count, pick(2) ? " call" : "", pick(50));
	rules(r, what);
	for_ms(50 + (long)pick(100));
}

static void
fault_lie(struct rig *r, char *what, size_t len)
{
	static const char *const lies[] = {"flip", "short", "zero"};

	(void)snprintf(what, len, "C_Sign 0 %u lie=%s\n", 1 + pick(5), lies[pick(3)]);
	rules(r, what);
	for_ms(50);
}

/* Sessions gone, and then another key's public half where ours was. */
static void
fault_point(struct rig *r, char *what, size_t len)
{
	(void)snprintf(what, len, "lose 1 1\nC_Sign b3 1\nC_GetAttributeValue 0 %u lie=point\n", 1 + pick(4));
	rules(r, what);
	for_ms(100);
}

static void
fault_lose(struct rig *r, char *what, size_t len)
{
	(void)snprintf(what, len, "lose 1 %u\nC_Sign b3 1\n", 1 + pick(3));
	rules(r, what);
	for_ms(100);
}

static void
fault_delay(struct rig *r, char *what, size_t len)
{
	(void)snprintf(what, len, "%s 0 %u delay=%u\n", functions[pick(3)], 1 + pick(4), 50 + pick(400));
	rules(r, what);
	for_ms(100);
}

static void
fault_kill(struct rig *r, char *what, size_t len)
{
	const pid_t worker = rig_worker(r);

	(void)snprintf(what, len, "kill -9 of the worker\n");
	if (worker > 0)
		(void)kill(worker, SIGKILL);
}

static void
fault_stop(struct rig *r, char *what, size_t len)
{
	const pid_t worker = rig_worker(r);
	const unsigned ms = 50 + pick(500);

	(void)snprintf(what, len, "the worker stands still for %u ms\n", ms);
	if (worker <= 0)
		return;
	(void)kill(worker, SIGSTOP);
	for_ms(ms);
	(void)kill(worker, SIGCONT);
}

/* A request whose sender goes before it is whole, or before it is answered. */
static void
fault_cut(struct rig *r, char *what, size_t len)
{
	static const uint8_t status[] = {0, 0, 0, 6, 1, 1, 0, 0, 0, 1};
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	(void)snprintf(what, len, "connections cut\n");
	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s/hsmd.sock", r->dir);
	for (int i = 0; i < 8; i++) {
		const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
			(void)!send(fd, status, 1 + pick(sizeof(status)), MSG_NOSIGNAL);
		if (fd >= 0)
			(void)close(fd);
	}
}

static void (*const faults[])(struct rig *r, char *what, size_t len) = {fault_code, fault_code, fault_code, fault_code,
	fault_lie, fault_point, fault_lose, fault_delay, fault_kill, fault_stop, fault_cut};

/* ---- the run ---- */

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
	rig_set(r, "recycle_after", "1000");
	rig_set(r, "hot_keys", "1");
	rig_up(r, NULL);
	rig_generate(r, "idp-token");
	rig_generate(r, "number-wrap");
	rig_generate(r, "citizen-keys");
	rig_generate(r, "citizen-seal");
	return 0;
}

static int
tear_down(void **state)
{
	rig_free((struct rig **)state);
	return 0;
}

/* Every client has had a good answer since. Ticks until then; -1: not within five seconds. */
static int64_t
back(const struct load *l)
{
	unsigned long before[MAX_CLIENTS];
	const int64_t began = clock_ticks();
	size_t served = 0;

	for (size_t i = 0; i < l->count; i++)
		before[i] = atomic_load(&l->clients[i].done);
	while (clock_ticks() - began < 5 * BACK) {
		served = 0;
		for (size_t i = 0; i < l->count; i++)
			served += atomic_load(&l->clients[i].done) > before[i];
		if (served == l->count)
			return clock_ticks() - began;
		for_ms(2);
	}
	return -1;
}

static bool
goes_on(int done, int64_t began)
{
	const char *soak = getenv("MOHAR_SOAK");

	return soak == NULL ? done < FAULTS : clock_ticks() - began < atol(soak) * 1000000;
}

static int
verify(const struct rig *r)
{
	const char *build = getenv("MOHAR_BUILD");
	char command[1024];

	(void)snprintf(command, sizeof(command),
		"'%s/bin/mohar' log verify --journal '%s/journal' --operations '%s/journal.operations'",
		build == NULL ? "build" : build, r->dir, r->dir);
	return system(command);
}

CASE(whatever_fails_nothing_wrong_is_released_nothing_is_unrecorded_and_nobody_waits)
{
	struct rig *r = rig_of(state);
	const unsigned seed =
		getenv("MOHAR_SEED") == NULL ? (unsigned)time(NULL) : (unsigned)atol(getenv("MOHAR_SEED"));
	const int64_t began = clock_ticks();
	struct load_sum sum;
	struct load l;
	char what[256];
	int64_t longest = 0;
	int done = 0, late = 0;

	print_message("MOHAR_SEED=%u\n", seed);
	srand(seed);
	rules(r, "");
	load_start(&l, r, CLIENTS);
	assert_true(back(&l) >= 0);
	for (; goes_on(done, began); done++) {
		int64_t took;

		faults[pick(sizeof(faults) / sizeof(faults[0]))](r, what, sizeof(what));
		rules(r, "");
		took = back(&l);
		longest = took > longest ? took : longest;
		if (took < 0 || took > BACK) {
			late++;
			print_message("service was back after %lld ms from: %s", (long long)took / 1000, what);
		}
		if (getenv("MOHAR_TEST_TALK") != NULL)
			print_message("%lld ms: %s", (long long)took / 1000, what);
	}
	load_stop(&l);
	sum = load_sum(&l);
	load_tell(&l);
	print_message(
		"%d faults, %lu operations, %lu refused; longest wait %lld ms; service back after %lld ms at most\n",
		done, sum.done, sum.refused, (long long)sum.longest / 1000, (long long)longest / 1000);
	assert_int_equal(sum.wrong, 0);
	assert_int_equal(load_unrecorded(&l), 0);
	assert_int_equal(late, 0);
	assert_in_range(sum.longest / 1000, 0, DEADLINE_MS + MARGIN_MS);
	load_free(&l);
	rig_stop(r, SIGTERM);
	assert_int_equal(verify(r), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_fails_nothing_wrong_is_released_nothing_is_unrecorded_and_nobody_waits),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
