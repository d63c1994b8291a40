/* card_pin: where a PIN comes from (a value, "file:PATH", the terminal), and what a card's refusal of it means. Used by cli/card*.c. */
#ifndef MOHAR_CLI_CARD_PIN_H
#define MOHAR_CLI_CARD_PIN_H

#include "base/secret.h"
#include "cli/cli.h"

enum { MAX_PIN = 64 };

/* The PIN by the verb's option (or its variable); asked at the terminal under the name prompt if absent. The caller frees *out. ERR_REFUSED if there is no
 * terminal to ask at. */
MUST_USE enum err card_pin_of(struct cli *c, const char *option, const char *prompt, struct secret **out);

/* The PKCS#11 return value of a failed login in our terms. */
MUST_USE enum err card_pin_refused(unsigned long rv, const char *token);

#endif
