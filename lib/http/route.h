/* route: finds the row of a route table that a request is for. Used by server. A table is indexed once: plain paths by a hash, paths with parameters
 * by a list that is tried in order; a plain path goes before one with parameters. */
#ifndef MOHAR_HTTP_ROUTE_H
#define MOHAR_HTTP_ROUTE_H

#include "http/exchange.h"

struct route_index;

/* Borrows routes. ERR_CONFIG: a path or method that cannot work. The caller owns *out. */
MUST_USE enum err route_index_new(const struct route *routes, size_t count, struct route_index **out);
void route_index_free(struct route_index **i);

/* Sets request's route and parameters. ERR_NOT_FOUND; ERR_METHOD: the path is known, the method is not; ERR_MALFORMED: bad percent-encoding. A parameter that
 * decodes to nothing, to ".", ".." or to something with a slash in it is ERR_NOT_FOUND, so no handler meets a path in disguise. */
MUST_USE enum err route_find(const struct route_index *i, struct request *request);

/* Appends the methods of request's path, for Allow (RFC 9110 10.2.1). */
void route_allow(const struct route_index *i, const struct request *request, struct writer *w);

#endif
