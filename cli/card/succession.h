/* succession: on one card, a verified new key (number id + CARD_NEXT) takes the number of the old one. Used by `mohar card renew`. Any part of it may be done already. */
#ifndef MOHAR_CLI_CARD_SUCCESSION_H
#define MOHAR_CLI_CARD_SUCCESSION_H

#include "cli/card/session.h"

/* What of a key and its successor is on the card. Certificates owned; NULL: none. */
struct succession {
	X509 *now, *next;
	bool next_key; /* a private key waits under the other number: else it has its number already */
	bool begun;    /* anything is under the other number */
};
MUST_USE enum err succession_read(const struct card_place *at, uint8_t id, struct succession *out);
void succession_free(struct succession *s);

/* Private key, public key, certificate, in this order; each old one is removed only while the new one is there. keep_old: the old certificate stays, under the number id + CARD_KEPT, for
 * checking what its key signed. The caller has seen the new key sign with its certificate. ERR_NOT_FOUND: no certificate waits. */
MUST_USE enum err succession_finish(const struct card_place *at, uint8_t id, bool keep_old);

#endif
