#include "hsm/process/control.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

static enum err
all_read(int fd, uint8_t *out, size_t len)
{
	while (len > 0) {
		const ssize_t n = read(fd, out, len);

		if (n < 0 && errno == EINTR)
			continue;
		REQUIRE(n > 0, ERR_UNAVAILABLE);
		out += n;
		len -= (size_t)n;
	}
	return ERR_OK;
}

static enum err
all_send(int fd, struct span bytes)
{
	while (bytes.len > 0) {
		const ssize_t n = send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		REQUIRE(n > 0, ERR_UNAVAILABLE);
		bytes = span_at(bytes.ptr + n, bytes.len - (size_t)n);
	}
	return ERR_OK;
}

enum err
control_pin(void *context, struct secret **out)
{
	const int fd = *(const int *)context;
	const uint8_t question = CONTROL_PIN;
	uint8_t len;
	enum err e;

	TRY(all_send(fd, span_at(&question, 1)));
	TRY(all_read(fd, &len, 1));
	TRY(secret_new(len, out));
	e = all_read(fd, secret_bytes(*out), len);
	if (e != ERR_OK)
		secret_free(out);
	return e;
}

enum err
control_answer(int fd, const struct secret *pin)
{
	const struct span bytes = secret_span(pin);
	uint8_t question;
	const uint8_t len = (uint8_t)bytes.len;

	TRY(all_read(fd, &question, 1));
	REQUIRE(question == CONTROL_PIN && bytes.len <= MAX_PIN, ERR_MALFORMED);
	TRY(all_send(fd, span_at(&len, 1)));
	return all_send(fd, bytes);
}
