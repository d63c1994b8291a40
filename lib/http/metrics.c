#include "http/metrics.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

static const int statuses[] = {200, 201, 202, 204, 302, 303, 304, 400, 401, 403, 404, 405, 409, 413, 415, 429, 500, 503,
	0 /* any other */};
static const int64_t bounds[] = {500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 1000000,
	5000000}; /* microseconds */

enum { STATUSES = sizeof(statuses) / sizeof(statuses[0]), BOUNDS = sizeof(bounds) / sizeof(bounds[0]) };

struct route_counts {
	atomic_uint_fast64_t by_status[STATUSES];
};

struct http_counts {
	const char *name;
	const struct route *routes;
	size_t count;
	atomic_uint_fast64_t by_time[BOUNDS + 1];
	atomic_uint_fast64_t microseconds;
	struct http_counts *next;
	struct route_counts rows[]; /* one a route, and one for what fits none */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct http_counts *all; /* under lock */

enum err
http_counts_new(const char *name, const struct route *routes, size_t count, struct http_counts **out)
{
	struct http_counts *c = calloc(1, sizeof(*c) + (count + 1) * sizeof(c->rows[0]));

	REQUIRE(c != NULL, ERR_NO_MEMORY);
	c->name = name;
	c->routes = routes;
	c->count = count;
	pthread_mutex_lock(&lock);
	c->next = all;
	all = c;
	pthread_mutex_unlock(&lock);
	*out = c;
	return ERR_OK;
}

void
http_counts_free(struct http_counts **c)
{
	if (*c == NULL)
		return;
	pthread_mutex_lock(&lock);
	for (struct http_counts **at = &all; *at != NULL; at = &(*at)->next)
		if (*at == *c) {
			*at = (*c)->next;
			break;
		}
	pthread_mutex_unlock(&lock);
	free(*c);
	*c = NULL;
}

void
http_counts_add(struct http_counts *c, const struct route *route, int status, int64_t microseconds)
{
	struct route_counts *row = &c->rows[route == NULL ? c->count : (size_t)(route - c->routes)];
	size_t s = 0, b = 0;

	while (s < STATUSES - 1 && statuses[s] != status)
		s++;
	while (b < BOUNDS && microseconds > bounds[b])
		b++;
	atomic_fetch_add_explicit(&row->by_status[s], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&c->by_time[b], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&c->microseconds, (uint64_t)(microseconds < 0 ? 0 : microseconds),
		memory_order_relaxed);
}

static void
write_requests(struct writer *w, const struct http_counts *c)
{
	for (size_t i = 0; i <= c->count; i++)
		for (size_t s = 0; s < STATUSES; s++) {
			const uint64_t n = atomic_load_explicit(&c->rows[i].by_status[s], memory_order_relaxed);

			if (n == 0)
				continue;
			writer_format(w, "mohar_http_requests_total{server=\"%s\",method=\"%s\",route=\"%s\",", c->name,
				i < c->count ? c->routes[i].method : "", i < c->count ? c->routes[i].path : "");
			if (statuses[s] == 0)
				writer_text(w, "code=\"other\"} ");
			else
				writer_format(w, "code=\"%d\"} ", statuses[s]);
			writer_format(w, "%llu\n", (unsigned long long)n);
		}
}

static void
write_times(struct writer *w, const struct http_counts *c)
{
	uint64_t sum = 0;

	for (size_t b = 0; b <= BOUNDS; b++) {
		sum += atomic_load_explicit(&c->by_time[b], memory_order_relaxed);
		writer_format(w, "mohar_http_request_seconds_bucket{server=\"%s\",le=\"", c->name);
		if (b < BOUNDS)
			writer_format(w, "%g\"} %llu\n", (double)bounds[b] / 1e6, (unsigned long long)sum);
		else
			writer_format(w, "+Inf\"} %llu\n", (unsigned long long)sum);
	}
	writer_format(w, "mohar_http_request_seconds_sum{server=\"%s\"} %g\n", c->name,
		(double)atomic_load_explicit(&c->microseconds, memory_order_relaxed) / 1e6);
	writer_format(w, "mohar_http_request_seconds_count{server=\"%s\"} %llu\n", c->name, (unsigned long long)sum);
}

void
http_metrics(struct writer *w)
{
	pthread_mutex_lock(&lock);
	writer_text(w,
		"# HELP mohar_http_requests_total Requests answered.\n# TYPE mohar_http_requests_total counter\n");
	for (const struct http_counts *c = all; c != NULL; c = c->next)
		write_requests(w, c);
	writer_text(w,
		"# HELP mohar_http_request_seconds Time to answer.\n# TYPE mohar_http_request_seconds histogram\n");
	for (const struct http_counts *c = all; c != NULL; c = c->next)
		write_times(w, c);
	pthread_mutex_unlock(&lock);
}
