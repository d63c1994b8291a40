/* genesis: the birth of a token. It runs once, on an empty token, and seals there which keys.json rules it. Used by `mohar-hsmd genesis` and, to
 * compare, at every start. */
#ifndef MOHAR_HSM_POLICY_GENESIS_H
#define MOHAR_HSM_POLICY_GENESIS_H

#include "base/clock.h"
#include "hsm/policy/policy.h"
#include "hsm/token/token.h"

/* Seals hash and version of keys.json, custodians and k. ERR_EXISTS unless the token is empty. */
MUST_USE enum err genesis_run(struct session *s, const struct policy *p, const char *token_name, unix_time now);

/* Is this the keys.json that rules the token: the sealed one, or the next, which k custodians have approved? With promote the next one is sealed in the
 * other's place, which is refused from then on. *known: the latest version that the token knows of. ERR_CONFIG with what to do: no genesis yet, or another file. */
MUST_USE enum err genesis_check(struct session *s, const struct policy *p, const char *token_name, bool promote,
	int64_t *known);

/* Custodians, named by (ended by NULL), have approved next: the token lets the file of these bytes take over at the next start. A later one takes its place. The caller
 * has checked version and approvals. */
MUST_USE enum err genesis_approve(struct session *s, const struct policy *next, const char *const *by, unix_time now);

#endif
