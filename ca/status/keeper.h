/* keeper: one background thread that keeps what is served in step with the database: forgets answers about whatever has changed its status (here or by another instance), renews
 * revocation lists, responders and answers before they are stale, signs answers ahead, sweeps used acts. Used by main.c; handlers tell it of changes. Guards itself. */
#ifndef MOHAR_CA_STATUS_KEEPER_H
#define MOHAR_CA_STATUS_KEEPER_H

#include "ca/cad.h"

enum { KEEPER_POLL_SECONDS = 2, KEEPER_STALE_SECONDS = 20 };

/* Starts the thread; c->keeper must outlive the servers. */
MUST_USE enum err keeper_start(struct cad *c, struct keeper **out);
void keeper_stop(struct keeper **k);

/* A handler here has changed the status of these serials, SERIAL_LEN bytes each: no answer from the cache says otherwise from now on, and new lists follow at once. NULL is fine. */
void keeper_changed(struct keeper *k, struct span serials);

/* Has the database been heard within KEEPER_STALE_SECONDS? Only then may the cache answer. */
bool keeper_is_fresh(const struct keeper *k, unix_time now);

/* Responders, lists and a fresh poll are there: for /readyz. */
MUST_USE enum err keeper_ready(const struct keeper *k, unix_time now);

/* How long the revocation list that ends first has left, and how many there are; Prometheus text, appended. */
void keeper_metrics(const struct cad *c, struct writer *w);

#endif
