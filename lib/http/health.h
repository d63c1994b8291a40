/* health: the private listener of a daemon: /healthz (the process answers), /readyz (what it needs answers), /metrics (Prometheus text). Used by every main.c; on
 * loopback only, never through the proxy. */
#ifndef MOHAR_HTTP_HEALTH_H
#define MOHAR_HTTP_HEALTH_H

#include "http/server.h"

struct health {
	/* Is everything there that serving needs? The reason goes into the answer. */
	enum err (*ready)(void *daemon);
	/* The daemon's own metrics, appended; may be NULL. */
	void (*metrics)(void *daemon, struct writer *w);
	void *daemon;
};

/* Serves on 127.0.0.1:port with one thread. h must outlive the server. */
MUST_USE enum err health_serve(struct health *h, int port, const struct clock *clock, struct http_server **out);

#endif
