/* challenge: 32 random bytes for WebAuthn, good once, for one purpose, in one browser, for five minutes. Used by passkey login and registration. */
#ifndef MOHAR_IDP_SESSION_CHALLENGE_H
#define MOHAR_IDP_SESSION_CHALLENGE_H

#include "idp/idp.h"

enum { CHALLENGE_BYTES = 32, CHALLENGE_SECONDS = 300 };

/* purpose: "login", "register" or "confirm". bound: the cookie's value (or activation code) it belongs to; its SHA-256 is stored. */
MUST_USE enum err challenge_new(struct idp *d, const char *purpose, struct span bound, uint8_t out[CHALLENGE_BYTES]);

/* Consumes it. ERR_USED if it is unknown, used, expired, or another purpose's or browser's (WebAuthn 7.1 step 8, 7.2 step 12). */
MUST_USE enum err challenge_use(struct idp *d, const char *purpose, struct span bound, struct span challenge);

#endif
