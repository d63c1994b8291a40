/* store: every SQL statement of the queue and of what certificates are looked up by, in one table with a pool of its own, and the rows they give. Used by ca/request and ca/show. */
#ifndef MOHAR_CA_REQUEST_STORE_H
#define MOHAR_CA_REQUEST_STORE_H

#include "db/db.h"

enum request_statement {
	REQ_ADD, /* see submit.c: the request and its event. ERR_EXISTS: one for this key and profile waits already */
	REQ_GET, /* id -> request_row */
	REQ_OLDEST, /* filter, after -> request_row */
	REQ_NEWEST, /* filter, before -> request_row */
	REQ_APPROVE, /* see approve.c: the approval and its event. ERR_EXISTS: by this person already; ERR_REFUSED by the trigger */
	REQ_APPROVALS, /* request -> approval_row, the first first */
	REQ_MADE, /* spki_sha256, profile, not before, -> made_row: what an approval that was cut off has issued already */
	REQ_END, /* id, state, at, by, reason, serial, event's columns: no row affected if it is not waiting any more */
	REQ_SUMMARY,      /* now, an hour ago, a day ago -> summary_row, by profile */
	REQ_CERTIFICATES, /* see ca/show: filter, before -> found_row */
	REQ_STATEMENT_COUNT
};

extern const struct db_statement request_statements[REQ_STATEMENT_COUNT];

struct request_row {
	struct uuid id;
	char *profile, *role;
	int64_t approvals;
	struct uuid person;
	bool has_person;
	char *handle, *subject, *names, *title; /* subject, names: JSON */
	struct json_bytes csr, blob, spki_sha256, issue_sha256;
	char *batch, *applicant;
	struct json_bytes applicant_key;
	unix_time created_at, expires_at;
	char *state; /* "waiting", "issued", "rejected", "withdrawn" */
	unix_time ended_at;
	char *ended_by, *reason;
	struct json_bytes serial;
};

struct approval_row {
	char *approver;
	struct json_bytes approver_key, issue_sha256;
	unix_time at;
};

struct made_row {
	struct json_bytes serial, der;
};

struct summary_row {
	char *profile;
	int64_t waiting, expired; /* expired: within the last day, without an answer */
	unix_time oldest;         /* 0: none waits */
	int64_t issued_hour, issued_day;
};

struct found_row {
	struct json_bytes serial;
	char *issuer, *profile, *subject;
	struct uuid person;
	bool has_person;
	unix_time not_before, not_after, issued_at, revoked_at;
	int64_t reason;
	char *actor, *channel;
	struct uuid event; /* in the log */
	bool has_event;
};

#endif
