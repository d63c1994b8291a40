/* genesis: the birth of a token. It runs once, on an empty token, and seals there which keys.json rules it. Used by `mohar-hsmd genesis` and, to
 * compare, at every start. */
#ifndef MOHAR_HSM_GENESIS_H
#define MOHAR_HSM_GENESIS_H

#include "base/clock.h"
#include "hsm/policy.h"
#include "hsm/token/token.h"

/* Seals hash and version of keys.json, custodians and k. ERR_EXISTS unless the token is empty. */
MUST_USE enum err genesis_run(struct session *s, const struct policy *p, const char *token_name, unix_time now);

/* Is this the keys.json that was sealed? ERR_CONFIG with what to do: no genesis yet, or another file. */
MUST_USE enum err genesis_check(struct session *s, const struct policy *p, const char *token_name);

#endif
