/* keyring: the client of mohar-hsmd. Used by every daemon that signs; the wire is docs/PROTOCOL.md. Thread-safe: a small pool of
 * connections, re-made when mohar-hsmd restarts. What may be done is decided over there, by the caller's uid and policies/keys.json. */
#ifndef MOHAR_KEYRING_KEYRING_H
#define MOHAR_KEYRING_KEYRING_H

#include <openssl/evp.h>

#include "base/writer.h"
#include "base/secret.h"

enum { MAX_KEY_LABEL = 64, MAX_HSM_OBJECT = 16 << 20, MAX_HSM_FRAME = 64 << 10, MAX_SIGNATURE = 1024 };

struct keyring;

/* Opens nothing yet: connections come on demand, at most size of them. ERR_NO_MEMORY. The caller frees with keyring_free. */
MUST_USE enum err keyring_open(const char *socket_path, size_t size, struct keyring **out);
void keyring_free(struct keyring **k);

/* Everything below: ERR_UNAVAILABLE if mohar-hsmd does not answer in time or says so, ERR_REFUSED if its permits or the object's type
 * forbid it (the reason comes from over there), ERR_NOT_FOUND for an unknown label. */

/* One JSON document: token, keys with purpose, policy hash and version, queue, since when. Appended. */
MUST_USE enum err keyring_status(struct keyring *k, struct writer *json);
/* One JSON array of the keys this caller may see: label, purpose, algorithm, SHA-256 of SPKI. */
MUST_USE enum err keyring_list(struct keyring *k, struct writer *json);
/* DER SubjectPublicKeyInfo of a key. Appended. Cached here for the life of k. */
MUST_USE enum err keyring_pubkey(struct keyring *k, const char *label, struct writer *spki);
/* Makes the key that keys.json describes under that label; its attributes as read back come as one JSON document. ERR_EXISTS. */
MUST_USE enum err keyring_generate(struct keyring *k, const char *label, struct writer *json);
/* Signs the whole object with the key: what may be signed follows from the key's purpose. evidence: what the purpose demands beside the object (a
 * registrar's signed act for citizen profiles), else empty. The signature: DER for ECDSA, raw for RSA and EdDSA. Appended. */
MUST_USE enum err keyring_sign(struct keyring *k, const char *label, struct span object, struct span evidence,
	struct writer *signature);
/* HMAC-SHA-256 of input by a MAC key; rate-limited over there. */
MUST_USE enum err keyring_mac(struct keyring *k, const char *label, struct span input, uint8_t out[32]);
/* Wraps a fresh 256-bit data key made in the HSM: its blob (to store) and the key itself. Unwraps a stored blob. */
MUST_USE enum err keyring_wrap(struct keyring *k, const char *label, struct writer *blob, struct secret **data_key);
MUST_USE enum err keyring_unwrap(struct keyring *k, const char *label, struct span blob, struct secret **data_key);
/* At most 1024 bytes of the HSM's randomness. */
MUST_USE enum err keyring_random(struct keyring *k, uint8_t *out, size_t len);

/* ---- the OpenSSL 3 provider (provider.c): keys over there as EVP_PKEYs here ---- */

/* Loads the default provider explicitly and first, then our own, for the whole process; sets default properties as RECIPES.md says. Once, by
 * main, before any other use of libcrypto. */
MUST_USE enum err keyring_provider_load(struct keyring *k);
void keyring_provider_unload(void);

/* The key as an EVP_PKEY whose private half stays over there: X509_sign, X509_CRL_sign, OCSP_basic_sign, EVP_DigestSign work. The caller frees it with
 * EVP_PKEY_free. evidence is copied and goes with every signature of this handle; empty for most. Cheap after the first time (public key cached). */
MUST_USE enum err keyring_key(struct keyring *k, const char *label, struct span evidence, EVP_PKEY **out);

#endif
