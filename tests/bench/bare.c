/* bare: libmicrohttpd and nothing else, for tests/bench: the same bytes of a file for every request, with the flags, limits and threads that
 * lib/http uses. Serves until it is told to stop (SIGTERM, or its standard input ends).
 *
 *   bare PORT THREADS FILE CONTENT-TYPE [CERTIFICATE KEY] */
#include <microhttpd.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "http/tls.h"

enum { MAX_BODY = 1 << 20, IDLE_SECONDS = 60, CONNECTION_MEMORY = 32 * 1024, CONNECTIONS = 8192 };

static void
must(bool good, const char *what)
{
	if (good)
		return;
	(void)fprintf(stderr, "bare: %s %s\n", what, err_why());
	exit(EXIT_FAILURE);
}

static enum MHD_Result
answer(void *context, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
	const char *data, size_t *len, void **at)
{
	(void)url;
	(void)method;
	(void)version;
	(void)data;
	(void)len;
	if (*at == NULL) { /* a reply queued at the first call would end the connection */
		*at = context;
		return MHD_YES;
	}
	return MHD_queue_response(connection, MHD_HTTP_OK, context);
}

static struct MHD_Daemon *
serve(int port, unsigned threads, struct MHD_Response *response, const struct writer *certificate,
	const struct writer *key)
{
	const struct sockaddr_in at = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_USE_ERROR_LOG;
	struct MHD_OptionItem more[8];
	size_t n = 0;

	if (threads > 1)
		more[n++] = (struct MHD_OptionItem){MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)threads, NULL};
	if (certificate->len > 0) {
		flags |= MHD_USE_TLS;
		more[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, certificate->ptr};
		more[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, key->ptr};
		more[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)TLS_PRIORITIES};
		more[n++] = (struct MHD_OptionItem){MHD_OPTION_TLS_NO_ALPN, 1, NULL};
	}
	more[n] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
	return MHD_start_daemon(flags, (uint16_t)port, NULL, NULL, answer, response, MHD_OPTION_SOCK_ADDR, &at,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)CONNECTION_MEMORY, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS, MHD_OPTION_ARRAY, more,
		MHD_OPTION_END);
}

int
main(int argc, char **argv)
{
	AUTO(writer) body = writer_new(MAX_BODY);
	AUTO(writer) certificate = {0};
	AUTO(writer) key = {0};
	struct MHD_Response *response;
	struct MHD_Daemon *daemon;
	char byte;

	must(argc == 5 || argc == 7, "usage: bare PORT THREADS FILE CONTENT-TYPE [CERTIFICATE KEY]");
	must(file_read(argv[3], MAX_BODY, &body) == ERR_OK, argv[3]);
	if (argc == 7)
		must(tls_read(argv[5], argv[6], &certificate, &key) == ERR_OK, argv[5]);
	response = MHD_create_response_from_buffer(body.len, body.ptr, MHD_RESPMEM_PERSISTENT);
	must(response != NULL && MHD_add_response_header(response, "Content-Type", argv[4]) == MHD_YES, "no response");
	daemon = serve((int)strtol(argv[1], NULL, 10), (unsigned)strtoul(argv[2], NULL, 10), response, &certificate,
		&key);
	must(daemon != NULL, "libmicrohttpd does not start");
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	MHD_stop_daemon(daemon);
	MHD_destroy_response(response);
	return 0;
}
