/* approval: one custodian's yes to one proposal: is it theirs, now, and to these very bytes? Pure: keys.json, the proposal and the clock are passed in.
 * Used when an approval comes, and again when the journal that holds it is read at the start: a line that somebody wrote into that file counts for nothing. */
#ifndef MOHAR_HSM_QUORUM_APPROVAL_H
#define MOHAR_HSM_QUORUM_APPROVAL_H

#include "hsm/policy/policy.h"

#define APPROVAL_AUDIENCE "mohar:ceremony" /* of the act; and the origin of the FIDO2 key's client data */
#define APPROVAL_RP_ID "mohar.ceremony"

enum { MAX_APPROVAL = 3000 }; /* bytes of evidence: it is kept in a line of the journal */

struct approval_question {
	const struct policy *policy;
	const uint8_t *id; /* HSM_NONCE_LEN bytes: the proposal's */
	unix_time
		expires; /* the proposal's: an approval of one that was to end then says nothing of one that lasts longer */
	struct sha256 object, summary;
	struct span evidence; /* an act proposal.approve, or an AuthenticationResponseJSON */
	unix_time now;
};

/* What a FIDO2 key signs as its challenge: SHA-256("mohar approval v2" 00 id expires object summary), expires as u64, the last two as their SHA-256. */
struct sha256 approval_challenge(const uint8_t *id, unix_time expires, const struct sha256 *object,
	const struct sha256 *summary);

/* Whose approval is it? *by is borrowed from the policy's operators: one with role custodian who is named in custodians. ERR_UNAUTHENTICATED: nobody's; ERR_REFUSED: not a
 * custodian's, or an act of another kind; ERR_EXPIRED; ERR_MISMATCH: of another proposal, other bytes, another summary; ERR_BAD_SIGNATURE; ERR_TOO_LONG. */
MUST_USE enum err approval_check(const struct approval_question *q, const struct operator_row **by);

#endif
