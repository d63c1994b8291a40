/* published: what anybody may read about this provider: its metadata and its keys, made once at start and served from memory. Used by main (making), the two handlers, and end_session, which
 * verifies our own ID tokens. */
#ifndef MOHAR_IDP_OIDC_PUBLISHED_H
#define MOHAR_IDP_OIDC_PUBLISHED_H

#include "idp/idp.h"

enum { ETAG_ROOM = 48 };

struct document {
	uint8_t *ptr; /* owned */
	size_t len;
	char etag[ETAG_ROOM];
};
struct published {
	struct document discovery; /* OpenID Connect Discovery 3 and RFC 8414 2: one document serves both */
	struct document jwks;
	struct jwks *keys;
};

/* Needs settings, policies, pages (may be NULL) and token_key. The caller frees with published_free. */
MUST_USE enum err published_make(struct idp *d, struct published **out);
void published_free(struct published **p);

/* The metadata alone: a pure function of its arguments. ui_locales: NULL-terminated. */
void discovery_write(struct writer *w, const char *issuer, const struct assurance_policy *assurance,
	const struct claims_policy *claims, const char *const *ui_locales);

#endif
