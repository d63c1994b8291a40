/* letter: the PIN letter of a card: its PIN and PUK, drawn at random, in a text file for its holder's eyes (mode 0600). Used by card_batch. Written before the card gets the PINs, and read
 * again after an interruption, so that there is never a card whose PIN nobody knows. */
#ifndef MOHAR_CLI_CARD_LETTER_H
#define MOHAR_CLI_CARD_LETTER_H

#include "base/secret.h"

struct letter {
	struct secret *pin, *puk; /* owned */
};

/* The letter FOLDER/LABEL.txt: read if it is there, else drawn and written. ERR_IO, ERR_CORRUPT (a file of that name is no letter). */
MUST_USE enum err letter_of(const char *folder, const char *label, const char *handle, struct letter *out);
void letter_free(struct letter *l);

#endif
