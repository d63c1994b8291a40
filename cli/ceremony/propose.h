/* ceremony_propose: `mohar ceremony propose`, `approve`, `status`: what custodians decide outside a scripted ceremony, by a file that goes from hand to hand. */
#ifndef MOHAR_CLI_CEREMONY_PROPOSE_H
#define MOHAR_CLI_CEREMONY_PROPOSE_H

#include "cli/cli.h"

extern const struct cli_option ceremony_propose_options[], ceremony_approve_options[];
int ceremony_propose(struct cli *c);
int ceremony_approve_verb(struct cli *c);
int ceremony_status(struct cli *c);

#endif
