/* revoke: POST /certificates/{serial}/revoke: by act, once, for ever. Used by routes.c. */
#ifndef MOHAR_CA_REVOKE_REVOKE_H
#define MOHAR_CA_REVOKE_REVOKE_H

#include "ca/cad.h"
#include "http/server.h"

enum err revoke_post(void *daemon, struct request *request, struct reply *reply);

/* The CRLReason (RFC 5280 5.3.1) of its name, of those that an operator may give; -1 otherwise. And back: "unspecified" for what is not known. */
int revoke_reason(const char *name);
const char *revoke_reason_name(int64_t reason);

#endif
