#include "rig.h"

#include <errno.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/file.h"
#include "keyring/frame.h"

/* Two daemons taken over, which ask for all they can get: the third is served all the same, and promptly. The HSM here takes 20 ms for a key, as one behind a network does. */
enum { FLOOD = 300, CROWD = 500, PROMPT = 500000 /* ticks */, ASKED = 20, MAX_REPLY = 1 << 16 };

static int
set_up(void **state)
{
	const char *build = getenv("MOHAR_BUILD");
	struct rig *r = rig_new();
	char path[512], rules[128];

	*state = r;
	if (r == NULL)
		return 0;
	(void)snprintf(path, sizeof(path), "%s/tests/modules/p11fault.so", build == NULL ? "build" : build);
	rig_path(r, "token/rules", rules);
	assert_int_equal(setenv("P11FAULT_RULES", rules, 1), 0);
	assert_int_equal(setenv("P11FAULT_MODULE", "/usr/lib/softhsm/libsofthsm2.so", 1), 0);
	rig_set(r, "module", path);
	rig_up(r, NULL);
	rig_generate(r, "citizen-keys");
	rig_generate(r, "citizen-seal");
	assert_ok(file_write(rules, SPAN("C_GenerateKeyPair 0 * delay=20\n"), 0644));
	return 0;
}

static int
tear_down(void **state)
{
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

/* -1: it does not let us in. */
static int
raw_connect(const struct rig *r)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	const struct timeval wait = {5, 0};
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s/hsmd.sock", r->dir);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) != 0 ||
		connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

/* A child that does harm from when it says so until it is let go. */
struct harm {
	int begun[2], done[2]; /* pipes */
	pid_t child;
};

static void
files_many(void)
{
	struct rlimit files;

	(void)getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &files);
}

static void
harm_begin(struct rig *r, uid_t uid, rig_act *act, struct harm *h)
{
	char byte;

	assert_int_equal(pipe(h->begun), 0);
	assert_int_equal(pipe(h->done), 0);
	h->child = fork();
	if (h->child == 0) {
		(void)close(h->done[1]);
		_exit((int)rig_as(r, uid, act, h));
	}
	assert_int_equal(read(h->begun[0], &byte, 1), 1);
}

static void
harm_end(struct harm *h)
{
	assert_int_equal(write(h->done[1], "x", 1), 1);
	assert_int_equal(waitpid(h->child, NULL, 0), h->child);
	(void)close(h->done[0]);
	(void)close(h->done[1]);
	(void)close(h->begun[0]);
	(void)close(h->begun[1]);
}

/* ---- connections ---- */

static enum err
act_connect(struct rig *r, struct keyring *k, void *context)
{
	struct harm *h = context;
	char byte = 'x';

	(void)k;
	files_many();
	for (int i = 0; i < CROWD; i++)
		(void)raw_connect(r);
	(void)!write(h->begun[1], &byte, 1);
	(void)!read(h->done[0], &byte, 1);
	return ERR_OK;
}

/* The slowest of some requests, in ticks. */
static enum err
act_ask(struct rig *r, struct keyring *k, void *context)
{
	int64_t slowest = 0;

	(void)r;
	(void)context;
	for (int i = 0; i < ASKED; i++) {
		AUTO(writer) json = writer_new(1 << 16);
		const int64_t began = clock_ticks();

		TRY(keyring_status(k, &json));
		if (clock_ticks() - began > slowest)
			slowest = clock_ticks() - began;
	}
	if (slowest > PROMPT)
		print_message("  the slowest answer took %lld ms\n", (long long)slowest / 1000);
	return slowest <= PROMPT ? ERR_OK : ERR_EXPIRED;
}

CASE(two_users_connections_leave_room_for_a_third_ones)
{
	struct rig *r = rig_of(state);
	struct harm idp, signer;

	separate_or_skip(r);
	harm_begin(r, UID_IDP, act_connect, &idp);
	harm_begin(r, UID_SIGNER, act_connect, &signer);
	assert_ok(rig_as(r, UID_CA, act_ask, NULL));
	assert_ok(rig_as(r, 0, act_ask, NULL));
	harm_end(&idp);
	harm_end(&signer);
}

/* ---- requests that take long ---- */

static void
send_wrap(int fd)
{
	AUTO(writer) body = writer_new(64);
	AUTO(writer) frame = writer_new(64);

	field_write(&body, FIELD_LABEL, SPAN("citizen-keys"));
	frame_write(&frame, OP_WRAP, 1, writer_span(&body));
	(void)send(fd, frame.ptr, frame.len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* As many at once as there are connections, each again as soon as it is answered. */
static enum err
act_flood(struct rig *r, struct keyring *k, void *context)
{
	static uint8_t reply[MAX_REPLY];
	static struct pollfd fds[FLOOD + 1];
	struct harm *h = context;
	bool told = false;
	char byte = 'x';

	(void)k;
	files_many();
	for (int i = 0; i < FLOOD; i++) {
		fds[i] = (struct pollfd){.fd = raw_connect(r), .events = POLLIN};
		if (fds[i].fd >= 0)
			send_wrap(fds[i].fd);
	}
	fds[FLOOD] = (struct pollfd){.fd = h->done[0], .events = POLLIN};
	while (poll(fds, FLOOD + 1, 5000) > 0 && fds[FLOOD].revents == 0) {
		for (int i = 0; i < FLOOD; i++) {
			if (fds[i].fd < 0 || fds[i].revents == 0)
				continue;
			if (recv(fds[i].fd, reply, sizeof(reply), MSG_DONTWAIT) > 0) {
				send_wrap(fds[i].fd);
			} else {
				(void)close(fds[i].fd);
				fds[i].fd = -1;
			}
		}
		if (!told)
			(void)!write(h->begun[1], &byte, 1);
		told = true;
	}
	return ERR_OK;
}

CASE(a_flood_of_slow_requests_by_one_user_keeps_no_other_waiting)
{
	struct rig *r = rig_of(state);
	const struct timespec until_full = {0, 300000000};
	struct harm signer;

	separate_or_skip(r);
	harm_begin(r, UID_SIGNER, act_flood, &signer);
	(void)nanosleep(&until_full, NULL);
	assert_ok(rig_as(r, UID_CA, act_ask, NULL));
	assert_ok(rig_as(r, UID_IDP, act_ask, NULL));
	harm_end(&signer);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_users_connections_leave_room_for_a_third_ones),
		cmocka_unit_test(a_flood_of_slow_requests_by_one_user_keeps_no_other_waiting),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
