/* request: what came in, strictly decoded. Used by handlers. Everything handed out is borrowed until the reply is sent.
 * Query and form parameters: application/x-www-form-urlencoded, strict percent-decoding, UTF-8; a parameter that comes twice makes the whole request
 * ERR_MALFORMED (RFC 6749 3.1), in request_query/request_form and in nobody else's code. */
#ifndef MOHAR_HTTP_REQUEST_H
#define MOHAR_HTTP_REQUEST_H

#include "base/span.h"

struct request;

const char *request_method(const struct request *r);
const char *request_path(const struct request *r); /* as sent, without query; for logs use the route's path */
const char *request_param(const struct request *r,
	const char *name); /* "{id}" of the route; NULL if the route has none such */
/* Header by name, NULL if absent. A header that came more than once is ERR_MALFORMED already, except Cookie and Accept*. */
const char *request_header(const struct request *r, const char *name);
const char *request_cookie(const struct request *r,
	const char *
		name); /* "__Host-" before name unless it is there; NULL if absent, there twice or with odd characters */
struct span request_body(const struct request *r);

/* The value, or NULL if absent. */
const char *request_query(const struct request *r, const char *name);
const char *request_form(const struct request *r, const char *name); /* only with that Content-Type; else NULL */
/* Is any form (query) member there besides names (NULL-terminated)? Returns the first such name or NULL. */
const char *request_query_other(const struct request *r, const char *const *names);
/* The raw query string, as sent; "" if none. */
const char *request_query_raw(const struct request *r);

/* The client's certificate in DER when the server asks for one; empty span if none was given. Not verified against anything here. */
struct span request_peer_certificate(const struct request *r);

/* HTTP Basic (RFC 7617), both parts form-decoded as RFC 6749 2.3.1 says; ERR_UNAUTHENTICATED if absent, ERR_MALFORMED. Copies owned by the request. */
MUST_USE enum err request_basic(const struct request *r, const char **user, const char **password);
/* Bearer token of Authorization (RFC 6750 2.1), never of the query. ERR_UNAUTHENTICATED if absent. */
MUST_USE enum err request_bearer(const struct request *r, const char **token);

/* Preferred of the languages (NULL-terminated, first is the default): query ui_locales/lang cookie is the caller's; this reads Accept-Language (RFC 9110 12.5.4). */
const char *request_language(const struct request *r, const char *const *languages);

/* What a guard found (a session, a client), freed by free_it when the reply is sent. */
void request_attach(struct request *r, void *thing, void (*free_it)(void *));
void *request_attached(const struct request *r);

/* "203.0.113.7": the peer's address. */
const char *request_address(const struct request *r);

#endif
