/* metrics: counts of requests by route and status, and how long they took. Used by server, one struct a server; read by http_metrics().
 * Counters are atomic and relaxed: each is right, a page of them is not a snapshot. */
#ifndef MOHAR_HTTP_METRICS_H
#define MOHAR_HTTP_METRICS_H

#include "http/server.h"

struct http_counts;

/* Borrows name and routes; it is listed by http_metrics() until it is freed. ERR_NO_MEMORY. */
MUST_USE enum err http_counts_new(const char *name, const struct route *routes, size_t count, struct http_counts **out);
void http_counts_free(struct http_counts **c);

/* One request more: route NULL for one that fitted none; microseconds from its first line to its last byte. */
void http_counts_add(struct http_counts *c, const struct route *route, int status, int64_t microseconds);

#endif
