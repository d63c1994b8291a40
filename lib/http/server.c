#include "http/server.h"

#include <microhttpd.h>
#include <gnutls/gnutls.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "http/answer.h"
#include "http/exchange.h"
#include "http/intake.h"
#include "http/kept.h"
#include "http/listen.h"
#include "http/metrics.h"
#include "http/route.h"
#include "http/tls.h"

enum {
	IDLE_SECONDS = 60,
	CONNECTION_MEMORY = 32 * 1024, /* request line and headers; more is 431 */
	CONNECTIONS = 8192,
	MAX_DRAIN = 64 * 1024, /* of a body nobody wants: read, so that the connection can go on */
	STOP_SECONDS = 5,
};

static enum err
let_in(void *daemon, struct request *request, struct reply *reply)
{
	(void)daemon;
	(void)request;
	(void)reply;
	return ERR_OK;
}

const struct http_guard HTTP_ANYONE = {"anyone", let_in};

/* Keeps an error and its reason until the body has been read. */
static void
remember(struct exchange *x, enum err e)
{
	x->refused = e;
	x->refused_why = arena_text(&x->request.arena, span_of(err_why()));
	err_forget();
}

/* Judges the head. False if the answer cannot wait for the body. */
static bool
begin(struct exchange *x, const char *method, const char *version)
{
	struct framing framing;
	enum err e;

	err_forget();
	x->request.method = method;
	e = intake(&x->request, version, &framing);
	if (e == ERR_OK)
		e = route_find(x->server->index, &x->request);
	if (e == ERR_OK && framing.has_body && framing.length > x->request.route->max_body)
		e = err_because(ERR_TOO_LONG, "RFC 9110 15.5.14: the body is longer than %zu bytes",
			x->request.route->max_body);
	if (e != ERR_OK) {
		remember(x, e);
		x->discard = true;
		return !framing.broken && framing.length <= MAX_DRAIN;
	}
	x->request.body = writer_new(x->request.route->max_body);
	return true;
}

/* More of the body. False if the client sends without end. */
static bool
take(struct exchange *x, const char *data, size_t len)
{
	if (!x->discard) {
		writer_bytes(&x->request.body, span_at(data, len));
		if (writer_done(&x->request.body) == ERR_OK)
			return true;
		remember(x,
			err_because(writer_done(&x->request.body),
				"RFC 9110 15.5.14: the body is longer than %zu bytes", x->request.route->max_body));
		x->discard = true;
	}
	x->discarded += len;
	return x->discarded <= MAX_DRAIN;
}

static enum MHD_Result
on_request(void *context, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
	const char *data, size_t *len, void **at)
{
	struct exchange *x = *at;

	(void)context;
	(void)connection;
	(void)url;
	if (x == NULL)
		return MHD_NO;
	if (!x->started) {
		x->started = true;
		/* A reply queued now ends the connection; so the ordinary one waits for the call that follows at once. */
		return begin(x, method, version) ? MHD_YES : exchange_answer(x);
	}
	if (*len > 0) {
		const bool more = take(x, data, *len);

		*len = 0;
		return more ? MHD_YES : MHD_NO;
	}
	return exchange_answer(x);
}

static void *
on_target(void *context, const char *target, struct MHD_Connection *connection)
{
	struct http_server *s = context;
	struct exchange *x = exchange_new(s, target, connection);

	if (x != NULL)
		atomic_fetch_add(&s->under_way, 1);
	return x;
}

static void
on_completed(void *context, struct MHD_Connection *connection, void **at, enum MHD_RequestTerminationCode code)
{
	struct http_server *s = context;
	struct exchange *x = *at;

	(void)connection;
	(void)code;
	if (x == NULL)
		return;
	http_counts_add(s->counts, x->request.route, x->started ? x->reply.status : 400, clock_ticks() - x->began);
	exchange_free(&x);
	*at = NULL;
	atomic_fetch_sub(&s->under_way, 1);
}

/* Percent-encoding is undone by route and form, strictly, and by nobody else. */
static size_t
leave_escaped(void *context, struct MHD_Connection *connection, char *text)
{
	(void)context;
	(void)connection;
	return strlen(text);
}

/* Asks for a certificate without naming issuers: a browser then offers any. Whether it is good is the handler's to say. */
static void
ask_for_certificate(void *context, struct MHD_Connection *connection, void **at,
	enum MHD_ConnectionNotificationCode code)
{
	const union MHD_ConnectionInfo *info;

	(void)context;
	(void)at;
	if (code != MHD_CONNECTION_NOTIFY_STARTED)
		return;
	info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	if (info != NULL && info->tls_session != NULL)
		gnutls_certificate_server_set_request(info->tls_session, GNUTLS_CERT_REQUEST);
}

static void
on_library_log(void *context, const char *format, va_list args)
{
	char text[256];

	(void)context;
	if (vsnprintf(text, sizeof(text), format, args) > 0)
		log_line(LOG_LEVEL_DEBUG, "http", "%.*s", (int)strcspn(text, "\n"), text);
}

static struct MHD_Daemon *
start_one(struct http_server *s, int fd, const char *certificate, const char *key)
{
	const struct http_server_options *o = &s->options;
	struct MHD_OptionItem more[8];
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_USE_ERROR_LOG;
	size_t n = 0;

	if (o->threads > 1)
		more[n++] = (struct MHD_OptionItem){MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)o->threads, NULL};
	if (certificate != NULL) {
		flags |= MHD_USE_TLS;
		more[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)certificate};
		more[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)key};
		more[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)TLS_PRIORITIES};
		more[n++] = (struct MHD_OptionItem){MHD_OPTION_TLS_NO_ALPN, 1, NULL};
	}
	if (certificate != NULL && o->client_certificate)
		more[n++] = (struct MHD_OptionItem){MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)ask_for_certificate, NULL};
	more[n] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
	return MHD_start_daemon(flags, 0, NULL, NULL, on_request, s, MHD_OPTION_EXTERNAL_LOGGER, on_library_log, NULL,
		MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_URI_LOG_CALLBACK, on_target, s, MHD_OPTION_NOTIFY_COMPLETED,
		on_completed, s, MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL, MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned)IDLE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_ARRAY,
		more, MHD_OPTION_END);
}

static enum err
start_all(struct http_server *s)
{
	struct writer certificate = {0}, key = {0};
	enum err e = ERR_OK;

	if (s->options.tls_certificate != NULL)
		e = tls_read(s->options.tls_certificate, s->options.tls_key, &certificate, &key);
	for (size_t i = 0; e == ERR_OK && i < s->socket_count; i++) {
		s->daemons[i] = start_one(s, s->sockets[i], (const char *)certificate.ptr, (const char *)key.ptr);
		if (s->daemons[i] == NULL)
			e = err_because(ERR_CONFIG, "libmicrohttpd does not start server %s", s->options.name);
	}
	writer_free(&certificate);
	writer_free(&key);
	return e;
}

/* Signals are http_wait()'s; threads started from here on inherit that. */
static void
leave_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

enum err
http_serve(const struct http_server_options *options, struct http_server **out)
{
	struct http_server *s = calloc(1, sizeof(*s));
	enum err e;

	REQUIRE(s != NULL, ERR_NO_MEMORY);
	s->options = *options;
	s->port = options->port;
	leave_signals();
	e = defaults_read(options->headers, s->defaults);
	if (e == ERR_OK)
		e = route_index_new(options->routes, options->route_count, &s->index);
	if (e == ERR_OK)
		e = http_counts_new(options->name, options->routes, options->route_count, &s->counts);
	if (e == ERR_OK)
		e = kept_new(options->route_count * 2, &s->kept);
	if (e == ERR_OK)
		e = listen_open(options->address, &s->port, s->sockets, &s->socket_count);
	if (e == ERR_OK)
		e = start_all(s);
	if (e != ERR_OK) {
		http_stop(&s);
		return e;
	}
	*out = s;
	return ERR_OK;
}

int
http_server_port(const struct http_server *s)
{
	return s->port;
}

/* No more connections; the sockets are ours again. */
static void
quiesce(struct http_server *s)
{
	for (size_t i = 0; i < s->socket_count; i++) {
		if (s->daemons[i] != NULL)
			(void)MHD_quiesce_daemon(s->daemons[i]);
		close(s->sockets[i]);
	}
}

void
http_stop(struct http_server **server)
{
	struct http_server *s = *server;
	const int64_t until = clock_ticks() + STOP_SECONDS * 1000000LL;

	if (s == NULL)
		return;
	quiesce(s);
	while (atomic_load(&s->under_way) > 0 && clock_ticks() < until)
		usleep(5000);
	for (size_t i = 0; i < s->socket_count; i++)
		if (s->daemons[i] != NULL)
			MHD_stop_daemon(s->daemons[i]);
	route_index_free(&s->index);
	http_counts_free(&s->counts);
	kept_free(&s->kept);
	defaults_free(s->defaults);
	free(s);
	*server = NULL;
}

void
http_wait(void)
{
	sigset_t set;
	int got;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	while (sigwait(&set, &got) != 0)
		;
}
