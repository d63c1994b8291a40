#include "http/health.h"

static enum err
healthz(void *daemon, struct request *request, struct reply *reply)
{
	(void)daemon;
	(void)request;
	writer_text(reply_body(reply, "text/plain"), "ok\n");
	return ERR_OK;
}

static enum err
readyz(void *daemon, struct request *request, struct reply *reply)
{
	struct health *const h = daemon;

	(void)request;
	TRY(h->ready(h->daemon));
	writer_text(reply_body(reply, "text/plain"), "ready\n");
	return ERR_OK;
}

static enum err
metrics(void *daemon, struct request *request, struct reply *reply)
{
	struct health *const h = daemon;
	struct writer *const w = reply_body(reply, "text/plain; version=0.0.4");

	(void)request;
	http_metrics(w);
	if (h->metrics != NULL)
		h->metrics(h->daemon, w);
	return writer_done(w);
}

static const struct route routes[] = {
	{"GET", "/healthz", &HTTP_ANYONE, healthz, 0},
	{"GET", "/readyz", &HTTP_ANYONE, readyz, 0},
	{"GET", "/metrics", &HTTP_ANYONE, metrics, 0},
};

enum err
health_serve(struct health *h, int port, const struct clock *clock, struct http_server **out)
{
	const struct http_server_options options = {
		.name = "private",
		.address = "127.0.0.1",
		.port = port,
		.threads = 1,
		.routes = routes,
		.route_count = sizeof(routes) / sizeof(routes[0]),
		.daemon = h,
		.clock = clock,
	};

	return http_serve(&options, out);
}
