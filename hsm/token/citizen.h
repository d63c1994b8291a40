/* citizen: a citizen's signing key inside the HSM: made and wrapped at once, unwrapped as a session object, used on digests, dropped. Used by hsm/citizen
 * only. Errors are those of returned(): s->lost tells what a fresh session may mend. */
#ifndef MOHAR_HSM_TOKEN_CITIZEN_H
#define MOHAR_HSM_TOKEN_CITIZEN_H

#include "hsm/token/token.h"
#include "hsm/token/verifier.h"
#include "keyring/keyring.h"

enum { MAX_WRAPPED_CITIZEN = 2600 };

/* A fresh pair as session objects of s, sensitive, for signing only: the private half wrapped by master is appended to wrapped, the DER SubjectPublicKeyInfo
 * to spki. Both objects are gone when it returns. */
MUST_USE enum err token_citizen_make(struct session *s, CK_OBJECT_HANDLE master, const struct algorithm *a,
	struct writer *wrapped, struct writer *spki);

/* The private half as a session object of s: sensitive, not extractable, for signing only. spki: its public half, which NSS wants to be told. It lives until s closes or token_citizen_drop. */
MUST_USE enum err token_citizen_unwrap(struct session *s, CK_OBJECT_HANDLE master, const struct algorithm *a,
	struct span wrapped, struct span spki, CK_OBJECT_HANDLE *out);

/* Signs the digest's leftmost bits, as many as the curve's order has (FIPS 186-5 6.4.1); DER (RFC 3279 2.2.3), appended. Verified by the key's public half first:
 * ERR_CRYPTO if it is no signature of that key, and nothing is appended. */
MUST_USE enum err token_citizen_sign(struct session *s, const struct algorithm *a, CK_OBJECT_HANDLE key,
	struct verifier *verifier, struct span digest, struct writer *der);

void token_citizen_drop(struct session *s, CK_OBJECT_HANDLE object);

/* Does the session still exist, logged in? Its objects do if it does. */
bool token_session_lives(const struct session *s);

#endif
