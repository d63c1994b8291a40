/* typed: the types of hsm/type as pure functions: keys of libcrypto's own, a clock that stands still. Used by the tests of types. */
#ifndef MOHAR_TEST_TYPED_H
#define MOHAR_TEST_TYPED_H

#include "rig.h"

#include "hsm/type/type.h"

static const unix_time now = 1800000000;

/* A key pair as the token would have it; the caller frees it with token_key_free. */
void typed_key(struct token_key *k, const char *algorithm);

/* What mohar-hsmd would say of this object at now. */
enum err typed_ask(const struct type *type, const struct key_rule *rule, const struct token_key *key,
	struct span object);

#endif
