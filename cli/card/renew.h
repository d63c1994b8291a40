/* card_renew: new keys take the place of a card's old ones. The new key is made and certified under a number of its own beside the old one, seen to sign, told to the registry; only then the
 * old one is removed and the new one gets its number, its certificate last: as long as that has the other number, the change is under way, and the same command goes on with it. */
#ifndef MOHAR_CLI_CARD_RENEW_H
#define MOHAR_CLI_CARD_RENEW_H

#include "cli/cli.h"

extern const struct cli_option card_renew_options[];

int card_renew_run(struct cli *c);

#endif
