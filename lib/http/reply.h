/* reply: what goes out. Used by handlers; starts as 200 with no body, cache-control no-store.
 * Text given is copied, header names and content types are literals of the caller's. A header set twice keeps the last value, but for Set-Cookie,
 * WWW-Authenticate, Link and Vary. */
#ifndef MOHAR_HTTP_REPLY_H
#define MOHAR_HTTP_REPLY_H

#include "base/writer.h"
#include "json/json.h"

struct reply;

void reply_status(struct reply *r, int status);
/* Adds a header; a value with control characters turns the reply into a 500. */
void reply_header(struct reply *r, const char *name, const char *value);
void reply_headerf(struct reply *r, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The body's writer, for text made in place, with its type. */
struct writer *reply_body(struct reply *r, const char *content_type);
/* A body that outlives the reply (static or kept by a cache): nothing is copied. done(context) is called when it has been sent; may be NULL. */
void reply_static(struct reply *r, const char *content_type, struct span bytes, void (*done)(void *), void *context);
/* Starts a JSON body: application/json. */
struct json_writer reply_json(struct reply *r);
/* max_age in seconds; 0: no-store. is_public: caches may share it. */
void reply_cache(struct reply *r, int max_age, bool is_public);
/* The entity tag; quotes are put around it if it has none. A GET or HEAD whose If-None-Match names it is answered 304. */
void reply_etag(struct reply *r, const char *etag);
/* 303 See Other to an absolute or local address. Control characters, spaces and CR/LF are refused with a 500. */
void reply_redirect(struct reply *r, const char *location);
/* Set-Cookie with the prefix __Host- before name unless it is there (request_cookie() looks for the same): Secure, HttpOnly, Path=/, SameSite as given ("Lax", "Strict", "None"). max_age seconds; -1: session cookie; 0: delete. */
void reply_cookie(struct reply *r, const char *name, const char *value, const char *same_site, int max_age);
/* 429 or 503 with Retry-After. */
void reply_retry(struct reply *r, int status, int seconds);

#endif
