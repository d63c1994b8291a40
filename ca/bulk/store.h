/* store: every SQL statement of bulk acts, in one table with a pool of its own, and the rows they give. Used inside ca/bulk. */
#ifndef MOHAR_CA_BULK_STORE_H
#define MOHAR_CA_BULK_STORE_H

#include "db/db.h"

enum bulk_statement {
	BULK_ADD,       /* see propose.c: the proposal and its event */
	BULK_GET,       /* id, now -> bulk_row */
	BULK_LIST,      /* limit, now -> bulk_row, the newest first */
	BULK_KEYS_ADD,  /* bulk, part, hashes. ERR_EXISTS: that part is there */
	BULK_KEYS_SIZE, /* bulk -> number_of_row: how many keys are there */
	BULK_KEYS_PART, /* bulk, after part -> key_part_row, the next one */
	BULK_COUNTING,  /* id: the keys are all there */
	BULK_CLAIM,     /* now, until -> work_row: something to count or to carry out */
	BULK_LEASE,     /* id, until */
	BULK_COUNTED,   /* see worker.c: count, hash, samples and event */
	BULK_FAILED,    /* id, at, problem, event's columns */
	BULK_APPROVE, /* see act.c: the approval and its event. ERR_EXISTS: by this person already; ERR_REFUSED by the trigger */
	BULK_APPROVALS, /* bulk -> bulk_approval_row */
	BULK_RUN,       /* id, at: the quorum is there */
	BULK_DONE,      /* id, at, event's columns */
	BULK_WITHDRAW,  /* id, at, event's columns: no row affected if it is too late */
	BULK_PAGE_END,  /* after serial, how many -> serial_of_row: the last of the next so many certificates */
	BULK_PICK,      /* criteria, after serial, up to serial -> picked_row */
	BULK_PICK_KEYS, /* criteria, hashes -> picked_row */
	BULK_SERIALS,   /* id, after serial, how many -> serials_of_row: sorted, one after the other */
	BULK_SAMPLES,   /* id, how many -> sample_row */
	BULK_RESUME,    /* id, after serial, how many -> resumed_row */
	BULK_RESUMED,   /* see resume.c: the list of a batch, and its event */
	BULK_STATEMENT_COUNT
};

extern const struct db_statement bulk_statements[BULK_STATEMENT_COUNT];

struct bulk_row {
	struct uuid id;
	char *action, *criteria, *why, *proposer;
	int64_t quorum;
	unix_time created_at, expires_at;
	struct json_bytes keys_sha256, keys_token;
	char *state; /* as stored */
	int64_t count;
	struct json_bytes serials_sha256;
	char *samples; /* JSON; NULL: not counted yet */
	unix_time started_at, ended_at;
	char *problem;
	int64_t changed;   /* so far */
	int64_t approvals; /* so far */
};

struct bulk_approval_row {
	char *approver;
	struct json_bytes approver_key, serials_sha256;
	unix_time at;
};

struct work_row {
	struct uuid id;
	char *state, *action, *criteria, *proposer;
	int64_t count;
	struct json_bytes serials_sha256;
};

struct number_of_row {
	int64_t number;
};

struct key_part_row {
	int64_t part;
	struct json_bytes hashes;
};

struct serial_of_row {
	struct json_bytes serial;
};

struct picked_row {
	struct json_bytes serial, der; /* der only if the key is to be looked at */
};

struct serials_of_row {
	struct json_bytes serials; /* empty: there are no more */
};

struct sample_row {
	struct json_bytes serial;
	char *profile, *subject;
	unix_time issued_at;
};

struct resumed_row {
	int64_t count;
	struct json_bytes serials, last;
};

#endif
