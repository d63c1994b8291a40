/* server: a table of routes served over HTTP or HTTPS by libmicrohttpd (epoll, a fixed pool of threads). Used by cad, idpd, signerd and the signing page.
 * The whole surface of a daemon is one static table: method, path, who, handler. A handler reads: decode, decide, store, encode. */
#ifndef MOHAR_HTTP_SERVER_H
#define MOHAR_HTTP_SERVER_H

#include "base/clock.h"
#include "http/reply.h"
#include "http/request.h"

enum { MAX_ROUTE_PARAMS = 4, MAX_HTTP_BODY = 1 << 20 };

/* Who may call a route. check() runs before the handler and may attach what it found with request_attach(); an error is answered by the table of err.h. */
struct http_guard {
	const char *name; /* "anyone", "session", "client", "operator" */
	enum err (*check)(void *daemon, struct request *request, struct reply *reply);
};
extern const struct http_guard HTTP_ANYONE;

struct route {
	const char *method; /* "GET" also answers HEAD */
	const char *
		path; /* "/decisions/{id}": a parameter is one whole segment, percent-decoded; "{rest...}" takes the remainder */
	const struct http_guard *who;
	enum err (*handler)(void *daemon, struct request *request, struct reply *reply);
	size_t max_body; /* bytes; 0: no body is taken */
};

struct http_server_options {
	const char *name;                      /* "issuer": for logs and metrics */
	const char *address;                   /* "127.0.0.1" or "::"; NULL: loopback of both families */
	int port;                              /* 0: any free one, told by http_server_port() */
	const char *tls_certificate, *tls_key; /* PEM files; NULL: plain HTTP */
	bool client_certificate; /* ask for one (request_peer_certificate); any or none is let through to the handler */
	unsigned threads;
	const struct route *routes;
	size_t route_count;
	void *daemon;
	/* Asked first, before the guard: may whoever it is ask now? For limits by address (ERR_TOO_MANY, which is answered with Retry-After). NULL: anybody. */
	enum err (*admit)(void *daemon, const struct request *request);
	/* A refusal keeps the headers that guard or handler set (WWW-Authenticate, cookies) and drops body, Location and caching. It is logged once: as an
	 * error from 500 on, else at debug level. err_why() still tells the reason, which by contract holds no secret.
	 * Writes the error page or document for a refusal that no handler wrote: e's status is set already. NULL: application/problem+json (RFC 9457). */
	void (*refusal)(void *daemon, struct request *request, enum err e, struct reply *reply);
	/* Headers that every reply carries, "Name: value" each, NULL-terminated (CSP and so on). May be NULL. nosniff, no-referrer and, under TLS
	 * and on names other than localhost, HSTS are sent too. A header that a handler sets goes before the one here. */
	const char *const *headers;
	const struct clock *clock;
};

struct http_server;

/* Binds and serves. 404 for unknown paths, 405 with Allow for a known path with another method, 413 and 431 by limits; a connection on which
 * nothing moves for a minute is closed. HEAD, keep-alive, If-None-Match on
 * replies with an ETag. Refuses duplicate Host, Content-Length with Transfer-Encoding, control characters in headers. ERR_CONFIG (port taken, bad certificate). */
MUST_USE enum err http_serve(const struct http_server_options *options, struct http_server **out);
/* The port it listens on. */
int http_server_port(const struct http_server *s);

/* Stops taking connections, waits at most 5 s for those under way, closes. */
void http_stop(struct http_server **s);

/* Prometheus text of all servers of this process: requests by route and status, latency buckets. Appended. */
void http_metrics(struct writer *w);

/* Blocks until SIGTERM or SIGINT. */
void http_wait(void);

#endif
