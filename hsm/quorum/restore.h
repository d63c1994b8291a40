/* restore: what mohar-hsmd has found at its start if journal and token do not fit: the journal lacks what the token remembers, or the token is an older copy that does not
 * know which keys.json custodians have approved. Nothing but a restore is served then, until custodians approve of going on with what is left. Used by worker.c, the kind
 * "restore" and STATUS. */
#ifndef MOHAR_HSM_QUORUM_RESTORE_H
#define MOHAR_HSM_QUORUM_RESTORE_H

#include "audit/chain.h"
#include "base/writer.h"

enum { MAX_RESTORE = 256 };

struct restore {
	bool needed;
	struct chain_head journal; /* as it was read: of the file */
	struct chain_head token;   /* of the journal, as the token remembers it */
	int64_t known;             /* the latest keys.json that the token knows */
	int64_t approved;          /* the latest that the journal says was approved; 0: none */
};

/* The text that is proposed: "journal=LINES:HASH token=LINES:HASH policy=KNOWN:APPROVED". Appended. */
void restore_write(const struct restore *r, struct writer *w);

/* Reads it back. ERR_MALFORMED unless restore_write would write just that. */
MUST_USE enum err restore_read(struct span text, struct restore *out);

/* Is this the same situation, whatever has been appended to the journal since? */
bool restore_same(const struct restore *a, const struct restore *b);

#endif
