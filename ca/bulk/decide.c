#include "ca/bulk/decide.h"

#include <stddef.h>
#include <string.h>

#define TEXT(RECORD, MEMBER, NEEDED, MOST)                                                                           \
	{                                                                                                            \
		.name = #MEMBER, .kind = JSON_TEXT, .presence = (NEEDED), .offset = offsetof(struct RECORD, MEMBER), \
		.max = (MOST)                                                                                        \
	}
static const struct json_row criteria_rows[] = {
	TEXT(bulk_criteria, issuer, JSON_OPTIONAL, 64),
	TEXT(bulk_criteria, profile, JSON_OPTIONAL, 64),
	TEXT(bulk_criteria, key_type, JSON_OPTIONAL, 15),
	{.name = "issued_from", .kind = JSON_INT, .offset = offsetof(struct bulk_criteria, issued_from)},
	{.name = "issued_before", .kind = JSON_INT, .offset = offsetof(struct bulk_criteria, issued_before)},
	{.name = "weak", .kind = JSON_BOOL, .offset = offsetof(struct bulk_criteria, weak)},
	TEXT(bulk_criteria, batch, JSON_OPTIONAL, 128),
	TEXT(bulk_criteria, bulk, JSON_OPTIONAL, UUID_TEXT_LEN),
	{.name = "keys_sha256",
		.kind = JSON_BYTES,
		.offset = offsetof(struct bulk_criteria, keys_sha256),
		.max = SHA256_LEN},
	{.name = "keys_count",
		.kind = JSON_INT,
		.offset = offsetof(struct bulk_criteria, keys_count),
		.min = 1,
		.max = MAX_BULK_KEYS},
};
const struct json_table bulk_criteria_table = {
	.what = "criteria",
	.rows = criteria_rows,
	.count = sizeof(criteria_rows) / sizeof(criteria_rows[0]),
	.size = sizeof(struct bulk_criteria),
};

static const struct json_row proposal_rows[] = {
	TEXT(bulk_proposal, action, JSON_REQUIRED, 16),
	TEXT(bulk_proposal, why, JSON_REQUIRED, MAX_WHY),
	{.name = "criteria",
		.kind = JSON_OBJECT,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct bulk_proposal, criteria),
		.table = &bulk_criteria_table},
};
const struct json_table bulk_proposal_table = {
	.what = "act bulk.propose",
	.rows = proposal_rows,
	.count = sizeof(proposal_rows) / sizeof(proposal_rows[0]),
	.size = sizeof(struct bulk_proposal),
	.open = true,
};

static const struct json_row approval_rows[] = {
	TEXT(bulk_approval, bulk, JSON_REQUIRED, UUID_TEXT_LEN),
	TEXT(bulk_approval, action, JSON_REQUIRED, 16),
	{.name = "count", .kind = JSON_INT, .presence = JSON_REQUIRED, .offset = offsetof(struct bulk_approval, count)},
	{.name = "serials_sha256",
		.kind = JSON_BYTES,
		.presence = JSON_REQUIRED,
		.offset = offsetof(struct bulk_approval, serials_sha256),
		.max = SHA256_LEN},
};
const struct json_table bulk_approval_table = {
	.what = "act bulk.approve",
	.rows = approval_rows,
	.count = sizeof(approval_rows) / sizeof(approval_rows[0]),
	.size = sizeof(struct bulk_approval),
	.open = true,
};

enum err
proposal_decide(const struct bulk_proposal *p)
{
	const struct bulk_criteria *c = &p->criteria;

	REQUIRE_WHY(strcmp(p->action, "suspend") == 0 || strcmp(p->action, "resume") == 0, ERR_MALFORMED,
		"action: suspend or resume");
	REQUIRE_WHY(p->why[0] != '\0', ERR_MALFORMED, "why: approvers and the log need the reason");
	REQUIRE_WHY(c->issuer != NULL || c->profile != NULL || c->key_type != NULL || c->issued_from != 0 ||
			c->issued_before != 0 || c->weak || c->batch != NULL || c->bulk != NULL || c->keys_count != 0,
		ERR_MALFORMED, "criteria: say at least one thing that the certificates have in common");
	REQUIRE_WHY(c->issued_from >= 0 && c->issued_before >= 0, ERR_MALFORMED,
		"criteria: issued_from and issued_before are seconds since 1970");
	REQUIRE_WHY(c->issued_before == 0 || c->issued_from < c->issued_before, ERR_MALFORMED,
		"criteria: issued_from is not before issued_before");
	REQUIRE_WHY((c->keys_count != 0) == (c->keys_sha256.len == SHA256_LEN), ERR_MALFORMED,
		"criteria: keys_count and keys_sha256 (32 bytes) go together");
	return ERR_OK;
}

const char *
bulk_state(const struct bulk_row *b, unix_time now)
{
	const bool waits = strcmp(b->state, "proposed") == 0 || strcmp(b->state, "uploading") == 0;

	return waits && now >= b->expires_at ? "expired" : b->state;
}

static struct span
bytes(const struct json_bytes *b)
{
	return span_at(b->ptr, b->len);
}

enum err
bulk_approval_decide(const struct bulk_row *b, const struct bulk_approval *a, const struct person_acting *who,
	const struct bulk_approval_row *done, size_t count, unix_time now)
{
	REQUIRE_WHY(strcmp(b->state, "proposed") == 0, ERR_EXISTS, "it is %s; only what is proposed can be approved",
		b->state);
	REQUIRE_WHY(now < b->expires_at, ERR_EXPIRED, "the proposal expired %lld s ago; propose it anew",
		(long long)(now - b->expires_at));
	for (size_t i = 0; i < count; i++)
		REQUIRE_WHY(strcmp(done[i].approver, who->name) != 0 &&
				!span_equal(bytes(&done[i].approver_key), who->key_sha256),
			ERR_USED, "'%s' has approved this already; the quorum is of different people",
			done[i].approver);
	REQUIRE_WHY(strcmp(a->action, b->action) == 0, ERR_MISMATCH, "action: the proposal is to %s", b->action);
	REQUIRE_WHY(a->count == b->count, ERR_MISMATCH, "count: the proposal is about %lld certificates",
		(long long)b->count);
	REQUIRE_WHY(span_equal(bytes(&a->serials_sha256), bytes(&b->serials_sha256)), ERR_MISMATCH,
		"serials_sha256: the approval is over another list of certificates");
	return ERR_OK;
}
