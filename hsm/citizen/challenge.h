/* challenge: what a citizen's passkey or card signs to have digests signed: a hash over this mohar-hsmd, the key, its generation and every digest. Used by
 * hsm/citizen. Pure. */
#ifndef MOHAR_HSM_CITIZEN_CHALLENGE_H
#define MOHAR_HSM_CITIZEN_CHALLENGE_H

#include "base/digest.h"
#include "keyring/blob.h"

enum { CHALLENGE_SECONDS = 300, MAX_CHALLENGES_OF_A_KEY = 16 };

/* instance: BLOB_INSTANCE_LEN, of the mohar-hsmd that asks; nonce: HSM_NONCE_LEN. docs/PROTOCOL.md has the form. */
struct sha256 challenge_make(struct span instance, struct span nonce, const struct blob *b, const struct digests *d);

#endif
