/* One user of several who behaves badly: the others are served all the same. */
#include "rig.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "keyring/frame.h"

enum { CROWD = 1100, MUTES = 12, HEAVY = 12, HEAVY_FRAMES = 48, MAX_HEAVY = 4, PROMPT = 500000 /* ticks */ };

static int
set_up(void **state)
{
	struct rig *r = rig_new();

	*state = r;
	if (r == NULL)
		return 0;
	rig_up(r, NULL);
	return 0;
}

static int
tear_down(void **state)
{
	rig_free((struct rig **)state);
	return 0;
}

/* Waits while the daemon has more who wait than its socket's queue holds. -1: it does not let us in. */
static int
raw_connect(const struct rig *r)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	const struct timeval wait = {5, 0};
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s/hsmd.sock", r->dir);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) != 0 ||
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) != 0 ||
		connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

/* ---- more connections than there are ---- */

struct gate {
	int full[2], done[2]; /* pipes */
};

static enum err
act_crowd(struct rig *r, struct keyring *k, void *context)
{
	struct gate *gate = context;
	struct rlimit files;
	char byte = 'x';

	(void)k;
	(void)getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &files);
	for (int i = 0; i < CROWD; i++)
		(void)raw_connect(r);
	(void)!write(gate->full[1], &byte, 1);
	(void)!read(gate->done[0], &byte, 1);
	return ERR_OK;
}

static enum err
act_status(struct rig *r, struct keyring *k, void *context)
{
	AUTO(writer) json = writer_new(1 << 16);

	(void)r;
	(void)context;
	return keyring_status(k, &json);
}

CASE(one_users_connections_leave_room_for_anothers)
{
	struct rig *r = rig_of(state);
	struct gate gate;
	char byte;
	pid_t child;

	if (!r->separate) {
		print_message("skipped: several users need root\n");
		skip();
	}
	assert_int_equal(pipe(gate.full), 0);
	assert_int_equal(pipe(gate.done), 0);
	child = fork();
	if (child == 0) {
		(void)close(gate.done[1]); /* so that the end of ours is its end */
		_exit((int)rig_as(r, UID_IDP, act_crowd, &gate));
	}
	assert_int_equal(read(gate.full[0], &byte, 1), 1);
	assert_ok(rig_as(r, UID_CA, act_status, NULL));
	(void)close(gate.done[1]);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_ok(rig_as(r, UID_IDP, act_status, NULL));
}

/* ---- replies that nobody reads ---- */

static void
ask_and_not_read(int fd)
{
	AUTO(writer) body = writer_new(64);
	AUTO(writer) frame = writer_new(64);

	field_write(&body, FIELD_COUNT, SPAN("\x04\x00"));
	frame_write(&frame, OP_RANDOM, 1, writer_span(&body));
	for (int i = 0; i < 1000; i++)
		if (send(fd, frame.ptr, frame.len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			return;
}

CASE(who_does_not_read_keeps_no_worker_waiting)
{
	struct rig *r = rig_of(state);
	AUTO(writer) json = writer_new(1 << 16);
	const struct timespec while_they_fill = {0, 200000000};
	int fds[MUTES];
	int64_t began;

	for (size_t i = 0; i < MUTES; i++) {
		fds[i] = raw_connect(r);
		ask_and_not_read(fds[i]);
	}
	(void)nanosleep(&while_they_fill, NULL);
	began = clock_ticks();
	assert_ok(keyring_status(r->keyring, &json));
	assert_in_range(clock_ticks() - began, 0, PROMPT);
	for (size_t i = 0; i < MUTES; i++)
		(void)close(fds[i]);
}

/* ---- objects that are large and never end ---- */

/* Three megabytes of an object with more to come. False: the daemon has cut it off. */
static bool
heavy_taken(int fd)
{
	static uint8_t part[MAX_HSM_FRAME];
	const struct timeval wait = {0, 300000};
	ssize_t n = 1;

	memcpy(part, "\x00\x00\xff\xfc\x01\x85\x00\x00\x00\x01", FRAME_HEAD);
	for (int i = 0; i < HEAVY_FRAMES && n > 0; i++)
		n = send(fd, part, sizeof(part), MSG_NOSIGNAL);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)), 0);
	return n > 0 && recv(fd, part, sizeof(part), 0) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

CASE(large_objects_of_one_user_do_not_fill_the_memory)
{
	struct rig *r = rig_of(state);
	int fds[HEAVY], again;
	size_t taken = 0;

	for (size_t i = 0; i < HEAVY; i++) {
		fds[i] = raw_connect(r);
		taken += heavy_taken(fds[i]);
	}
	assert_in_range(taken, 1, MAX_HEAVY);
	for (size_t i = 0; i < HEAVY; i++)
		(void)close(fds[i]);
	assert_ok(act_status(r, r->keyring, NULL));
	again = raw_connect(r);
	assert_true(heavy_taken(again)); /* once they are gone, there is room again */
	(void)close(again);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_users_connections_leave_room_for_anothers),
		cmocka_unit_test(who_does_not_read_keeps_no_worker_waiting),
		cmocka_unit_test(large_objects_of_one_user_do_not_fill_the_memory),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
