/* ceremony_ask: a person's yes. Used by every verb of a ceremony that does what cannot be undone. */
#ifndef MOHAR_CLI_CEREMONY_ASK_H
#define MOHAR_CLI_CEREMONY_ASK_H

#include "cli/cli.h"

/* Asks at the terminal and wants the word "yes"; --yes answers for all. ERR_REFUSED: another answer, or nobody to ask. */
MUST_USE enum err ceremony_ask(struct cli *c, const char *question);

#endif
