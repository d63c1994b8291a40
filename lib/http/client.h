/* client: HTTPS requests to others, through libcurl. Used for OCSP, JWKS, webhooks, and by the command line. No redirects are followed; TLS 1.2 at least;
 * limits on time and size. A handle is kept a thread. */
#ifndef MOHAR_HTTP_CLIENT_H
#define MOHAR_HTTP_CLIENT_H

#include "base/writer.h"

struct http_call {
	const char *method; /* "GET", "POST" */
	const char *url;
	const char *content_type; /* of the body; may be NULL */
	struct span body;
	const char *const *headers;                  /* "Name: value", NULL-terminated; may be NULL */
	const char *ca_file;                         /* PEM anchors; NULL: the system's */
	const char *client_certificate, *client_key; /* PEM files; NULL: none */
	long timeout_ms;                             /* 0: 5000 */
	size_t max_reply;                            /* bytes; 0: 1 MiB */
};

/* Sends and waits. *status is the HTTP status; the body is appended to reply. ERR_UNAVAILABLE if no answer came (the reason names host and cause, not the query);
 * ERR_TOO_LONG. */
MUST_USE enum err http_call(const struct http_call *call, int *status, struct writer *reply);

/* Appends name=value percent-encoded for a form or query, with '&' before it if w holds anything that does not end in '?' or '#'. */
void form_write(struct writer *w, const char *name, const char *value);

#endif
