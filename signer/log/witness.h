/* witness: those outside who watch that this log only grows, and cosign its checkpoints (C2SP tlog-witness). A thread each, so that a slow one delays nobody. Used
 * by tlog.c; the log itself does not wait for them. */
#ifndef MOHAR_SIGNER_LOG_WITNESS_H
#define MOHAR_SIGNER_LOG_WITNESS_H

#include "signer/log/log.h"

/* Starts a thread for each witness of the policy that has an address. */
MUST_USE enum err witnesses_start(struct tlog *l);
/* Wakes and joins them; l->stopping is set. */
void witnesses_stop(struct tlog *l);

/* Asks one witness to cosign the newest checkpoint, if it has not yet: one step of its thread, for tests too. ERR_MISMATCH if the witness has seen more of this log than it has;
 * ERR_REFUSED, ERR_UNAVAILABLE, ERR_BAD_SIGNATURE. */
MUST_USE enum err witness_ask(struct tlog *l, struct watch *w);

#endif
