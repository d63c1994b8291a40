/* card_token: a card as a whole: making a blank one ready, changing and unblocking its PIN, telling what is on it. Used by `mohar card init`, `pin`, `unblock`,
 * `show`, `batch`; by direct
 * PKCS#11, so that no struct card may be open meanwhile. */
#ifndef MOHAR_CLI_CARD_TOKEN_H
#define MOHAR_CLI_CARD_TOKEN_H

#include "base/secret.h"
#include "cli/cli.h"

/* Takes the first blank token, labels it, sets its PINs. A token of that label without a PIN, which an interruption left, only gets its PIN. ERR_EXISTS if a token has
 * that label, ERR_NOT_FOUND if no token is blank. serial: 17 bytes. */
MUST_USE enum err card_token_init(const char *module, const char *label, const struct secret *so_pin,
	const struct secret *pin, char *serial);

/* ERR_REFUSED if the old one is wrong. */
MUST_USE enum err card_token_pin(const char *module, const char *label, const struct secret *pin,
	const struct secret *new_pin);

/* A new PIN for a card whose old one is locked or forgotten, by the security officer's PIN (so_pin) or the PUK (puk): one of them, the other NULL. One call to the card, never repeated.
 * ERR_REFUSED: wrong; ERR_TOO_MANY: locked too. */
MUST_USE enum err card_token_unblock(const char *module, const char *label, const struct secret *so_pin,
	const struct secret *puk, const struct secret *new_pin);

/* Tells tokens, or of the token label (if not NULL) keys and certificates too; with pin also the private keys' attributes. */
MUST_USE enum err card_token_tell(const char *module, const char *label, const struct secret *pin, struct cli *c);

#endif
