#include "keyring/keyring_pool.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum err
pool_init(struct pool *p, const char *path, size_t size)
{
	*p = (struct pool){.address.sun_family = AF_UNIX, .size = size};
	REQUIRE_WHY(strlen(path) < sizeof(p->address.sun_path), ERR_CONFIG,
		"%s: a Unix socket's path has at most %zu bytes", path, sizeof(p->address.sun_path) - 1);
	memcpy(p->address.sun_path, path, strlen(path) + 1);
	p->idle = calloc(size, sizeof(*p->idle));
	REQUIRE(p->idle != NULL, ERR_NO_MEMORY);
	(void)pthread_mutex_init(&p->lock, NULL);
	(void)pthread_cond_init(&p->free_again, NULL);
	return ERR_OK;
}

void
pool_end(struct pool *p)
{
	pool_drop_idle(p);
	free(p->idle);
	p->idle = NULL;
}

static enum err
connect_to(const struct sockaddr_un *address, int *out)
{
	const struct timeval wait = {KEYRING_WAIT_MS / 1000, 0};
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	REQUIRE_WHY(fd >= 0, ERR_UNAVAILABLE, "socket: %s", strerror(errno));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) != 0 ||
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) != 0 ||
		connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0) {
		const int failed = errno;

		(void)close(fd);
		return err_because(ERR_UNAVAILABLE, "mohar-hsmd at %s: %s", address->sun_path, strerror(failed));
	}
	*out = fd;
	return ERR_OK;
}

static void
deadline(struct timespec *out)
{
	(void)clock_gettime(CLOCK_REALTIME, out);
	out->tv_sec += KEYRING_WAIT_MS / 1000;
}

/* Waits for an idle connection, or room for a new one: *fd is -1 then. */
static enum err
reserve(struct pool *p, int *fd)
{
	struct timespec until;
	int failed = 0;

	deadline(&until);
	*fd = -1;
	(void)pthread_mutex_lock(&p->lock);
	while (p->idle_count == 0 && p->open_count >= p->size && failed == 0)
		failed = pthread_cond_timedwait(&p->free_again, &p->lock, &until);
	if (p->idle_count > 0)
		*fd = p->idle[--p->idle_count];
	else if (p->open_count < p->size)
		p->open_count++;
	else
		failed = ETIMEDOUT;
	(void)pthread_mutex_unlock(&p->lock);
	REQUIRE_WHY(*fd >= 0 || failed == 0, ERR_UNAVAILABLE, "every connection to mohar-hsmd is busy");
	return ERR_OK;
}

static void
forget(struct pool *p)
{
	(void)pthread_mutex_lock(&p->lock);
	p->open_count--;
	(void)pthread_cond_signal(&p->free_again);
	(void)pthread_mutex_unlock(&p->lock);
}

/* An idle connection says nothing by itself: end of file, or a byte, tells that the other end is gone or has spoken out of turn. */
static bool
is_quiet(int fd)
{
	uint8_t byte;

	return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

enum err
pool_take(struct pool *p, bool surely, int *fd, bool *fresh)
{
	enum err e;

	TRY(reserve(p, fd));
	if (*fd >= 0 && surely && !is_quiet(*fd)) {
		(void)close(*fd); /* its place is ours */
		pool_drop_idle(p);
		*fd = -1;
	}
	*fresh = *fd < 0;
	if (!*fresh)
		return ERR_OK;
	e = connect_to(&p->address, fd);
	if (e != ERR_OK)
		forget(p);
	return e;
}

void
pool_give(struct pool *p, int fd, bool good)
{
	if (!good) {
		(void)close(fd);
		forget(p);
		return;
	}
	(void)pthread_mutex_lock(&p->lock);
	p->idle[p->idle_count++] = fd;
	(void)pthread_cond_signal(&p->free_again);
	(void)pthread_mutex_unlock(&p->lock);
}

void
pool_drop_idle(struct pool *p)
{
	(void)pthread_mutex_lock(&p->lock);
	while (p->idle_count > 0) {
		(void)close(p->idle[--p->idle_count]);
		p->open_count--;
	}
	(void)pthread_cond_broadcast(&p->free_again);
	(void)pthread_mutex_unlock(&p->lock);
}
