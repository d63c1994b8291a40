/* http_answer: what a stranger's web server sent, taken apart within limits: status, Location, body. Used by challenge_http.c. Pure: bytes in, struct out. */
#ifndef MOHAR_CA_ACME_HTTP_ANSWER_H
#define MOHAR_CA_ACME_HTTP_ANSWER_H

#include "ca/acme/problem.h"

enum { MAX_HTTP_ANSWER = 16 << 10, MAX_LOCATION = 2000 };

struct http_answer {
	int status;
	struct span location; /* empty if none */
	struct span body;     /* as far as it has come */
	bool complete;        /* by Content-Length; else the body ends where the connection does */
};

/* Borrows from bytes. *more: the head has not come whole. INCORRECT_RESPONSE: no HTTP/1 answer, a header field out of form, a transfer coding, which HTTP/1.0 was not asked for. */
MUST_USE enum problem http_answer_read(struct span bytes, struct http_answer *out, bool *more);

/* Where a redirect leads: "http://host[:port]/path" or https, host a name or an address (IPv6 in brackets); a Location that is only a path stays where it is. */
struct http_place {
	bool tls;
	char host[256];      /* without brackets, lower case */
	char authority[300]; /* for Host: as in the URL */
	uint16_t port;       /* 0: the scheme's own */
	char target[MAX_LOCATION + 1];
};
/* from: where the answer came from. INCORRECT_RESPONSE with the reason: user info, another scheme, control characters, too long. */
MUST_USE enum problem http_place_read(struct span location, const struct http_place *from, struct http_place *out);

#endif
