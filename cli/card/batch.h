/* card_batch: many cards personalised one after the other from a list: insert, make ready, enrol, PIN letter. Used by `mohar card batch`. The report is written after every card and read at
 * the start, so that the same command goes on where it was interrupted. */
#ifndef MOHAR_CLI_CARD_BATCH_H
#define MOHAR_CLI_CARD_BATCH_H

#include "cli/cli.h"

extern const struct cli_option card_batch_options[];

int card_batch_run(struct cli *c);

#endif
