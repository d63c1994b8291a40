/* crl_keep: which revocation lists are due: those that something has changed for, and those whose time is half over. Used by the keeper's thread, whose own it is. */
#ifndef MOHAR_CA_STATUS_CRL_KEEP_H
#define MOHAR_CA_STATUS_CRL_KEEP_H

#include "ca/cad.h"
#include "ca/status/crl.h"

enum { CRL_ENTRIES_A_SECOND = 1000, CRL_MAX_WAIT = 45 };

struct crl_keep;

MUST_USE enum err crl_keep_new(struct cad *c, struct crl_keep **out);
void crl_keep_free(struct crl_keep **k);

/* Serves what was stored and is still good. *since: the transaction from which on changes are not in all of it; INT64_MAX if nothing was loaded. */
MUST_USE enum err crl_keep_load(struct crl_keep *k, int64_t *since);

/* Something was changed by this transaction: the lists that have it not yet are due. */
void crl_keep_changed(struct crl_keep *k, const char *issuer, int64_t shard, int64_t txid);

/* Makes one list of this authority that is due, if there is one: *made says so. */
MUST_USE enum err crl_keep_one(struct crl_keep *k, size_t authority, bool *made);

/* Why a list should be made anew. Pure. A change goes into a small list at once, and into a large one CRL_MAX_WAIT seconds after the last at most: making it takes seconds. */
enum crl_due { CRL_FINE, CRL_CHANGED, CRL_SCHEDULED };
enum crl_due crl_due(bool dirty, const struct crl_about *l, size_t bytes, unix_time now);

#endif
