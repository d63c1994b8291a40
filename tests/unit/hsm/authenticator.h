/* authenticator: a passkey in software, which does what it is told, wrong things too. Used by the tests of activation and of approval. */
#ifndef MOHAR_TEST_AUTHENTICATOR_H
#define MOHAR_TEST_AUTHENTICATOR_H

#include <openssl/evp.h>

#include "base/digest.h"
#include "base/writer.h"

enum { AUTHENTICATOR_UP = 0x01, AUTHENTICATOR_UV = 0x04 };

struct authenticator {
	EVP_PKEY *key; /* P-256 */
	uint8_t id[32];
};

/* What it is asked to sign. */
struct wish {
	struct span challenge;
	const char *rp_id, *origin, *type; /* type: "webauthn.get" */
	uint8_t flags;
};

/* A good one for the signing page of policies/keys.json, user-verified. */
struct wish wish_for(struct span challenge);

struct authenticator authenticator_new(void);
void authenticator_free(struct authenticator *a);

/* Its COSE_Key; appended. */
void authenticator_key(const struct authenticator *a, struct writer *cose);

/* An AuthenticationResponseJSON; appended. */
void authenticator_assert(const struct authenticator *a, const struct wish *w, struct writer *json);

#endif
