/* spent: registrars' acts behind which a certificate was signed, at least for as long as an act is fresh: one act, one certificate, whatever the certificate authority's
 * database has forgotten. Used by signing. Thread-safe. What a replaced worker knew comes back from the journal. An act is kept until its place is needed, for a clock
 * that is set back makes old acts fresh again; how long it must be kept is told by a clock that never goes back (ticks). */
#ifndef MOHAR_HSM_EVIDENCE_SPENT_H
#define MOHAR_HSM_EVIDENCE_SPENT_H

#include <pthread.h>
#include <stdbool.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/span.h"
#include "hsm/evidence/journal.h"

enum { MAX_SPENT = 4096, SPENT_SECONDS = 900 /* longer than any act is fresh */ };

struct spent_act {
	uint8_t id[JOURNAL_ID_LEN];
	struct sha256 object; /* the TBSCertificate that it was for */
	bool taken;
	int64_t until; /* ticks: after it another may have the place */
};

struct spent {
	pthread_mutex_t lock;
	struct spent_act *acts; /* owned: MAX_SPENT */
	size_t next;            /* the place that was taken longest ago */
};

/* ERR_NO_MEMORY. */
MUST_USE enum err spent_init(struct spent *s);

/* The act's name: of SHA-256 of what its signature covers, since a signature can be written in two ways. evidence: a compact JWS, and what may follow it after "~". */
void spent_id(struct span evidence, uint8_t id[JOURNAL_ID_LEN]);

/* Enters the act; now: ticks. ERR_USED: another object was signed for it; the same object may be signed again, as after a lost answer. ERR_TOO_MANY: the table is full. */
MUST_USE enum err spent_enter(struct spent *s, const uint8_t id[JOURNAL_ID_LEN], const struct sha256 *object,
	int64_t now);

/* Nothing was signed after all. */
void spent_forget(struct spent *s, const uint8_t id[JOURNAL_ID_LEN]);

/* A line of the journal at the start, in their order: enters it if it is such a signature; the last MAX_SPENT stay. */
void spent_replay(struct spent *s, const struct journal_line *line);

#endif
