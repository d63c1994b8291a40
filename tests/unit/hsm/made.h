/* made: signed attributes that libcrypto made, whole elements, so that a test can change one of them. Used by the tests of document seals and time-stamps. */
#ifndef MOHAR_TEST_HSM_MADE_H
#define MOHAR_TEST_HSM_MADE_H

#include "rig.h"

#include "hsm/type/type.h"

enum { MAX_PARTS = 8 };

/* The attributes of one SET OF, whole elements; the content beside them. */
struct made {
	struct writer parts[MAX_PARTS];
	size_t count;
	struct writer content;
};

extern struct token_key made_ec, made_rsa;
extern X509 *made_certificate; /* of made_ec */
extern unix_time made_now;     /* when the latest were made */

/* Of a test's group. */
int made_set_up(void **state);
int made_tear_down(void **state);

/* What CMS_sign signs for this content. The caller frees. */
void made_make(struct span content, int type, struct made *out);
void made_free(struct made *m);

/* Appends one DER element: at most 64 KiB of contents. */
void made_tlv(struct writer *w, uint8_t tag, struct span contents);
/* Appends the SET OF, in DER's order (X.690 11.6) if sorted. */
void made_assemble(struct made *m, bool sorted, struct writer *out);

/* What that type says to object with content as evidence, at made_now. */
MUST_USE enum err made_ask(const struct type *type, const struct key_rule *rule, const struct token_key *key,
	struct span object, struct span content);

#endif
