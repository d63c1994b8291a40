/* binding: external account binding (RFC 8555 7.3.4): a JWS inside the request for an account, by which an agency's MAC key vouches for the account's key. Used by account.c. Pure. */
#ifndef MOHAR_CA_ACME_BINDING_H
#define MOHAR_CA_ACME_BINDING_H

#include "ca/acme/jws.h"
#include "ca/acme/store.h"

/* Is it made for this url and this account's key (thumbprint), by the MAC key of row, which is neither expired nor revoked nor used up at now? MALFORMED, UNAUTHORIZED. */
MUST_USE enum problem binding_check(const struct acme_jws *binding, const char *url, const char *thumbprint,
	const struct binding_row *row, unix_time now);

#endif
