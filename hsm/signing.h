/* signing: SIGN from the whole object to a signature that has been verified. Used by operation. */
#ifndef MOHAR_HSM_SIGNING_H
#define MOHAR_HSM_SIGNING_H

#include "hsm/service.h"
#include "hsm/type/type.h"

struct signing {
	struct service *service;
	struct session *session;
	struct key *key;
	struct span object, evidence;
	uid_t uid;
	unix_time arrived;
	bool approved; /* k custodians stand behind it: hsm/quorum/ */
	char *detail;  /* MAX_TYPE_DETAIL bytes: told what the object was, for the record of operations */
};

/* Would it be signed? Everything that signing_do asks before the signature; question and *type are for who describes it. detail: MAX_TYPE_DETAIL bytes. */
MUST_USE enum err signing_check(const struct signing *s, struct type_question *question, const struct type **type,
	char *detail);

/* The permit has been checked. Finds the object's type among those of the key's purpose, checks it, has it signed, verifies the signature in software, records
 * it where the type demands, and only then appends it. ERR_REFUSED, ERR_MALFORMED, ERR_UNAVAILABLE, ERR_CRYPTO (did not verify), ERR_IO (journal). */
MUST_USE enum err signing_do(const struct signing *s, struct writer *signature);

#endif
