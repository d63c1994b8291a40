/* memory: what the token remembers of the journal: its head, so that a shortened or exchanged file shows at the next start. Used by worker.c: a
 * thread of its own seals it soon after it changes. A tail cut by whoever owns the disk within those seconds is not seen: docs/PROTOCOL.md says so. */
#ifndef MOHAR_HSM_MEMORY_H
#define MOHAR_HSM_MEMORY_H

#include "hsm/journal.h"
#include "hsm/token/token.h"

/* Stores the journal's head in the token. */
MUST_USE enum err memory_seal(struct session *s, struct journal *j);

/* Does the file at path hold the head that the token remembers? ERR_CORRUPT, ERR_IO. */
MUST_USE enum err memory_check(struct session *s, const char *path);

/* Starts the thread that seals the head every MEMORY_SECONDS if it has changed. s is its own from here on. */
enum { MEMORY_SECONDS = 10 };
MUST_USE enum err memory_keep(struct session *s, struct journal *j);

/* Seals once more, and no more after that: for the process's end. */
void memory_end(void);

#endif
