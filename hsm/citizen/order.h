/* order: what a registrar's signed act says about a citizen's key: whose it becomes and who activates it; or that a frozen one may sign again. Used by
 * hsm/citizen/birth.c. Pure; whose act it is, act.h says. */
#ifndef MOHAR_HSM_CITIZEN_ORDER_H
#define MOHAR_HSM_CITIZEN_ORDER_H

#include "hsm/policy/policy.h"
#include "keyring/blob.h"

/* certificate.issue, as far as a birth needs it. */
struct birth_order {
	char *person, *profile;
	struct json_bytes spki_sha256;
	struct json_list credentials;               /* struct credential_order: order.c */
	struct sha256 hashes[MAX_BLOB_CREDENTIALS]; /* of the credentials' public keys, once applied */
};
MUST_USE enum err birth_order_read(struct span payload, struct birth_order *out);
void birth_order_free(struct birth_order *o);

/* Binds the unborn b as o says: owner, profile, credentials, generation 1. Its spans then borrow from o. label: the master's. ERR_REFUSED: another public key, or a
 * profile that is not for this master, or one key as two credentials; ERR_MALFORMED, ERR_UNSUPPORTED: a credential that is none. */
MUST_USE enum err birth_order_apply(struct birth_order *o, const struct policy *p, const char *label, struct blob *b);

/* citizen.unfreeze: is payload for this key and generation? ERR_REFUSED, ERR_MALFORMED. */
MUST_USE enum err unfreeze_order_check(struct span payload, const struct blob *b);

#endif
