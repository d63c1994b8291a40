/* keeper: one background thread that keeps what is served in step with the database: forgets answers about what was revoked (here or by another instance), renews
 * revocation lists, responders and answers before they are stale, sweeps used acts. Used by main.c; handlers tell it of revocations. Guards itself. */
#ifndef MOHAR_CA_STATUS_KEEPER_H
#define MOHAR_CA_STATUS_KEEPER_H

#include "ca/cad.h"

enum { KEEPER_POLL_SECONDS = 2, KEEPER_STALE_SECONDS = 20, KEEPER_LOOK_BACK = 120 };

/* Starts the thread; c->keeper must outlive the servers. */
MUST_USE enum err keeper_start(struct cad *c, struct keeper **out);
void keeper_stop(struct keeper **k);

/* A handler here has revoked this serial: no answer from the cache says "good" from now on, and a new list follows at once. */
void keeper_revoked(struct keeper *k, const char *issuer, struct span serial);

/* Has the database been heard within KEEPER_STALE_SECONDS? Only then may the cache answer. */
bool keeper_is_fresh(const struct keeper *k, unix_time now);

/* Responders, lists and a fresh poll are there: for /readyz. */
MUST_USE enum err keeper_ready(const struct keeper *k, unix_time now);

/* Should this list be made anew? Pure: dirty, none, or half its life is over. */
bool keeper_crl_due(bool dirty, unix_time this_update, unix_time next_update, unix_time now);

#endif
