/* envelope: what both JSON forms of a PublicKeyCredential (WebAuthn Level 3, 5.1) have in common. Used by register.c and authenticate.c. */
#ifndef MOHAR_WEBAUTHN_ENVELOPE_H
#define MOHAR_WEBAUTHN_ENVELOPE_H

#include "json/json.h"

/* type is "public-key", and id and rawId are one. ERR_MISMATCH. */
MUST_USE enum err envelope_check(const struct json_bytes *id, const struct json_bytes *raw_id, const char *type);

/* A member's bytes, borrowed. */
struct span envelope_span(const struct json_bytes *b);

#endif
