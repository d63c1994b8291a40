/* person: a test citizen with a passkey, a card, and a signing key at mohar-hsmd. Used by the tests of hsm/citizen. */
#ifndef MOHAR_TEST_PERSON_H
#define MOHAR_TEST_PERSON_H

#include "authenticator.h"
#include "keyring/blob.h"
#include "rig.h"

struct person {
	struct authenticator passkey;
	EVP_PKEY *card;     /* P-256 */
	struct writer blob; /* owned: unborn, then born */
};

/* A key is made for it, and not born. */
void person_make(struct keyring *signer, struct person *p);
void person_free(struct person *p);

/* Made and born, bound to its passkey and card by the rig's registrar. */
void person_birth(struct rig *r, struct keyring *signer, struct person *p);

/* The members of a registrar's order for it: person, profile, spki_sha256 and these credentials (a JSON array; NULL: its passkey and card). */
void person_members(const struct person *p, const char *profile, const char *credentials, struct writer *members);
void person_credentials(const struct person *p, struct writer *json);

/* The blob, read; borrows from p. */
struct blob person_blob(const struct person *p);

/* Challenge, assertion by wish (NULL: a good one), activation. */
enum err person_sign(struct keyring *signer, const struct person *p, const struct digests *d, const struct wish *wish,
	struct writer *signatures);

/* A card's activation of that challenge, signed by key; typ NULL: the right one. */
void person_card_evidence(EVP_PKEY *key, struct span challenge, const char *typ, int64_t iat, struct writer *jws);

/* Do signatures hold one good one for each digest, by the key of p? */
bool person_signed(const struct person *p, const struct digests *d, struct span signatures);

/* Digests of each bytes: count of them, not all alike. */
struct digests digests_some(size_t each, size_t count);

#endif
