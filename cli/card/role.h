/* card_role: what a key on a card is for: its CKA_ID, its name, the certificate profile that it gets. Used by enrolment, renewal and batches. A citizen's card has two, which no
 * program can take for each other: other numbers, other labels, other key usage. */
#ifndef MOHAR_CLI_CARD_ROLE_H
#define MOHAR_CLI_CARD_ROLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
	CARD_AUTHENTICATION = 1,
	CARD_SIGNATURE = 2,
	CARD_NEXT = 0x10, /* added to the number of a key that is to take the place of another */
	CARD_KEPT = 0x20, /* added to that of a certificate that stays for checking although its key is gone */
	MAX_CARD_ROLES = 2,
	MAX_CARD_KEY_LABEL = 48,
};

struct card_role {
	uint8_t id;
	const char *profile;
};

struct card_roles {
	struct card_role roles[MAX_CARD_ROLES];
	size_t count;
};

/* "citizen": both keys. "citizen-login", "officer": one. ERR_NOT_FOUND, naming those that there are. */
MUST_USE enum err card_roles_named(const char *set, struct card_roles *out);

/* "authentication", "signature", "key 3"; with CARD_NEXT " (new)", with CARD_KEPT " (old)". */
void card_key_label(uint8_t id, char out[MAX_CARD_KEY_LABEL]);

/* Is this the number of a key whose every use the card asks the PIN for, where it can? */
bool card_key_is_signature(uint8_t id);

#endif
