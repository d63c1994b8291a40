#include "tests/unit/lib/http/raw.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int
connect_to(int port)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof(at)) != 0)
		abort();
	return fd;
}

int
raw_ask(int port, struct span bytes, struct writer *out)
{
	const int fd = connect_to(port);
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	char piece[4096];
	ssize_t n;

	while (bytes.len > 0 && (n = send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL)) > 0) {
		bytes.ptr += n;
		bytes.len -= (size_t)n;
	}
	(void)shutdown(fd, SHUT_WR);
	while (poll(&ready, 1, 2000) > 0 && (n = read(fd, piece, sizeof(piece))) > 0)
		writer_bytes(out, span_at(piece, (size_t)n));
	close(fd);
	if (out->len < 12 || memcmp(out->ptr, "HTTP/1.", 7) != 0)
		return 0;
	return atoi((const char *)out->ptr + 9);
}

int
raw_text(int port, const char *text, struct writer *out)
{
	return raw_ask(port, span_of(text), out);
}
