/* memory: what the token remembers of the journal and of the record of operations: their heads, so that a shortened or exchanged file shows at the next start. Used by
 * worker.c: a thread of its own seals them soon after they change. A tail cut by whoever owns the disk within those seconds is not seen: docs/PROTOCOL.md says so. */
#ifndef MOHAR_HSM_EVIDENCE_MEMORY_H
#define MOHAR_HSM_EVIDENCE_MEMORY_H

#include "hsm/evidence/record.h"
#include "hsm/token/token.h"

/* Stores the journal's head in the token, and where the records stand; NULL: there are none yet. */
MUST_USE enum err memory_seal(struct session *s, struct journal *j, struct records *r);

/* What the token remembers: the journal's head, to be looked for by journal_holds(), and of the records: segment 0 if nothing. ERR_CORRUPT, ERR_NOT_FOUND. */
MUST_USE enum err memory_read(struct session *s, struct chain_head *journal, struct record_mark *records);

/* Starts the thread that seals them every MEMORY_SECONDS if they have changed. s is its own from here on. */
enum { MEMORY_SECONDS = 10 };
MUST_USE enum err memory_keep(struct session *s, struct journal *j, struct records *r);

/* Seals once more, if memory_keep was called, and no more after that: for the process's end. */
void memory_end(void);

#endif
