/* cosignature: a witness's word that a checkpoint continues every earlier one that it saw (C2SP tlog-cosignature, Ed25519). A log that shows one tree to one
 * person and another to the next needs its witnesses to lie too. Used by the log (collecting) and by whoever verifies. */
#ifndef MOHAR_AUDIT_COSIGNATURE_H
#define MOHAR_AUDIT_COSIGNATURE_H

#include "audit/note.h"
#include "base/clock.h"

enum { MAX_COSIGNATURES = 16, MAX_COSIGNATURE_LINE = 512 };

/* Looks for the witness's line among the note's signatures and verifies it over the note's text. *at: when it cosigned. ERR_NOT_FOUND if it has none there,
 * ERR_BAD_SIGNATURE, ERR_MALFORMED. */
MUST_USE enum err cosignature_check(struct span note, const struct note_key *witness, unix_time *at);

/* Takes the witness's line out of lines (a witness's answer: signature lines, perhaps of others too) and verifies it over the note's text. Appends the line.
 * Errors as cosignature_check. */
MUST_USE enum err cosignature_take(struct span note, struct span lines, const struct note_key *witness,
	struct writer *line);

#endif
