/* acme: what ACME holds while mohar-cad runs: its settings, taken apart and checked, its database pool, the key of its nonces, its workers. Used by the handlers through
 * struct cad. Read-only after acme_start, but what guards itself. */
#ifndef MOHAR_CA_ACME_ACME_H
#define MOHAR_CA_ACME_ACME_H

#include "base/rate.h"
#include "ca/acme/nonce.h"
#include "ca/acme/reach.h"
#include "ca/cad.h"

struct workers; /* worker.h */

struct acme {
	bool on; /* acme_networks names some */
	struct reach_policy reach;
	const struct profile *profile;
	struct db_pool *db;
	uint8_t nonce_key[NONCE_KEY_LEN];
	struct rate strangers;   /* guards itself: requests by keys that have no account */
	struct workers *workers; /* guards itself */
};

/* Takes the settings acme_* apart. ERR_CONFIG. The caller frees with acme_free. */
MUST_USE enum err acme_read(const struct cad *c, struct acme **out);

/* Database, nonce key and workers; nothing when ACME is off. Before the servers start, after the sandbox. */
MUST_USE enum err acme_start(struct cad *c);
/* Ends the workers, after the servers. */
void acme_stop(struct cad *c);
void acme_free(struct acme **a);

/* "https://ca.example/acme/order/": what URLs of ours begin with, appended. */
void acme_url(const struct cad *c, const char *path, struct writer *w);

#endif
