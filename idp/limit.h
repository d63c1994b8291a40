/* limit: how often a client address and an account may knock at the doors where somebody could try things out: login, authorisation, tokens, activation. The address is asked
 * before anything is done (http_server_options.admit); an account is charged for what failed, so that those who come in pay nothing. Used by main.c and by the handlers. */
#ifndef MOHAR_IDP_LIMIT_H
#define MOHAR_IDP_LIMIT_H

#include "idp/idp.h"

enum {
	MAX_ADDRESSES = 1 << 16,
	MAX_ACCOUNTS = 1 << 16,
};

MUST_USE enum err limits_open(struct idp *d);
void limits_close(struct idp *d);

/* The server's admit: does this path count, and has the address one left? An IPv6 address counts by its /64. Where clients prove who they are (/token, /par, /revoke), only what
 * failed is charged: a portal comes from one address. ERR_TOO_MANY. */
MUST_USE enum err limit_admit(void *daemon, const struct request *request);

/* May this account try once more? ERR_TOO_MANY. */
MUST_USE enum err limit_account(struct idp *d, struct span account);
/* It failed with e: charged if that was a judgement on what was tried, and not our own trouble (database, mohar-hsmd), which nobody has to pay for. */
void limit_failed(struct idp *d, struct span account, enum err e);

/* A client whose authentication is being tried from an address: others cannot use up a portal's own. out: MAX_LIMIT_KEY bytes. */
enum { MAX_LIMIT_KEY = 256 };
struct span limit_client(const struct request *request, char out[MAX_LIMIT_KEY]);
/* A client's attempt failed with e: that client from that address, and the address, as limit_failed() charges. */
void limit_client_failed(struct idp *d, const struct request *request, enum err e);

#endif
