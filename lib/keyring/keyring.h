/* keyring: the client of mohar-hsmd. Used by every daemon that signs; the wire is docs/PROTOCOL.md. Thread-safe: a small pool of
 * connections, re-made when mohar-hsmd restarts. What may be done is decided over there, by the caller's uid and policies/keys.json. */
#ifndef MOHAR_KEYRING_KEYRING_H
#define MOHAR_KEYRING_KEYRING_H

#include <openssl/evp.h>

#include "base/writer.h"
#include "base/secret.h"

enum {
	MAX_KEY_LABEL = 64,
	MAX_HSM_OBJECT = 16 << 20,
	MAX_HSM_FRAME = 64 << 10,
	MAX_SIGNATURE = 1024,
	MAX_BLOB = 8 << 10, /* a citizen's wrapped key: keyring/blob.h */
	MAX_DIGESTS = 100,  /* signed by one activation */
	MAX_DIGEST = 64,
	HSM_NONCE_LEN = 16,
	MAX_SUMMARY = 16 << 10,
};

/* What one activation signs: count digests of each bytes (32, 48 or 64: SHA-256, SHA-384, SHA-512), one after the other. */
struct digests {
	struct span bytes;
	size_t each, count;
};

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

/* One document in Prometheus' text format: operations, refusals and latencies by key. Appended. */
MUST_USE enum err keyring_metrics(struct keyring *k, struct writer *text);

/* ---- citizens' signing keys: made over there, kept here as blobs (keyring/blob.h), used only by those whom they are bound to ---- */

/* A fresh key pair under the master key of that label (purpose citizen-keys). The blob is not born: nothing can be signed with it. Appended. */
MUST_USE enum err keyring_citizen_make(struct keyring *k, const char *label, struct writer *blob);
/* Birth: binds an unborn blob, within fifteen minutes and once, to the person and the credentials that the registrar's act names (certificate.issue with
 * `person`, `profile`, `spki_sha256`, `credentials`). Also raises a born blob by one generation, after it was frozen (act citizen.unfreeze with `key`). */
MUST_USE enum err keyring_citizen_bind(struct keyring *k, const char *label, struct span blob, struct span act,
	struct writer *bound);
/* What the citizen must sign by passkey or card to have these digests signed: 32 bytes, good for five minutes, once, at this mohar-hsmd. nonce: to be
 * given back. */
MUST_USE enum err keyring_challenge(struct keyring *k, const char *label, struct span blob,
	const struct digests *digests, uint8_t challenge[32], uint8_t nonce[HSM_NONCE_LEN]);
/* The same, with all that the challenge is made of beside the blob and the digests (docs/PROTOCOL.md, Activation): whoever shows the digests to the citizen makes
 * it again from what is shown, and so need not believe whoever asked for it. */
struct hsm_challenge {
	uint8_t challenge[32], nonce[HSM_NONCE_LEN], instance[HSM_NONCE_LEN];
};
MUST_USE enum err keyring_challenge_whole(struct keyring *k, const char *label, struct span blob,
	const struct digests *digests, struct hsm_challenge *out);
/* evidence: an AuthenticationResponseJSON over the challenge, or a card's activation (compact JWS, typ activation+jwt). Appends a u16 length and the signature
 * (DER for ECDSA) for each digest, in their order. Not repeated if the connection breaks: ask for another challenge. ERR_USED, ERR_EXPIRED, ERR_REVOKED, ERR_MISMATCH. */
MUST_USE enum err keyring_activate(struct keyring *k, const char *label, struct span blob,
	const struct digests *digests, const uint8_t nonce[HSM_NONCE_LEN], struct span evidence,
	struct writer *signatures);
/* From now on no blob of this key of this generation or an older one signs: freeze, or removal for good. */
MUST_USE enum err keyring_retire(struct keyring *k, const char *label, struct span blob);

/* ---- what k of n custodians must approve (hsm/quorum/) ---- */

struct hsm_proposal {
	uint8_t id[HSM_NONCE_LEN];
	char summary[MAX_SUMMARY]; /* what the bytes say, in mohar-hsmd's own words: show this */
	int64_t expires, k;
};

/* Proposes an act: kind "sign" (label: the key), "generate" (label), "delete" (label), "policy" (object: the new keys.json), "restore" (object: what STATUS
 * tells in `restore`). evidence: empty. */
MUST_USE enum err keyring_propose(struct keyring *k, const char *kind, const char *label, struct span object,
	struct span evidence, struct hsm_proposal *out);
/* One custodian's approval (act proposal.approve with `proposal`, `object_sha256`, `summary_sha256`; or an AuthenticationResponseJSON) of the very same bytes. The k-th
 * executes: *executed, and what came of it (a signature) is appended to result; before that *missing says how many are. */
MUST_USE enum err keyring_approve(struct keyring *k, const uint8_t id[HSM_NONCE_LEN], struct span object,
	struct span approval, bool *executed, int64_t *missing, struct writer *result);

/* ---- the OpenSSL 3 provider (provider.c): keys over there as EVP_PKEYs here ---- */

/* Loads the default provider explicitly and first, then our own, for the whole process; sets default properties as RECIPES.md says. Once, by
 * main, before any other use of libcrypto. */
MUST_USE enum err keyring_provider_load(struct keyring *k);
void keyring_provider_unload(void);

/* The key as an EVP_PKEY whose private half stays over there: X509_sign, X509_CRL_sign, OCSP_basic_sign, EVP_DigestSign work. The caller frees it with
 * EVP_PKEY_free. evidence is copied and goes with every signature of this handle; empty for most. Cheap after the first time (public key cached). */
MUST_USE enum err keyring_key(struct keyring *k, const char *label, struct span evidence, EVP_PKEY **out);

/* The same, but each signature is had by sign() instead of SIGN: for keys that only custodians' approvals open. context is borrowed for the life of the key. */
typedef enum err keyring_signer(void *context, const char *label, struct span object, struct writer *signature);
MUST_USE enum err keyring_key_signed_by(struct keyring *k, const char *label, keyring_signer *sign, void *context,
	EVP_PKEY **out);

#endif
