/* intake: the head of a request, taken in and judged before anything else looks at it. Used by server. */
#ifndef MOHAR_HTTP_INTAKE_H
#define MOHAR_HTTP_INTAKE_H

#include "http/exchange.h"

/* What is said about a body. */
struct framing {
	bool has_body, chunked;
	uint64_t length; /* if has_body and not chunked */
	bool broken;     /* where the body ends is not certain: answer and close */
};

/* Takes the header fields in and refuses what may be read in two ways: a field that comes twice (Cookie and Accept* may), control characters, Content-Length with
 * Transfer-Encoding (RFC 9112 6.1), a target that does not start with '/'. ERR_MALFORMED, ERR_TOO_LONG; *framing is set in any case. */
MUST_USE enum err intake(struct request *r, const char *version, struct framing *framing);

/* After the body: takes query and, if the type says so, form apart. ERR_MALFORMED, ERR_TOO_LONG. */
MUST_USE enum err intake_parameters(struct request *r);

#endif
