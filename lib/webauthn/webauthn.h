/* webauthn: registration and authentication ceremonies of WebAuthn Level 3 (7.1, 7.2), the relying party's side. Used by idpd's
 * passkey pages, by mohar-hsmd (activation) and by `mohar verify webauthn`. Pure: no clock, no network, no database; what the
 * caller remembers (challenge used once, credential id unknown, counter) it checks itself from the result. */
#ifndef MOHAR_WEBAUTHN_WEBAUTHN_H
#define MOHAR_WEBAUTHN_WEBAUTHN_H

#include <openssl/evp.h>

#include "base/clock.h"
#include "base/writer.h"

enum {
	MAX_CREDENTIAL_ID = 1023, /* 7.1 step: larger ones are refused */
	MAX_COSE_KEY = 1024,
	MAX_WEBAUTHN_JSON = 64 << 10,
	CHALLENGE_LEN = 32,
};

/* What the relying party expects. All spans borrowed. */
struct webauthn_expect {
	const char *rp_id;          /* "localhost" */
	const char *const *origins; /* NULL-terminated; compared byte for byte */
	const char *const
		*top_origins;   /* NULL-terminated or NULL; crossOrigin is refused unless its topOrigin is listed;
	                                  * where a browser sends crossOrigin alone, any list at all says that a frame is expected */
	struct span challenge;  /* the bytes, not base64url */
	bool user_verification; /* UV must be set */
	const int64_t
		*algorithms; /* COSE algorithm identifiers offered, 0-terminated; NULL: all that are implemented */
	const char *
		attestation_trust; /* PEM bundle text of accepted attestation roots, or NULL: chain reported, not required. With roots,
	                                  * every x5c must lead to one; none and self attestation are the caller's to judge by trust */
	unix_time at; /* for attestation certificates */
};

enum webauthn_trust {
	WEBAUTHN_TRUST_NONE,       /* fmt none */
	WEBAUTHN_TRUST_SELF,       /* signed by the credential's own key */
	WEBAUTHN_TRUST_UNANCHORED, /* x5c verifies, but leads to no accepted root */
	WEBAUTHN_TRUST_ANCHORED,   /* leads to an accepted root */
};

/* A registered credential as it is stored. */
struct webauthn_credential {
	uint8_t id[MAX_CREDENTIAL_ID];
	size_t id_len;
	uint8_t cose_key[MAX_COSE_KEY]; /* the COSE_Key bytes as the authenticator gave them */
	size_t cose_key_len;
	int64_t algorithm; /* COSE: -7 ES256, -8 EdDSA, -35, -36, -257, -53 Ed448 ... */
	uint8_t aaguid[16];
	uint32_t counter;
	uint8_t flags; /* of the authenticator data, as sent (6.1) */
	bool user_verified, backup_eligible, backed_up;
	char format[32]; /* "packed" */
	enum webauthn_trust trust;
};

/* What an authentication showed. */
struct webauthn_assertion {
	uint8_t credential_id[MAX_CREDENTIAL_ID];
	size_t credential_id_len;
	uint8_t user_handle[64];
	size_t user_handle_len; /* 0: none given */
	uint32_t counter;
	uint8_t flags; /* of the authenticator data, as sent (6.1) */
	bool user_verified, backup_eligible, backed_up;
};

/* 7.1 on a RegistrationResponseJSON (id, rawId, type, response{clientDataJSON, attestationObject, ...}). Members and extensions that a
 * browser adds are passed over; everything that is checked is checked on the raw attestationObject. Refusals name the clause. */
MUST_USE enum err webauthn_register(struct span json, const struct webauthn_expect *expect,
	struct webauthn_credential *out);

/* Reads only the credential id (and user handle) of an AuthenticationResponseJSON, so that the caller can look the key up. */
MUST_USE enum err webauthn_peek(struct span json, struct webauthn_assertion *out);

/* A parsed credential public key, to be cached by the caller: parsing costs more than verifying. The caller frees with webauthn_key_free. */
struct webauthn_key;
MUST_USE enum err webauthn_key_parse(struct span cose_key, struct webauthn_key **out);
int64_t webauthn_key_algorithm(const struct webauthn_key *key);
/* As libcrypto knows it, to be compared with other keys. Borrowed. */
EVP_PKEY *webauthn_key_public(const struct webauthn_key *key);
void webauthn_key_free(struct webauthn_key **key);

/* 7.2 on an AuthenticationResponseJSON with the credential's key. Counter rules are counter_accepts()' and the caller's. */
MUST_USE enum err webauthn_authenticate(struct span json, const struct webauthn_expect *expect,
	const struct webauthn_key *key, struct webauthn_assertion *out);

/* 7.2 step 22, 6.1.1: may the counter go from stored to received? (both zero, or strictly up). */
bool webauthn_counter_accepts(uint32_t stored, uint32_t received);

/* 7.2 / 6.1.3: BE must not change after registration; BS needs BE. */
bool webauthn_backup_accepts(bool stored_eligible, const struct webauthn_assertion *a);

/* The JSON of PublicKeyCredentialCreationOptions / RequestOptions (WebAuthn 5.4, 5.5 in their JSON forms), for the page's script.
 * user_id random, at most 64 bytes; exclude: credential ids of this person. */
struct webauthn_id {
	struct span bytes;
};
void webauthn_creation_options(struct writer *w, const char *rp_id, const char *rp_name, struct span user_id,
	const char *user_name, const char *display_name, struct span challenge, const struct webauthn_id *exclude,
	size_t exclude_count);
/* Is this COSE algorithm among those that creation options ask for (pubKeyCredParams)? */
bool webauthn_offered(int64_t algorithm);
void webauthn_request_options(struct writer *w, const char *rp_id, struct span challenge,
	const struct webauthn_id *allow, size_t allow_count);

#endif
