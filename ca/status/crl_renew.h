/* crl_renew: how a revocation list comes to be: the rows of one distribution point, signed, stored, served; and beside it the delta since the last scheduled list (RFC 5280 5.2.4). Used
 * by the keeper. */
#ifndef MOHAR_CA_STATUS_CRL_RENEW_H
#define MOHAR_CA_STATUS_CRL_RENEW_H

#include "ca/cad.h"
#include "ca/status/crl.h"
#include "ca/store/statements.h"

enum { MAX_WHOLE_ENTRIES = 250000 };

/* Makes the next list of an issuing CA's shard from the database and serves it from now on; if another instance was quicker, that one's. Shard 0 holds all of the issuer's certificates as
 * long as that are MAX_WHOLE_ENTRIES at most, afterwards only those that name it. scheduled: because it was time. */
MUST_USE enum err crl_renew(struct cad *c, const struct authority *a, int64_t shard, bool scheduled);
/* Serves the newest stored one, if it is still good. ERR_NOT_FOUND. */
MUST_USE enum err crl_load(struct cad *c, const struct authority *a, int64_t shard);
/* Serves the root's list, which the ceremony put beside its certificate as LABEL.crl (DER). ERR_NOT_FOUND; ERR_CORRUPT if it is not the root's. */
MUST_USE enum err crl_load_file(struct cad *c, const struct authority *a);

/* The delta's entries: of changed (serials one after the other), what stands in the list as it stands there, and what does not as removeFromCRL at `at`. rows are sorted by serial. Pure.
 * The caller frees *out. */
MUST_USE enum err crl_delta_entries(struct span changed, const struct crl_entry *rows, size_t count, unix_time at,
	struct crl_entry **out, size_t *out_count);

#endif
