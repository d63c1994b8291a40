/* answer: runs guard and handler for a request that has come in whole, or refuses it, and sends what came of it. Used by server. */
#ifndef MOHAR_HTTP_ANSWER_H
#define MOHAR_HTTP_ANSWER_H

#include <microhttpd.h>
#include <stdatomic.h>

#include "http/exchange.h"
#include "http/listen.h"

struct route_index;
struct http_counts;
struct kept;

enum { MAX_DEFAULT_HEADERS = 12 };

struct http_server {
	struct http_server_options options;
	int port;
	int sockets[MAX_LISTENERS];
	struct MHD_Daemon *daemons[MAX_LISTENERS];
	size_t socket_count;
	struct route_index *index;
	struct http_counts *counts;
	struct kept *kept;
	struct http_header defaults[MAX_DEFAULT_HEADERS + 1]; /* ends with a NULL name */
	atomic_int under_way;
};

/* Answers x; MHD_NO: the connection is to be closed. */
enum MHD_Result exchange_answer(struct exchange *x);

/* "Name: value" lines (NULL-terminated; NULL: none) become headers, after those that every reply has. ERR_CONFIG, ERR_NO_MEMORY. */
MUST_USE enum err defaults_read(const char *const *lines, struct http_header out[MAX_DEFAULT_HEADERS + 1]);
void defaults_free(struct http_header *defaults);

#endif
