/* problem: application/problem+json (RFC 9457), the answer to a refusal that no handler wrote. Used by server. */
#ifndef MOHAR_HTTP_PROBLEM_H
#define MOHAR_HTTP_PROBLEM_H

#include "http/reply.h"

/* Fills the reply. why is shown to callers who erred (4xx), never for what is our own fault; "" if there is none. */
void problem_write(struct reply *r, enum err e, int status, const char *why);

#endif
