/* proposal: the acts that wait for custodians, and who has approved them. The table lives in memory and is read again from the journal at each start, so that
 * a restart loses nothing; the bytes themselves come again with each approval. Used by the operations PROPOSE and APPROVE, and by worker.c at the start.
 *
 * Threads: all functions but proposals_open() need the table's lock held, which an APPROVE keeps to the end of what it executes: nothing is done twice. */
#ifndef MOHAR_HSM_QUORUM_PROPOSAL_H
#define MOHAR_HSM_QUORUM_PROPOSAL_H

#include <pthread.h>

#include "hsm/evidence/journal.h"
#include "hsm/policy/policy.h"

enum { MAX_PROPOSALS = 64, MAX_CUSTODIANS = 32 };

struct proposal {
	uint8_t id[HSM_NONCE_LEN];
	char kind[MAX_KEY_LABEL + 1], label[MAX_KEY_LABEL + 1]; /* label: "" if the kind has none */
	struct sha256 object, summary;
	struct sha256 policy; /* in force when it was made: under another it is void */
	unix_time at, expires;
	const struct operator_row *by[MAX_CUSTODIANS]; /* borrowed from the policy in force */
	size_t approvals;
	bool executed;
};

struct proposals {
	pthread_mutex_t lock;
	const struct policy *policy; /* borrowed */
	unix_time now;               /* of the start: what had ended by then is not read again */
	struct proposal rows[MAX_PROPOSALS];
	size_t count;
	int64_t next_version;    /* of the latest policy that custodians approved; 0: none in this journal */
	char *deleted[MAX_KEYS]; /* labels of keys that they had deleted, and that were not made again; owned */
	size_t deleted_count;
	uint8_t (*done)
		[HSM_NONCE_LEN]; /* ids that the journal has seen executed: no later line opens them again; owned */
	size_t done_count;
};

/* An empty table for the policy in force. */
void proposals_open(struct proposals *t, const struct policy *p, unix_time now);

/* A journal_replay; context is the struct proposals. Approvals are verified again: one that does not verify is left out, with a warning. ERR_NO_MEMORY. */
MUST_USE enum err proposals_replay(void *context, const struct journal_line *line);

/* Did custodians have this key deleted? It stays so if an older copy of the token brings it back. */
bool proposals_deleted(const struct proposals *t, const char *label);

/* Room for one more, with its id, at and expires set. What has expired makes room. ERR_TOO_MANY. */
MUST_USE enum err proposals_add(struct proposals *t, const struct proposal *p, struct proposal **out);
/* After proposals_add: its line was not written, so it never was. */
void proposals_drop(struct proposals *t, struct proposal *p);

/* The proposal of an id; NULL if it is unknown, or was forgotten some time after it expired. */
struct proposal *proposals_find(struct proposals *t, struct span id);

/* May it be approved now? ERR_USED: executed; ERR_REVOKED: keys.json has changed since, or a change of it was approved; ERR_EXPIRED. Pure. */
MUST_USE enum err proposal_open(const struct proposal *p, const struct policy *policy, unix_time now);

/* Counts one. ERR_USED if this custodian has approved it, unless k have and it was not executed: then asking again executes. */
MUST_USE enum err proposal_count(struct proposal *p, const struct operator_row *by, int64_t k);

/* The journal's lines. evidence: as approval_check took it. */
MUST_USE enum err proposal_note(struct journal *j, const struct proposal *p, uid_t uid);
MUST_USE enum err proposal_note_approval(struct journal *j, const struct proposal *p, const struct operator_row *by,
	struct span evidence, unix_time now);
/* number: what the kind says, a policy's version. */
MUST_USE enum err proposal_note_execution(struct journal *j, const struct proposal *p, int64_t number, unix_time now);

/* What follows for the table once it is executed: a policy voids every other, a deleted key is remembered. ERR_NO_MEMORY. */
MUST_USE enum err proposals_executed(struct proposals *t, struct proposal *p, int64_t number);

#endif
