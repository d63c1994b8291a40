/* clientdata: the collected client data of WebAuthn Level 3, section 5.8.1: what the browser says it was asked, and by whom.
 * Used by registration and assertion. Parsed, never rebuilt and compared: browsers add members to keep us honest. */
#ifndef MOHAR_WEBAUTHN_CLIENTDATA_H
#define MOHAR_WEBAUTHN_CLIENTDATA_H

#include "webauthn/webauthn.h"

enum { MAX_CLIENT_DATA = 8 << 10 };

/* Is json a client data of that type ("webauthn.create"), with the expected challenge and one of the expected origins, each byte for
 * byte, and no frame around it that was not expected (crossOrigin, topOrigin)? ERR_MALFORMED, ERR_TOO_LONG, ERR_MISMATCH with the reason.
 * Where crossOrigin stands without topOrigin, as older browsers send it, any top_origins at all say that a frame is expected. */
MUST_USE enum err clientdata_check(struct span json, const char *type, const struct webauthn_expect *expect);

#endif
