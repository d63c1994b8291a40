#include "hsm/process/control.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

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

void
control_beat(int fd, uint8_t word)
{
	static _Atomic int64_t told;
	static _Atomic uint8_t last;
	const int64_t now = clock_ticks();

	if (word == atomic_load(&last) && now - atomic_load(&told) < CONTROL_EVERY)
		return;
	atomic_store(&last, word);
	atomic_store(&told, now);
	(void)!send(fd, &word, 1, MSG_NOSIGNAL | MSG_DONTWAIT); /* full: the supervisor has enough to read */
}

static enum err
pin_ask(int fd, struct secret **out)
{
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

/* One at a time: two tokens may have lost their logins at once. */
enum err
control_pin(void *context, struct secret **out)
{
	static pthread_mutex_t asking = PTHREAD_MUTEX_INITIALIZER;
	enum err e;

	(void)pthread_mutex_lock(&asking);
	e = pin_ask(*(const int *)context, out);
	(void)pthread_mutex_unlock(&asking);
	return e;
}

enum err
control_answer(int fd, const struct secret *pin, uint8_t *word)
{
	const struct span bytes = secret_span(pin);
	const uint8_t len = (uint8_t)bytes.len;

	TRY(all_read(fd, word, 1));
	if (*word == CONTROL_STARTS || *word == CONTROL_SERVES)
		return ERR_OK;
	REQUIRE(*word == CONTROL_PIN && bytes.len <= MAX_PIN, ERR_MALFORMED);
	TRY(all_send(fd, span_at(&len, 1)));
	return all_send(fd, bytes);
}
