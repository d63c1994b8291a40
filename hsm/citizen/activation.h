/* activation: does this evidence show that the citizen wants these signatures, now? An AuthenticationResponseJSON of a passkey bound to the key, or a card's
 * signature. Used by hsm/citizen/activate.c. Pure. */
#ifndef MOHAR_HSM_CITIZEN_ACTIVATION_H
#define MOHAR_HSM_CITIZEN_ACTIVATION_H

#include "hsm/citizen/citizen_key.h"
#include "hsm/policy/policy.h"

enum { MAX_ACTIVATION_AGE = 60 }; /* seconds: a card's iat */

/* How the key may be activated, from keys.json, and for what. */
struct activation_question {
	const struct citizen_key *key;
	const struct activation *rule;
	struct span challenge; /* SHA256_LEN */
	unix_time now;
};

/* *credential: SHA-256 of the credential that activated: of its id, of a card's SubjectPublicKeyInfo. ERR_MISMATCH and what webauthn_authenticate says: challenge,
 * origin, RP ID, user verification; ERR_REFUSED: no credential of this key; ERR_BAD_SIGNATURE; ERR_EXPIRED: a card's iat; ERR_MALFORMED. */
MUST_USE enum err activation_check(const struct activation_question *q, struct span evidence,
	struct sha256 *credential);

#endif
