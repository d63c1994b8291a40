#include "rig.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "keyring/frame.h"

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

static int
raw_connect(const struct rig *r)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	const struct timeval wait = {5, 0};
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s/hsmd.sock", r->dir);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

/* Sends bytes; what comes back is a refusal or the end, and mohar-hsmd lives. */
static void
refused_raw(struct rig *r, struct span bytes)
{
	AUTO(writer) json = writer_new(1 << 16);
	uint8_t reply[4096];
	struct fields f;
	const int fd = raw_connect(r);
	ssize_t n;

	(void)!write(fd, bytes.ptr, bytes.len);
	(void)shutdown(fd, SHUT_WR);
	n = recv(fd, reply, sizeof(reply), 0);
	assert_true(n == 0 || n > FRAME_HEAD || (n < 0 && errno == ECONNRESET));
	if (n > FRAME_HEAD) {
		assert_ok(reply_read(span_at(reply + FRAME_HEAD, (size_t)n - FRAME_HEAD), &f));
		assert_int_not_equal(f.at[FIELD_CODE].ptr[0], 0);
	}
	(void)close(fd);
	assert_ok(keyring_status(r->keyring, &json));
}

CASE(frames_that_are_none_are_refused)
{
	struct rig *r = rig_of(state);
	AUTO(writer) good = writer_new(1024);
	AUTO(writer) body = writer_new(1024);

	field_write(&body, FIELD_LABEL, SPAN("idp-token"));
	field_write(&body, FIELD_OBJECT, SPAN("x"));
	frame_write(&good, OP_SIGN, 7, writer_span(&body));
	for (size_t len = 1; len < good.len; len++)
		refused_raw(r, span_at(good.ptr, len));
	refused_raw(r, SPAN("\xff\xff\xff\xff\x01\x05\x00\x00\x00\x01"));     /* longer than a frame */
	refused_raw(r, SPAN("\x00\x00\x00\x00\x01\x05\x00\x00\x00\x01"));     /* shorter than a head */
	refused_raw(r, SPAN("\x00\x00\x00\x06\x02\x01\x00\x00\x00\x01"));     /* another version */
	refused_raw(r, SPAN("\x00\x00\x00\x06\x01\x63\x00\x00\x00\x01"));     /* no such op */
	refused_raw(r, SPAN("\x00\x00\x00\x06\x01\x81\x00\x00\x00\x01"));     /* STATUS in several frames */
	refused_raw(r, SPAN("\x00\x00\x00\x06\x01\x85\x00\x00\x00\x01"));     /* an empty part of more */
	refused_raw(r, SPAN("\x00\x00\x00\x07\x01\x05\x00\x00\x00\x01\x01")); /* a field cut off */
	refused_raw(r, SPAN("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
}

CASE(a_message_beyond_sixteen_mebibytes_is_cut_off)
{
	struct rig *r = rig_of(state);
	static uint8_t part[MAX_HSM_FRAME];
	AUTO(writer) json = writer_new(1 << 16);
	const int fd = raw_connect(r);
	ssize_t n = 1;

	memcpy(part, "\x00\x00\xff\xfc\x01\x85\x00\x00\x00\x01", FRAME_HEAD);
	for (int i = 0; i < 300 && n > 0; i++)
		n = send(fd, part, sizeof(part), MSG_NOSIGNAL);
	assert_true(n <= 0);
	(void)close(fd);
	assert_ok(keyring_status(r->keyring, &json));
}

/* One that begins a message and leaves it there keeps nobody else from being served. */
CASE(half_a_message_holds_nobody_up)
{
	struct rig *r = rig_of(state);
	AUTO(writer) json = writer_new(1 << 16);
	int fds[64];

	for (size_t i = 0; i < 64; i++) {
		fds[i] = raw_connect(r);
		assert_int_equal(write(fds[i], "\x00\x00\x00\x10\x01\x05", 6), 6);
	}
	assert_ok(keyring_status(r->keyring, &json));
	for (size_t i = 0; i < 64; i++)
		(void)close(fds[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_that_are_none_are_refused),
		cmocka_unit_test(a_message_beyond_sixteen_mebibytes_is_cut_off),
		cmocka_unit_test(half_a_message_holds_nobody_up),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
