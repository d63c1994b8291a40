/* policy: keys.json in force: the file (lib/policy/keys_file.h), its hash, and who its callers are on this machine. Used by mohar-hsmd, which serves only under the file
 * whose hash and version genesis sealed into the token. Read-only after policy_read(). */
#ifndef MOHAR_HSM_POLICY_POLICY_H
#define MOHAR_HSM_POLICY_POLICY_H

#include <sys/types.h>

#include "base/digest.h"
#include "base/writer.h"
#include "keyring/keyring.h"
#include "policy/keys_file.h"

enum { APPROVAL_MINUTES = 60 };

struct policy {
	struct keys_file file;
	uid_t uids[MAX_CALLERS][MAX_CALLER_USERS]; /* file.callers' users, in their places */
	struct sha256 hash;                        /* of the file's bytes */
	struct writer bytes;                       /* those: what a proposed policy is compared with */
};

/* Reads and checks path: members, users, callers, purposes, algorithms against each other. ERR_CONFIG with "PATH: …" as the reason. */
MUST_USE enum err policy_read(const char *path, struct policy *out);
/* The same of a file's bytes, which are not in force yet: users stay names (the sandbox hides this machine's), and custodians must be able to approve the next
 * change: k of them have keys. ERR_MALFORMED, ERR_REFUSED. */
MUST_USE enum err policy_parse(struct span bytes, struct policy *out);
void policy_free(struct policy *p);

/* The rule of a label on a token; NULL if there is none. */
const struct key_rule *policy_key(const struct policy *p, struct span label);

/* Which callers uid is: a mask, several if users are shared, 0 for a stranger. */
uint32_t policy_callers(const struct policy *p, uid_t uid);

/* How many different users callers have, from 1. */
size_t policy_users(const struct policy *p);

/* Warns, once, if one user is several callers: permits then no longer part them. */
void policy_warn_shared(const struct policy *p);

#endif
