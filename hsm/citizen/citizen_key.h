/* citizen_key: a citizen's key as its blob tells of it, with everything parsed that is needed again and again: public half, credentials. Used by hsm/citizen.
 * Whether the blob is genuine is seal.h's to say. Never changed after citizen_key_read: threads share one. */
#ifndef MOHAR_HSM_CITIZEN_CITIZEN_KEY_H
#define MOHAR_HSM_CITIZEN_CITIZEN_KEY_H

#include "policy/algorithm.h"
#include "jose/jose.h"
#include "keyring/blob.h"
#include "webauthn/webauthn.h"

/* One of the two, by the kind of the blob's credential of the same index. */
struct citizen_credential {
	struct webauthn_key *passkey;
	struct jwk *card;
};

struct citizen_key {
	uint8_t *bytes; /* owned copy of the blob, which the spans of blob point into */
	struct blob blob;
	const struct algorithm *algorithm;
	EVP_PKEY *public_key;      /* owned */
	struct verifier *verifier; /* owned; over public_key */
	struct citizen_credential credentials[MAX_BLOB_CREDENTIALS];
};

/* A credential's key is what may be bound: a COSE_Key that webauthn_key_parse takes, or the SubjectPublicKeyInfo of a card's P-256, P-384, P-521 or RSA key
 * of 3072 bits and more. ERR_MALFORMED, ERR_UNSUPPORTED. The caller frees both of *out with citizen_credential_free. */
MUST_USE enum err citizen_credential_read(const struct blob_credential *c, struct citizen_credential *out);
void citizen_credential_free(struct citizen_credential *c);

/* SHA-256 of its public key as a SubjectPublicKeyInfo: the same key has the same, be it a passkey's or a card's. ERR_CRYPTO. */
MUST_USE enum err citizen_credential_hash(const struct citizen_credential *c, struct sha256 *out);

/* The caller frees with citizen_key_free. ERR_MALFORMED, ERR_UNSUPPORTED. */
MUST_USE enum err citizen_key_read(struct span blob, struct citizen_key **out);
void citizen_key_free(struct citizen_key **k);

#endif
