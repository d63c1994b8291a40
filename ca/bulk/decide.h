/* decide: which certificates a bulk act is about, and may this operator approve it? Pure: no I/O, no clock, no database. Used by ca/bulk; the database's triggers keep the same rules for
 * whoever comes past this. */
#ifndef MOHAR_CA_BULK_DECIDE_H
#define MOHAR_CA_BULK_DECIDE_H

#include "ca/bulk/store.h"
#include "ca/request/decide.h"

enum { BULK_DAYS = 2, MAX_WHY = 512, MAX_BULK_KEYS = 4 << 20 };

/* Everything that is said here holds for each certificate; at least one thing is said. Strings owned; freed by json_free with the table. */
struct bulk_criteria {
	char *issuer, *profile, *key_type;  /* NULL: any */
	int64_t issued_from, issued_before; /* seconds since 1970; 0: open; the second is exclusive */
	bool weak; /* keys that are refused today: ROCA's fingerprint, small or even exponents, points off their curve */
	char *batch; /* label of requests in the queue */
	char *bulk;  /* UUID of an earlier bulk act: its list */
	struct json_bytes
		keys_sha256; /* of a list of keys that is brought after the act: SHA-256 of each SubjectPublicKeyInfo, ascending, one after the other */
	int64_t keys_count;
};
extern const struct json_table bulk_criteria_table;

struct bulk_proposal {
	char *action; /* "suspend", "resume" */
	char *why;
	struct bulk_criteria criteria;
};
extern const struct json_table bulk_proposal_table; /* open */

/* ERR_MALFORMED naming the member: an unknown action, no criterion at all, a time span that is empty, keys without count. */
MUST_USE enum err proposal_decide(const struct bulk_proposal *p);

/* What an approver's act says. */
struct bulk_approval {
	char *bulk, *action;
	int64_t count;
	struct json_bytes serials_sha256;
};
extern const struct json_table bulk_approval_table; /* open */

/* "uploading", "counting", "proposed", "expired", "running", "done", "failed", "withdrawn". */
const char *bulk_state(const struct bulk_row *b, unix_time now);

/* ERR_USED (approved already), ERR_MISMATCH (another list, count or action), ERR_EXPIRED, ERR_EXISTS (not to be approved now). */
MUST_USE enum err bulk_approval_decide(const struct bulk_row *b, const struct bulk_approval *a,
	const struct person_acting *who, const struct bulk_approval_row *done, size_t count, unix_time now);

#endif
