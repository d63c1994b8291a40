#include "hsm/socket/listener.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { BACKLOG = 512 };

static bool
is_alive(const struct sockaddr_un *address)
{
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const bool alive = fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0;

	if (fd >= 0)
		(void)close(fd);
	return alive;
}

/* The worker of a supervisor that was killed just now is about to die with it, and holds the socket until then. */
static bool
stays_alive(const struct sockaddr_un *address)
{
	const struct timespec pause = {0, 20000000};
	bool alive = is_alive(address);

	for (int i = 0; i < 50 && alive; i++) {
		(void)nanosleep(&pause, NULL);
		alive = is_alive(address);
	}
	return alive;
}

static enum err
bind_at(int fd, const struct sockaddr_un *address)
{
	const char *path = address->sun_path;

	REQUIRE_WHY(!stays_alive(address), ERR_EXISTS,
		"socket %s: another mohar-hsmd is serving there; stop that one first", path);
	REQUIRE_WHY(unlink(path) == 0 || errno == ENOENT, ERR_IO, "socket %s: %s", path, strerror(errno));
	REQUIRE_WHY(bind(fd, (const struct sockaddr *)address, sizeof(*address)) == 0, ERR_IO, "socket %s: %s", path,
		strerror(errno));
	REQUIRE_WHY(chmod(path, 0666) == 0 && listen(fd, BACKLOG) == 0, ERR_IO, "socket %s: %s", path, strerror(errno));
	return ERR_OK;
}

enum err
listener_open(const char *path, int *out)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	enum err e;
	int fd;

	REQUIRE_WHY(strlen(path) < sizeof(address.sun_path), ERR_CONFIG,
		"socket %s: a Unix socket's path has at most %zu bytes", path, sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	REQUIRE_WHY(fd >= 0, ERR_IO, "socket: %s", strerror(errno));
	e = bind_at(fd, &address);
	if (e != ERR_OK) {
		(void)close(fd);
		return e;
	}
	*out = fd;
	return ERR_OK;
}

void
listener_close(const char *path, int fd)
{
	(void)unlink(path);
	(void)close(fd);
}
