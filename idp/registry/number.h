/* number: the national number at rest: a MAC to find it by, made by the HSM alone, and AES-256-GCM under a data key that the HSM wrapped. Used by the registry. It is never logged, never
 * in an address, never in a token. */
#ifndef MOHAR_IDP_REGISTRY_NUMBER_H
#define MOHAR_IDP_REGISTRY_NUMBER_H

#include "base/secret.h"
#include "idp/idp.h"

enum { NUMBER_MAC_LEN = 32, NUMBER_NONCE_LEN = 12, NUMBER_TAG_LEN = 16, MAX_NUMBER_BLOB = 64 };

/* Reads the data key and unwraps it; makes and stores one the first time. */
MUST_USE enum err number_keys_open(struct idp *d, struct number_keys **out);
void number_keys_free(struct number_keys **k);

MUST_USE enum err number_mac(struct idp *d, const char *number, uint8_t out[NUMBER_MAC_LEN]);

/* Nonce, ciphertext and tag appended to out; person is bound as additional data. *data_key: which key it was. */
MUST_USE enum err number_seal(const struct number_keys *k, const struct uuid *person, const char *number,
	struct writer *out, struct uuid *data_key);

/* ---- pure ---- */
MUST_USE enum err number_encrypt(struct span key, struct span nonce, struct span additional, struct span plain,
	struct writer *out);
MUST_USE enum err number_decrypt(struct span key, struct span additional, struct span blob, struct secret **out);

#endif
