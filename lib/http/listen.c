#include "http/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

static enum err
failed(const char *address, int port)
{
	return err_because(ERR_CONFIG, "cannot listen on %s port %d: %s%s", address, port, strerror(errno),
		errno == EADDRINUSE ? " (another program has it; choose another port)" : "");
}

static bool
bind_and_listen(int fd, const struct addrinfo *to)
{
	const int on = 1, off = 0;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0)
		return false;
	/* "::" means every interface of both families, whatever the system's default is */
	if (to->ai_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) != 0)
		return false;
	return bind(fd, to->ai_addr, to->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0;
}

/* The port that the system chose. */
static int
port_of(int fd)
{
	struct sockaddr_storage at = {0};
	socklen_t len = sizeof(at);
	char port[8];

	if (getsockname(fd, (struct sockaddr *)&at, &len) != 0 ||
		getnameinfo((struct sockaddr *)&at, len, NULL, 0, port, sizeof(port), NI_NUMERICSERV) != 0)
		return 0;
	return (int)strtol(port, NULL, 10);
}

static enum err
open_one(const char *address, int *port, int *out)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
	struct addrinfo *to;
	char service[8];
	int fd;

	(void)snprintf(service, sizeof(service), "%d", *port);
	REQUIRE_WHY(getaddrinfo(address, service, &hints, &to) == 0, ERR_CONFIG, "'%s' is no IP address", address);
	fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || !bind_and_listen(fd, to)) {
		const enum err e = failed(address, *port);
		const int cause = errno;

		freeaddrinfo(to);
		if (fd >= 0)
			close(fd);
		errno = cause;
		return e;
	}
	freeaddrinfo(to);
	if (*port == 0)
		*port = port_of(fd);
	*out = fd;
	return ERR_OK;
}

enum err
listen_open(const char *address, int *port, int sockets[MAX_LISTENERS], size_t *count)
{
	enum err e;

	TRY(open_one(address == NULL ? "127.0.0.1" : address, port, &sockets[0]));
	*count = 1;
	if (address != NULL)
		return ERR_OK;
	e = open_one("::1", port, &sockets[1]);
	if (e == ERR_OK) {
		*count = 2;
	} else if (errno != EADDRNOTAVAIL && errno != EAFNOSUPPORT) {
		close(sockets[0]);
		return e;
	}
	err_forget(); /* a machine without IPv6 has one loopback */
	return ERR_OK;
}
