#include "http/answer.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/intake.h"
#include "http/problem.h"
#include "http/route.h"
#include "http/send.h"

enum { RETRY_SECONDS = 2 };

static enum err
add_default(struct http_header *out, size_t *count, struct span name, const char *value)
{
	char *n, *v;

	REQUIRE_WHY(*count < MAX_DEFAULT_HEADERS, ERR_CONFIG, "more than %d headers for every reply",
		MAX_DEFAULT_HEADERS);
	TRY(span_text(name, &n));
	v = strdup(value);
	if (v == NULL) {
		free(n);
		return ERR_NO_MEMORY;
	}
	out[(*count)++] = (struct http_header){n, v};
	return ERR_OK;
}

enum err
defaults_read(const char *const *lines, struct http_header out[MAX_DEFAULT_HEADERS + 1])
{
	size_t count = 0;

	TRY(add_default(out, &count, SPAN("X-Content-Type-Options"), "nosniff"));
	TRY(add_default(out, &count, SPAN("Referrer-Policy"), "no-referrer"));
	for (; lines != NULL && *lines != NULL; lines++) {
		const char *colon = strstr(*lines, ": ");

		REQUIRE_WHY(colon != NULL && colon != *lines, ERR_CONFIG, "header '%s' is not 'Name: value'", *lines);
		TRY(add_default(out, &count, span_at(*lines, (size_t)(colon - *lines)), colon + 2));
	}
	return ERR_OK;
}

void
defaults_free(struct http_header *defaults)
{
	for (; defaults->name != NULL; defaults++) {
		free((void *)(uintptr_t)defaults->name);
		free((void *)(uintptr_t)defaults->value);
	}
}

/* Of a crowd that is turned away one line a second is enough, whoever is in it. */
static bool
is_first_of_its_second(void)
{
	static atomic_int_fast64_t told;
	const int64_t second = clock_ticks() / 1000000;

	return atomic_exchange_explicit(&told, second, memory_order_relaxed) != second;
}

/* Logged here and nowhere else: what failed on our side as an error, what a caller did wrong for those who look for it. */
static void
log_it(const struct exchange *x, enum err e, int status)
{
	const char *path = x->request.route == NULL ? "(no route)" : x->request.route->path;
	char context[160];

	if (status >= 500) {
		(void)snprintf(context, sizeof(context), "%s %s %s", x->server->options.name, x->request.method, path);
		log_refusal("http", e, context);
		return;
	}
	if (e == ERR_TOO_MANY && is_first_of_its_second())
		log_warn("rate", "%s %s %s %s %s", err_name(e), err_why(), x->server->options.name, x->request.method,
			path);
	log_line(LOG_LEVEL_DEBUG, "http", "%s %s %s %s %s", err_name(e), err_why(), x->server->options.name,
		x->request.method, path);
}

static void
refuse(struct exchange *x, enum err e)
{
	const struct http_server *s = x->server;
	struct reply *r = &x->reply;
	AUTO(writer) allow = writer_new(256);
	char why[256];

	(void)snprintf(why, sizeof(why), "%s", err_why());
	reply_restart(r);
	r->status = err_http(e);
	if (e == ERR_METHOD) {
		route_allow(s->index, &x->request, &allow);
		reply_header(r, "Allow", (const char *)writer_span(&allow).ptr);
	}
	if ((r->status == 503 || r->status == 429) && reply_find(r, "Retry-After") == NULL)
		reply_headerf(r, "Retry-After", "%d", RETRY_SECONDS);
	log_it(x, e, r->status);
	if (s->options.refusal != NULL) {
		(void)err_because(e, "%s", why); /* the page may show it */
		s->options.refusal(s->options.daemon, &x->request, e, r);
	} else {
		problem_write(r, e, r->status, why);
	}
	err_forget();
}

static enum err
handle(struct exchange *x)
{
	const struct route *route = x->request.route;
	void *daemon = x->server->options.daemon;

	if (x->refused != ERR_OK)
		return err_because(x->refused, "%s", x->refused_why == NULL ? "" : x->refused_why);
	TRY(intake_parameters(&x->request));
	if (x->server->options.admit != NULL)
		TRY(x->server->options.admit(daemon, &x->request));
	TRY(route->who->check(daemon, &x->request, &x->reply));
	TRY(route->handler(daemon, &x->request, &x->reply));
	TRY(writer_done(&x->reply.body));
	REQUIRE_WHY(!x->reply.broken, ERR_CORRUPT, "a header of the reply is not well formed");
	return ERR_OK;
}

enum MHD_Result
exchange_answer(struct exchange *x)
{
	enum err e;

	err_forget();
	e = handle(x);
	if (e != ERR_OK)
		refuse(x, e);
	/* The refusal itself failed: an empty answer with the right status is still an answer. */
	if (writer_done(&x->reply.body) != ERR_OK || x->reply.broken) {
		reply_restart(&x->reply);
		x->reply.header_count = 0;
		x->reply.status = 500;
	}
	return reply_send(x, x->server->defaults, x->server->options.tls_certificate != NULL, x->server->kept);
}
