/* Floods, and what they cost: strangers at the door, refusals without end, one byte now and then, challenges and unborn keys by the thousand. Neither log nor memory fills, and the others are served. */
#include "load.h"

#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "hsm/evidence/hush.h"
#include "keyring/frame.h"

enum {
	SECOND = 1000000,
	PROMPT = 500000, /* ticks */
	STRANGERS = 3,
	FLOOD_SECONDS = 2,
	DRIPS = 120,
	CHALLENGES = 20000,
	UNBORN = 1500,
	GROWTH_KIB = 4 << 10,
};

static const char label[] = "citizen-keys";

static struct trial {
	struct rig *rig;
	struct keyring *signer;
	struct person one;
} trial;

static int
set_up(void **state)
{
	struct rig *r = rig_new();

	*state = trial.rig = r;
	if (r == NULL)
		return 0;
	rig_set(r, "recycle_after", "500");
	rig_up(r, NULL);
	rig_generate(r, label);
	rig_generate(r, "citizen-seal");
	rig_generate(r, "root-ca");
	rig_generate(r, "citizen-ca");
	trial.signer = rig_keyring(r, UID_SIGNER);
	person_birth(r, trial.signer, &trial.one);
	return 0;
}

static int
tear_down(void **state)
{
	if (*state == NULL)
		return 0;
	person_free(&trial.one);
	keyring_free(&trial.signer);
	rig_free((struct rig **)state);
	return 0;
}

static void
separate_or_skip(const struct rig *r)
{
	if (r->separate)
		return;
	print_message("skipped: several users need root\n");
	skip();
}

static int
raw_connect(const struct rig *r)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	const struct timeval wait = {5, 0};
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s/hsmd.sock", r->dir);
	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) == 0 &&
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) == 0 &&
		connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

/* Lines of the daemon's log that hold text. */
static size_t
log_lines(const struct rig *r, const char *text)
{
	AUTO(writer) log = writer_new(64 << 20);
	size_t count = 0;

	assert_ok(file_read(r->log, 64 << 20, &log));
	for (const char *at = (const char *)writer_span(&log).ptr; (at = strstr(at, text)) != NULL; at++)
		count++;
	return count;
}

static void
become(uid_t uid)
{
	if (setgroups(0, NULL) != 0 || setresgid(uid, uid, uid) != 0 || setresuid(uid, uid, uid) != 0)
		_exit(1);
}

/* ---- strangers ---- */

static _Noreturn void
knock(const struct rig *r)
{
	const int64_t until = clock_ticks() + FLOOD_SECONDS * SECOND;

	become(UID_STRANGER);
	while (clock_ticks() < until) {
		const int fd = raw_connect(r);

		if (fd >= 0)
			(void)close(fd);
	}
	_exit(0);
}

/* With a connection of its own each time, as they stand in one line with all others. */
static enum err
act_ask_anew(struct rig *r, struct keyring *k, void *context)
{
	const int64_t until = clock_ticks() + (FLOOD_SECONDS * SECOND) / 2;
	int64_t slowest = 0;
	char path[128];

	(void)k;
	(void)context;
	rig_path(r, "hsmd.sock", path);
	while (clock_ticks() < until) {
		AUTO(writer) json = writer_new(1 << 16);
		const int64_t began = clock_ticks();
		struct keyring *own;
		enum err e;

		TRY(keyring_open(path, 1, &own));
		e = keyring_status(own, &json);
		keyring_free(&own);
		TRY(e);
		if (clock_ticks() - began > slowest)
			slowest = clock_ticks() - began;
	}
	print_message("  the slowest of idpd's requests took %lld ms\n", (long long)slowest / 1000);
	return slowest <= PROMPT ? ERR_OK : ERR_EXPIRED;
}

CASE(strangers_at_the_door_fill_no_log_and_keep_nobody_out)
{
	struct rig *r = rig_of(state);
	pid_t children[STRANGERS];
	int status;

	separate_or_skip(r);
	for (size_t i = 0; i < STRANGERS; i++) {
		children[i] = fork();
		if (children[i] == 0)
			knock(r);
	}
	assert_ok(rig_as(r, UID_IDP, act_ask_anew, NULL));
	for (size_t i = 0; i < STRANGERS; i++)
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
	assert_in_range(log_lines(r, "refused uid=7009"), 1, HUSH_LINES);
}

/* ---- refusals ---- */

static enum err
act_refused(struct rig *r, struct keyring *k, void *context)
{
	AUTO(writer) signature = writer_new(1024);

	(void)r;
	(void)context;
	for (int i = 0; i < 3000; i++)
		REQUIRE(keyring_sign(k, "root-ca", SPAN("x"), SPAN(""), &signature) == ERR_REFUSED, ERR_MISMATCH);
	return ERR_OK;
}

CASE(refusals_without_end_are_some_lines_of_the_log_and_fewer_records)
{
	struct rig *r = rig_of(state);

	separate_or_skip(r);
	assert_ok(rig_as(r, UID_IDP, act_refused, NULL));
	assert_in_range(log_lines(r, "uid=7002"), 1, HUSH_LINES);
}

CASE(frames_that_are_none_fill_no_log)
{
	struct rig *r = rig_of(state);
	char byte;

	for (int i = 0; i < 500; i++) {
		const int fd = raw_connect(r);

		assert_true(fd >= 0);
		(void)send(fd, "GET / HTTP/1.1\r\n", 16, MSG_NOSIGNAL);
		while (recv(fd, &byte, 1, 0) > 0)
			;
		(void)close(fd);
	}
	assert_in_range(log_lines(r, " frame: "), 1, HUSH_LINES);
}

/* ---- slowly ---- */

/* One byte more on each that still takes one; how many do. */
static size_t
drip(int fds[DRIPS])
{
	size_t open = 0;

	for (size_t i = 0; i < DRIPS; i++) {
		struct pollfd p = {.fd = fds[i], .events = POLLIN | POLLRDHUP};

		if (fds[i] >= 0 && (poll(&p, 1, 0) > 0 || send(fds[i], "\0", 1, MSG_NOSIGNAL) != 1)) {
			(void)close(fds[i]);
			fds[i] = -1;
		}
		open += fds[i] >= 0;
	}
	return open;
}

CASE(one_byte_a_second_is_hung_up_on_and_holds_nobody_up)
{
	const struct timespec second = {1, 0};
	struct rig *r = rig_of(state);
	int fds[DRIPS], seconds = 0;
	int64_t slowest = 0;

	for (size_t i = 0; i < DRIPS; i++) {
		fds[i] = raw_connect(r);
		assert_int_equal(send(fds[i], "\x00\x00\x40\x00\x01\x01\x00\x00\x00\x01", 10, MSG_NOSIGNAL), 10);
	}
	while (drip(fds) > 0) {
		AUTO(writer) json = writer_new(1 << 16);
		const int64_t began = clock_ticks();

		assert_ok(keyring_status(r->keyring, &json));
		if (clock_ticks() - began > slowest)
			slowest = clock_ticks() - began;
		assert_in_range(++seconds, 0, 14);
		(void)nanosleep(&second, NULL);
	}
	assert_in_range(slowest, 0, PROMPT);
}

/* ---- memory ---- */

static bool
is_sanitized(void)
{
	const char *sanitized = getenv("MOHAR_SANITIZE");

	return sanitized != NULL && sanitized[0] != '\0';
}

CASE(challenges_by_the_thousand_cost_no_memory_and_the_citizen_signs_all_the_same)
{
	struct rig *r = rig_of(state);
	const struct digests d = digests_some(32, 1);
	uint8_t challenge[32], nonce[HSM_NONCE_LEN];
	long before = 0;
	int64_t began = 0;

	for (int i = 0; i < CHALLENGES; i++) {
		assert_ok(keyring_challenge(trial.signer, label, writer_span(&trial.one.blob), &d, challenge, nonce));
		if (i == CHALLENGES / 4) {
			before = rig_resident(r);
			began = clock_ticks();
		}
		if (i % 1000 == 0) {
			AUTO(writer) signatures = writer_new(1024);

			assert_ok(person_sign(trial.signer, &trial.one, &d, NULL, &signatures));
			assert_true(person_signed(&trial.one, &d, writer_span(&signatures)));
		}
	}
	print_message("  %.0f challenges a second; %ld KiB, then %ld\n",
		(double)(CHALLENGES - CHALLENGES / 4) * SECOND / (double)(clock_ticks() - began), before,
		rig_resident(r));
	if (!is_sanitized())
		assert_true(rig_resident(r) < before + GROWTH_KIB);
}

CASE(keys_that_are_made_and_never_born_cost_no_memory)
{
	struct rig *r = rig_of(state);
	AUTO(writer) blob = writer_new(MAX_BLOB);
	long before = 0;

	for (int i = 0; i < UNBORN; i++) {
		writer_reset(&blob);
		assert_ok(keyring_citizen_make(trial.signer, label, &blob));
		if (i == UNBORN / 3)
			before = rig_resident(r);
	}
	print_message("  %ld KiB, then %ld; begun anew %lu times\n", before, rig_resident(r),
		rig_number(r, "recycles"));
	if (!is_sanitized())
		assert_true(rig_resident(r) < before + GROWTH_KIB);
	assert_true(rig_number(r, "recycles") > 0);
}

/* ---- large lists ---- */

enum { LISTS = 4, HEAVY_KIB = 400 << 10 };

/* A TBSCertList of nearly sixteen mebibytes: as many entries as fit. */
static void
list_make(struct writer *out)
{
	static const uint8_t entry[] = "\x30\x21\x02\x10\x01"
				       "23456789abcdef0"
				       "\x17\x0d"
				       "260101000000Z";
	static const char before[] = "\x02\x01\x01\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03\x30\x00"
				     "\x17\x0d"
				     "260101000000Z"
				     "\x17\x0d"
				     "260102000000Z";
	const size_t count = ((15 << 20) + (900 << 10)) / (sizeof(entry) - 1), entries = count * (sizeof(entry) - 1);
	const size_t inner = sizeof(before) - 1 + 5 + entries;

	writer_u8(out, 0x30);
	writer_u8(out, 0x84);
	for (int i = 3; i >= 0; i--)
		writer_u8(out, (uint8_t)(inner >> (8 * i) & 0xff));
	writer_bytes(out, span_at((const uint8_t *)before, sizeof(before) - 1));
	writer_u8(out, 0x30);
	writer_u8(out, 0x83);
	for (int i = 2; i >= 0; i--)
		writer_u8(out, (uint8_t)(entries >> (8 * i) & 0xff));
	for (size_t i = 0; i < count; i++)
		writer_bytes(out, span_at(entry, sizeof(entry) - 1));
}

static _Noreturn void
list_send(const struct rig *r)
{
	AUTO(writer) list = writer_new(MAX_HSM_OBJECT);
	AUTO(writer) signature = writer_new(1024);
	struct keyring *k;
	char path[128];

	become(UID_CA);
	rig_path(r, "hsmd.sock", path);
	list_make(&list);
	if (writer_done(&list) != ERR_OK || keyring_open(path, 1, &k) != ERR_OK)
		_exit(1);
	for (int i = 0; i < 3; i++) {
		const enum err e = keyring_sign(k, "citizen-ca", writer_span(&list), SPAN(""), &signature);

		if (getenv("MOHAR_TEST_TALK") != NULL)
			print_message("  %s: %s\n", err_name(e), err_why());
	}
	_exit(0);
}

static long
peak(const struct rig *r)
{
	char path[64], line[256];
	long kib = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%ld/status", (long)rig_worker(r));
	f = fopen(path, "re");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "VmHWM: %ld", &kib) == 1)
			break;
	(void)fclose(f);
	return kib;
}

CASE(the_largest_lists_at_once_take_bounded_memory)
{
	struct rig *r = rig_of(state);
	pid_t children[LISTS];
	int status;

	separate_or_skip(r);
	for (size_t i = 0; i < LISTS; i++) {
		children[i] = fork();
		if (children[i] == 0)
			list_send(r);
	}
	for (size_t i = 0; i < LISTS; i++)
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
	print_message("  at its peak: %ld MiB; then %ld MiB\n", peak(r) >> 10, rig_resident(r) >> 10);
	if (!is_sanitized())
		assert_in_range(peak(r), 1, HEAVY_KIB);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strangers_at_the_door_fill_no_log_and_keep_nobody_out),
		cmocka_unit_test(refusals_without_end_are_some_lines_of_the_log_and_fewer_records),
		cmocka_unit_test(frames_that_are_none_fill_no_log),
		cmocka_unit_test(one_byte_a_second_is_hung_up_on_and_holds_nobody_up),
		cmocka_unit_test(challenges_by_the_thousand_cost_no_memory_and_the_citizen_signs_all_the_same),
		cmocka_unit_test(keys_that_are_made_and_never_born_cost_no_memory),
		cmocka_unit_test(the_largest_lists_at_once_take_bounded_memory),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
