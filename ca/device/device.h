/* device: what EST and CMP share while mohar-cad runs: their database pool, the limit on strangers, and the key that CMP's answers are signed with. Used by the handlers of ca/device, ca/est
 * and ca/cmp through struct cad. Read-only after device_start, but what guards itself. */
#ifndef MOHAR_CA_DEVICE_DEVICE_H
#define MOHAR_CA_DEVICE_DEVICE_H

#include "base/rate.h"
#include "ca/cad.h"
#include "http/server.h"

struct devices {
	struct db_pool *db;
	struct rates *strangers; /* guards itself: requests by a secret, by address */
	EVP_PKEY *key;           /* of our TLS certificate: signs CMP's answers to whoever has no secret */
	X509 *certificate;
	STACK_OF(X509) * chain; /* what the TLS certificate's file has after it */
};

/* Nothing when device_port is 0: then c->devices is NULL, and EST and CMP are off. Before the servers start; reads the TLS key. */
MUST_USE enum err device_start(struct cad *c);
/* After the servers. */
void device_stop(struct cad *c);

/* Operators' acts about enrolments (operator.c). */
enum err device_add(void *daemon, struct request *request, struct reply *reply);
enum err device_revoke(void *daemon, struct request *request, struct reply *reply);
enum err device_list(void *daemon, struct request *request, struct reply *reply);

#endif
