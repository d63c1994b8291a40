/* post: a load of POSTs over TLS for tests/bench: every line of a file is the body of one request, sent once, over connections that are
 * open and warm before the clock starts, one request at a time on each. One thread serves them all, so that the load takes as little as it can
 * of the processors that it shares with what it measures. Prints `<requests/s>`; an answer that is not 200, or lacks what it must hold, ends it.
 *
 *   post PORT PATH CA-FILE CONNECTIONS BODIES MUST-HOLD [HEADER: VALUE] */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

enum { MAX_BODIES = 64 << 20, MAX_LINES = 100000, MAX_CONNECTIONS = 64, MAX_ANSWER = 64 << 10, MAX_HEAD = 2048 };

struct load {
	SSL_CTX *tls;
	uint16_t port;
	const char *path, *header, *must_hold;
	char *lines[MAX_LINES];
	size_t count, next;
};

/* A connection, and the answer it waits for. */
struct line {
	SSL *ssl;
	size_t have, whole; /* bytes of the answer; whole is 0 until its head is there */
	char answer[MAX_ANSWER];
};

static struct load load;
static struct line lines[MAX_CONNECTIONS];

static void
must(bool good, const char *what)
{
	if (good)
		return;
	(void)fprintf(stderr, "post: %s %s\n", what, err_why());
	_exit(EXIT_FAILURE);
}

static SSL *
connect_to(uint16_t port)
{
	const struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
	SSL *ssl = SSL_new(load.tls);

	must(fd >= 0 && ssl != NULL, "no socket");
	must(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0, "TCP_NODELAY");
	must(connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0, "cannot connect");
	must(SSL_set_fd(ssl, fd) == 1 && SSL_set1_host(ssl, "localhost") == 1 &&
			SSL_set_tlsext_host_name(ssl, "localhost") == 1,
		"no TLS");
	must(SSL_connect(ssl) == 1, "TLS handshake failed");
	return ssl;
}

static void
send_request(SSL *ssl, const char *method, const char *path, const char *body)
{
	AUTO(writer) w = writer_new(MAX_ANSWER);

	writer_format(&w, "%s %s HTTP/1.1\r\nHost: localhost:%u\r\n", method, path, load.port);
	if (body != NULL) {
		writer_format(&w, "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %zu\r\n",
			strlen(body));
		if (load.header != NULL)
			writer_format(&w, "%s\r\n", load.header);
	}
	writer_text(&w, "\r\n");
	if (body != NULL)
		writer_text(&w, body);
	must(writer_done(&w) == ERR_OK, "a request is too long");
	must(SSL_write(ssl, w.ptr, (int)w.len) == (int)w.len, "cannot send");
}

/* The whole length of an answer whose head is in text, or 0 if more must come. */
static size_t
answer_len(const char *text)
{
	const char *end = strstr(text, "\r\n\r\n"), *length = strcasestr(text, "\r\nContent-Length:");

	if (end == NULL)
		return 0;
	must(length != NULL && length < end, "an answer without Content-Length");
	return (size_t)(end + 4 - text) + strtoul(length + 17, NULL, 10);
}

/* Reads what is there. True: the answer is whole. */
static bool
read_some(struct line *l)
{
	while (l->whole == 0 || l->have < l->whole) {
		const int n = SSL_read(l->ssl, l->answer + l->have, (int)(MAX_ANSWER - 1 - l->have));

		if (n <= 0 && SSL_get_error(l->ssl, n) == SSL_ERROR_WANT_READ)
			return false;
		must(n > 0, "the answer breaks off");
		l->have += (size_t)n;
		l->answer[l->have] = '\0';
		if (l->whole == 0)
			l->whole = answer_len(l->answer);
		must(l->whole < MAX_ANSWER, "an answer is too long");
	}
	return true;
}

static bool
send_next(struct line *l)
{
	l->have = l->whole = 0;
	if (load.next == load.count)
		return false;
	send_request(l->ssl, "POST", load.path, load.lines[load.next++]);
	return true;
}

static void
check(const struct line *l)
{
	must(strncmp(l->answer, "HTTP/1.1 200 ", 13) == 0 && strstr(l->answer, load.must_hold) != NULL, l->answer);
}

/* Open, and served once, while it still blocks. */
static void
line_open(struct line *l, int epoll)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = l};
	int fd;

	l->ssl = connect_to(load.port);
	fd = SSL_get_fd(l->ssl);
	send_request(l->ssl, "GET", "/.well-known/openid-configuration", NULL);
	must(read_some(l), "no answer");
	must(fcntl(fd, F_SETFL, O_NONBLOCK) == 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0, "epoll");
}

static void
read_lines(const char *path)
{
	static struct writer w;
	char *rest;

	w = writer_new(MAX_BODIES);
	must(file_read(path, MAX_BODIES, &w) == ERR_OK, path);
	for (char *line = strtok_r((char *)w.ptr, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
		must(load.count < MAX_LINES, "too many lines");
		load.lines[load.count++] = line;
	}
}

/* Until every answer is there. */
static void
serve(int epoll, size_t waiting)
{
	struct epoll_event events[MAX_CONNECTIONS];

	while (waiting > 0) {
		const int n = epoll_wait(epoll, events, MAX_CONNECTIONS, -1);

		for (int i = 0; i < n; i++) {
			struct line *l = events[i].data.ptr;

			if (!read_some(l))
				continue;
			check(l);
			waiting -= !send_next(l);
		}
	}
}

static void
run(size_t connections)
{
	const int epoll = epoll_create1(EPOLL_CLOEXEC);
	size_t waiting = 0;
	int64_t start, spent;

	must(epoll >= 0, "no epoll");
	for (size_t i = 0; i < connections; i++)
		line_open(&lines[i], epoll);
	start = clock_ticks();
	for (size_t i = 0; i < connections; i++)
		waiting += send_next(&lines[i]);
	serve(epoll, waiting);
	spent = clock_ticks() - start;
	printf("%.1f\n", (double)load.count * 1e6 / (double)spent);
	for (size_t i = 0; i < connections; i++)
		SSL_free(lines[i].ssl);
	(void)close(epoll);
}

int
main(int argc, char **argv)
{
	size_t connections;

	must(argc == 7 || argc == 8, "usage: post PORT PATH CA-FILE CONNECTIONS BODIES MUST-HOLD [HEADER]");
	connections = strtoul(argv[4], NULL, 10);
	must(connections >= 1 && connections <= MAX_CONNECTIONS, "1 to 64 connections");
	load.port = (uint16_t)strtoul(argv[1], NULL, 10);
	load.path = argv[2];
	load.must_hold = argv[6];
	load.header = argc == 8 ? argv[7] : NULL;
	load.tls = SSL_CTX_new(TLS_client_method());
	must(load.tls != NULL && SSL_CTX_load_verify_locations(load.tls, argv[3], NULL) == 1, argv[3]);
	SSL_CTX_set_verify(load.tls, SSL_VERIFY_PEER, NULL);
	read_lines(argv[5]);
	run(connections);
	SSL_CTX_free(load.tls);
	return 0;
}
