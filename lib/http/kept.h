/* kept: a static answer (JWKS, discovery) as libmicrohttpd's response, made once and sent many times. Used by send. An entry is immutable once it is published and lives until the server
 * stops, so threads read it without a lock; it is used only where the reply at hand is the same to the last byte, so a handler may change its answer at any time. */
#ifndef MOHAR_HTTP_KEPT_H
#define MOHAR_HTTP_KEPT_H

#include <microhttpd.h>

#include "http/exchange.h"

enum { MAX_KEPT = 256, MAX_KEPT_BYTES = 64 * 1024 };

struct kept;
struct kept_entry;

/* With count places. The caller frees, when no thread serves any more. ERR_NO_MEMORY. */
MUST_USE enum err kept_new(size_t count, struct kept **out);
void kept_free(struct kept **k);

/* Is it worth keeping: 200, static, given back to nobody, small, on a route without parameters? */
bool kept_fits(const struct exchange *x);

/* The response at that place, if it was made of a reply equal to r; borrowed. NULL if not. */
struct MHD_Response *kept_find(const struct kept *k, size_t place, const struct reply *r);

/* An entry with copies of r and a response over them, which lacks its headers still. NULL if there are MAX_KEPT already (answers that change often are not worth it) or memory is short. */
struct kept_entry *kept_prepare(struct kept *k, const struct reply *r);
struct MHD_Response *kept_response(struct kept_entry *e);

/* Puts the entry, which is complete now, at its place; k owns it. */
void kept_publish(struct kept *k, size_t place, struct kept_entry *e);
void kept_discard(struct kept *k, struct kept_entry *e);

#endif
