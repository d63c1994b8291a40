/* authdata: the authenticator data of WebAuthn Level 3, section 6.1. Used by registration, assertion and attestation. */
#ifndef MOHAR_WEBAUTHN_AUTHDATA_H
#define MOHAR_WEBAUTHN_AUTHDATA_H

#include "base/reader.h"

enum { AAGUID_LEN = 16 };

struct authdata {
	struct span rp_id_hash; /* SHA-256, 32 bytes */
	bool user_present, user_verified;
	bool backup_eligible, backed_up;
	bool has_credential, has_extensions;
	uint8_t flags; /* as they were sent */
	uint32_t sign_count;
	struct span aaguid;        /* AAGUID_LEN bytes; this and the next two only if has_credential */
	struct span credential_id; /* 1 to MAX_CREDENTIAL_ID bytes */
	struct span cose_key;      /* one CBOR map, well formed; what it means is webauthn_key_parse()'s */
	struct span extensions;    /* one CBOR map, well formed; only if has_extensions */
};

/* Parses bytes into *out, whose spans borrow from bytes. ERR_MALFORMED: truncated, trailing bytes, CBOR that is not canonical, backed up
 * without being eligible (6.1.3); ERR_TOO_LONG: a credential id over MAX_CREDENTIAL_ID, CBOR over its limits. */
MUST_USE enum err authdata_parse(struct span bytes, struct authdata *out);

/* 6.1: is it for this relying party, was the user there, and verified if that is asked? ERR_MISMATCH with the reason. */
MUST_USE enum err authdata_check(const struct authdata *a, const char *rp_id, bool user_verification);

#endif
