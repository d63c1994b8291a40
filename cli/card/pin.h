/* card_pin: where a PIN comes from (a value, "file:PATH", "fd:NUMBER", the terminal), and what a card's refusal of it means. Used by cli/card*.c. */
#ifndef MOHAR_CLI_CARD_PIN_H
#define MOHAR_CLI_CARD_PIN_H

#include "base/secret.h"
#include "cli/cli.h"

enum { MAX_PIN = 64 };

/* The PIN by the verb's option (or its variable); asked at the terminal under the name prompt if absent. The caller frees *out. ERR_REFUSED if there is no
 * terminal to ask at. */
MUST_USE enum err card_pin_of(struct cli *c, const char *option, const char *prompt, struct secret **out);

/* The PIN of that card, as card_pin_of gives it, but looks first what the card says of the tries left: ERR_TOO_MANY if it is locked; ERR_REFUSED if one try is left and the PIN would not be
 * typed by a person, whom the prompt warns. Opens and finalises the module: no struct card may be open. */
MUST_USE enum err card_pin_for(struct cli *c, const char *option, const char *prompt, const char *module,
	const char *token, struct secret **out);

/* The PKCS#11 return value of a failed login in our terms. */
MUST_USE enum err card_pin_refused(unsigned long rv, const char *token);

#endif
