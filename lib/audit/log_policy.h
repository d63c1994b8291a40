/* log_policy: which logs and witnesses are believed, and how many witnesses must have cosigned a checkpoint (C2SP tlog-policy, a text file). Used by the log, which asks
 * its witnesses, and by verifiers and monitors, who demand them. */
#ifndef MOHAR_AUDIT_LOG_POLICY_H
#define MOHAR_AUDIT_LOG_POLICY_H

#include "audit/cosignature.h"

enum { MAX_POLICY_LOGS = 32, MAX_POLICY_ACTORS = 96, MAX_LOG_POLICY = 64 << 10, MAX_POLICY_URL = 1024 };

/* A witness, or a group of k out of earlier ones. */
struct policy_actor {
	char *name; /* owned */
	char *url;  /* witness: its submission prefix; NULL if not given; owned */
	bool is_group;
	struct note_key key; /* witness */
	size_t k;            /* group */
	uint8_t members[MAX_POLICY_ACTORS];
	size_t member_count;
	bool is_member; /* of a group: a name counts in one way only */
};

struct log_policy {
	struct note_key logs[MAX_POLICY_LOGS];
	char *log_urls[MAX_POLICY_LOGS]; /* owned; NULL if not given */
	size_t log_count;
	struct policy_actor *actors; /* owned */
	size_t actor_count;
	int quorum; /* index of an actor; -1: none is asked for */
};

/* name: of the file, for the reasons. ERR_CONFIG with the line. */
MUST_USE enum err log_policy_parse(struct span text, const char *name, struct log_policy *out);
MUST_USE enum err log_policy_read(const char *path, struct log_policy *out);
void log_policy_free(struct log_policy *p);

/* Has the quorum cosigned this note? The log's own signature is checkpoint_verify()'s to judge. *cosigned: how many witnesses of the policy have; may be NULL.
 * ERR_UNTRUSTED naming who is missing; ERR_BAD_SIGNATURE if one of them is forged. */
MUST_USE enum err log_policy_check(const struct log_policy *p, struct span note, size_t *cosigned);

#endif
