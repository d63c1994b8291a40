/* card_session: a module opened on one token and logged in, and the objects of that token: found, compared with a certificate, moved, removed. Used by what changes a card
 * in a phase of its own (enrolment, renewal): no struct card may be open meanwhile. */
#ifndef MOHAR_CLI_CARD_SESSION_H
#define MOHAR_CLI_CARD_SESSION_H

#include <openssl/x509.h>

#include "cli/card/card.h"
#include "cli/card/module.h"

struct card_session {
	struct card_module *module; /* owned */
	CK_SESSION_HANDLE session;
};

/* Logs in as the card's user, or not at all if at->pin is NULL. The caller frees. Errors as card_module_open, card_module_find, card_module_session. */
MUST_USE enum err card_session_open(const struct card_place *at, struct card_session *out);
void card_session_free(struct card_session *s);

/* What of one class has that CKA_ID (NULL: any). */
struct card_objects {
	CK_OBJECT_HANDLE handles[MAX_CARD_OBJECTS];
	CK_ULONG count;
};
MUST_USE enum err card_objects_find(const struct card_session *s, CK_OBJECT_CLASS class, const uint8_t *id,
	struct card_objects *out);
MUST_USE enum err card_objects_remove(const struct card_session *s, const struct card_objects *objects);
/* Another CKA_ID and CKA_LABEL: one call of C_SetAttributeValue, so that it is done or not. ERR_UNSUPPORTED: the card does not allow it. */
MUST_USE enum err card_object_move(const struct card_session *s, CK_OBJECT_HANDLE object, uint8_t id,
	const char *label);

/* The certificate in an object; the caller frees. ERR_MALFORMED. */
MUST_USE enum err card_object_certificate(const struct card_session *s, CK_OBJECT_HANDLE object, X509 **out);
/* Is this public key object the certificate's key? Compared by point or modulus. */
bool card_object_is_key_of(const struct card_session *s, CK_OBJECT_HANDLE public_key, const X509 *x);

#endif
