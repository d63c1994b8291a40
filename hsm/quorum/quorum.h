/* quorum: PROPOSE and APPROVE, by which k of n custodians decide what no single person may: what a root signs, which keys.json rules, that a key is destroyed
 * (ARCHITECTURE 6). Used by operation.c; the client's side is keyring_propose() and keyring_approve(). */
#ifndef MOHAR_HSM_QUORUM_QUORUM_H
#define MOHAR_HSM_QUORUM_QUORUM_H

#include "hsm/work.h"

enum err op_propose(struct work *w);
enum err op_approve(struct work *w);

/* Is everything that this key signs for custodians to decide? SIGN is then refused. */
bool quorum_only(const struct key_rule *rule);

/* May this key be made only by a proposal "generate"? GENERATE is then refused. */
bool quorum_generates(const struct key_rule *rule);

/* Makes it, after a line "generate" is in the journal: a key that is nowhere recorded must not exist. Its attributes as read back are appended to json. ERR_EXISTS. */
MUST_USE enum err quorum_key_make(struct service *s, struct session *session, struct key *k, uid_t uid, unix_time now,
	struct writer *json);

/* After the journal was read at the start: keys that custodians had deleted are not present, though an older copy of the token may hold them. */
void quorum_ready(struct service *s);

#endif
