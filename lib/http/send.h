/* send: a reply becomes libmicrohttpd's response. Used by server. */
#ifndef MOHAR_HTTP_SEND_H
#define MOHAR_HTTP_SEND_H

#include <microhttpd.h>

#include "http/exchange.h"
#include "http/kept.h"

/* Queues x's reply with the headers that every reply has (defaults, NULL name at the end; a header that the handler set goes before a default of that name),
 * turned into 304 if the client has it already (RFC 9110 13.1.2). kept has two places a route. MHD_NO: the connection is to be closed. */
enum MHD_Result reply_send(struct exchange *x, const struct http_header *defaults, bool tls, struct kept *kept);

#endif
