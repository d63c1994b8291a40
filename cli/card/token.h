/* card_token: a card as a whole: making a blank one ready, changing its PIN, telling what is on it. Used by `mohar card init`, `pin`, `show`; by direct
 * PKCS#11, so that no struct card may be open meanwhile. */
#ifndef MOHAR_CLI_CARD_TOKEN_H
#define MOHAR_CLI_CARD_TOKEN_H

#include "base/secret.h"
#include "cli/cli.h"

/* Takes the first blank token, labels it, sets its PINs. ERR_EXISTS if a token has that label, ERR_NOT_FOUND if no token is blank. serial: 17 bytes. */
MUST_USE enum err card_token_init(const char *module, const char *label, const struct secret *so_pin,
	const struct secret *pin, char *serial);

/* ERR_REFUSED if the old one is wrong. */
MUST_USE enum err card_token_pin(const char *module, const char *label, const struct secret *pin,
	const struct secret *new_pin);

/* Tells tokens, or of the token label (if not NULL) keys and certificates too; with pin also the private keys' attributes. */
MUST_USE enum err card_token_tell(const char *module, const char *label, const struct secret *pin, struct cli *c);

#endif
