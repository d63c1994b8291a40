/* assurance: which level a session stands for now. Pure. Used at every issuance: level = min(proofing, authenticator, the level of the session that
 * bound it, what the session's age still allows). Used by session_of, the token endpoint and the pages. */
#ifndef MOHAR_IDP_ASSURANCE_ASSURANCE_H
#define MOHAR_IDP_ASSURANCE_ASSURANCE_H

#include "policy/assurance.h"

struct assurance_facts {
	int64_t proofing;      /* of the person, 1 to 3 */
	int64_t authenticator; /* what it can reach, 1 to 3 */
	int64_t bound_level;   /* the level at which it was bound to the person */
	int64_t ceiling; /* what idleness has left of the session so far: a level once lost comes back only by a login */
	unix_time auth_time, last_seen;
};

/* 1 to 3; 0 if the session is too old, too idle, from the future, or a fact is out of range. */
int64_t assurance_level(const struct assurance_policy *policy, const struct assurance_facts *facts, unix_time now);

/* What a passkey can reach: 1 without user verification; 2 with it; 3 if it is also device-bound and of a certified model (attestation leads to an accepted root). */
int64_t assurance_of_passkey(bool user_verified, bool backup_eligible, bool attested);

#endif
