/* card_enrol: a card gets its certificate: key made on it, request, registrar's order, certificate written back, the identity provider told. Used by
 * `mohar card enrol`. The two cards, the person's and the registrar's, are opened one after the other, never together. */
#ifndef MOHAR_CLI_CARD_ENROL_H
#define MOHAR_CLI_CARD_ENROL_H

#include "cli/cli.h"

extern const struct cli_option card_enrol_options[];

int card_enrol_run(struct cli *c);

/* The number of an --id option: 1 to 4, 1 if absent. ERR_MALFORMED. */
MUST_USE enum err card_id_of(const struct cli *c, uint8_t *out);

#endif
