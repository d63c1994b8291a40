/* revoke: what may become of a certificate's status, each by a signed act: valid -> suspended (certificateHold) -> valid again or revoked; valid -> revoked, for ever. The database's
 * trigger keeps the same rule. Used by routes.c. */
#ifndef MOHAR_CA_REVOKE_REVOKE_H
#define MOHAR_CA_REVOKE_REVOKE_H

#include "ca/cad.h"
#include "http/server.h"

/* POST /certificates/{serial}/revoke, .../suspend, .../resume. An operator's act, or a registrar's; suspending and resuming a registrar may citizens' certificates only. */
enum err revoke_post(void *daemon, struct request *request, struct reply *reply);
enum err suspend_post(void *daemon, struct request *request, struct reply *reply);
enum err resume_post(void *daemon, struct request *request, struct reply *reply);

/* A revocation that is not ordered by an act: by whoever holds the certificate's key. */
struct certificate_row; /* store/statements.h */
struct revoking {
	const struct certificate_row *row;
	const char *actor, *channel;
	int64_t reason; /* RFC 5280 5.3.1 */
	unix_time at;
};
/* Revokes, with its event, and tells the keeper. ERR_EXISTS: revoked already. */
MUST_USE enum err certificate_revoke(struct cad *c, const struct revoking *r);

enum { REASON_HOLD = 6 }; /* certificateHold */

/* The CRLReason (RFC 5280 5.3.1) of its name, of those that an operator may give; -1 otherwise. And back: "unspecified" for what is not known. */
int revoke_reason(const char *name);
const char *revoke_reason_name(int64_t reason);

#endif
