/* permit: may this peer do this with this key? A pure function of keys.json and the peer's uid (SO_PEERCRED). Used by every operation. */
#ifndef MOHAR_HSM_POLICY_PERMIT_H
#define MOHAR_HSM_POLICY_PERMIT_H

#include "hsm/policy/policy.h"
#include "keyring/frame.h"

/* rule: the key asked for, NULL for operations without one. ERR_REFUSED with the reason. A stranger's uid is refused everything. */
MUST_USE enum err permit_check(const struct policy *p, uid_t uid, uint8_t op, const struct key_rule *rule);

#endif
