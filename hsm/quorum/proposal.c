#include "hsm/quorum/proposal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/log.h"
#include "base/reader.h"
#include "hsm/quorum/approval.h"

void
proposals_open(struct proposals *t, const struct policy *p, unix_time now)
{
	*t = (struct proposals){.policy = p, .now = now};
	(void)pthread_mutex_init(&t->lock, NULL);
}

struct proposal *
proposals_find(struct proposals *t, struct span id)
{
	for (size_t i = 0; i < t->count; i++)
		if (span_equal(id, span_at(t->rows[i].id, HSM_NONCE_LEN)))
			return &t->rows[i];
	return NULL;
}

void
proposals_drop(struct proposals *t, struct proposal *p)
{
	*p = t->rows[--t->count];
}

enum { CLOCK_LEEWAY = 60 };

/* Over; or made while the clock was ahead, which would be open until then. */
static bool
is_of_another_time(const struct proposal *p, unix_time now)
{
	return p->expires <= now || p->at > now + CLOCK_LEEWAY;
}

enum err
proposals_add(struct proposals *t, const struct proposal *p, struct proposal **out)
{
	for (size_t i = t->count; i-- > 0;)
		if (is_of_another_time(&t->rows[i], p->at))
			proposals_drop(t, &t->rows[i]);
	REQUIRE_WHY(t->count < MAX_PROPOSALS, ERR_TOO_MANY, "%d proposals are open: wait until some expire",
		MAX_PROPOSALS);
	*out = &t->rows[t->count++];
	**out = *p;
	return ERR_OK;
}

static bool
same_policy(const struct proposal *p, const struct policy *policy)
{
	return memcmp(p->policy.bytes, policy->hash.bytes, SHA256_LEN) == 0;
}

enum err
proposal_open(const struct proposal *p, const struct policy *policy, unix_time now)
{
	REQUIRE_WHY(!p->executed, ERR_USED, "this proposal was executed: it is done once");
	REQUIRE_WHY(same_policy(p, policy), ERR_REVOKED,
		"keys.json has changed since this was proposed: propose it again");
	REQUIRE_WHY(now >= p->at - CLOCK_LEEWAY, ERR_EXPIRED,
		"this proposal was made %lld s from now: the clock was wrong, propose it again",
		(long long)(p->at - now));
	REQUIRE_WHY(now < p->expires, ERR_EXPIRED, "this proposal expired %lld s ago: propose it again",
		(long long)(now - p->expires));
	return ERR_OK;
}

enum err
proposal_count(struct proposal *p, const struct operator_row *by, int64_t k)
{
	for (size_t i = 0; i < p->approvals; i++) {
		if (strcmp(p->by[i]->name, by->name) != 0)
			continue;
		REQUIRE_WHY((int64_t)p->approvals >= k, ERR_USED,
			"custodian '%s' has approved this already: once counts", by->name);
		return ERR_OK;
	}
	REQUIRE(p->approvals < MAX_CUSTODIANS, ERR_TOO_MANY);
	p->by[p->approvals++] = by;
	return ERR_OK;
}

bool
proposals_deleted(const struct proposals *t, const char *label)
{
	for (size_t i = 0; i < t->deleted_count; i++)
		if (strcmp(t->deleted[i], label) == 0)
			return true;
	return false;
}

static enum err
deleted_add(struct proposals *t, const char *label)
{
	if (proposals_deleted(t, label) || policy_key(t->policy, span_of(label)) == NULL)
		return ERR_OK;
	REQUIRE(t->deleted_count < MAX_KEYS, ERR_TOO_MANY);
	t->deleted[t->deleted_count] = strdup(label);
	REQUIRE(t->deleted[t->deleted_count] != NULL, ERR_NO_MEMORY);
	t->deleted_count++;
	return ERR_OK;
}

static void
deleted_drop(struct proposals *t, const char *label)
{
	for (size_t i = 0; i < t->deleted_count; i++)
		if (strcmp(t->deleted[i], label) == 0) {
			free(t->deleted[i]);
			t->deleted[i] = t->deleted[--t->deleted_count];
			return;
		}
}

/* By kind and number alone, as the journal has it too. */
static enum err
follows(struct proposals *t, const char *kind, const char *label, int64_t number)
{
	if (strcmp(kind, "delete") == 0)
		return deleted_add(t, label);
	if (strcmp(kind, "policy") == 0 || strcmp(kind, "restore") == 0)
		t->next_version = number;
	/* Custodians whom the new policy removes decide nothing any more. */
	for (size_t i = 0; i < t->count && strcmp(kind, "policy") == 0; i++)
		t->rows[i].policy = (struct sha256){{0}};
	return ERR_OK;
}

enum err
proposals_executed(struct proposals *t, struct proposal *p, int64_t number)
{
	p->executed = true;
	return follows(t, p->kind, p->label, number);
}

/* ---- in the journal ---- */

enum { MAX_NOTE = MAX_APPROVAL + 256, HASH_TEXT = 2 * SHA256_LEN };

enum err
proposal_note(struct journal *j, const struct proposal *p, uid_t uid)
{
	AUTO(writer) detail = writer_new(MAX_NOTE);
	struct journal_entry e = {.act = "propose",
		.type = p->kind,
		.key = p->label[0] == '\0' ? NULL : p->label,
		.object = &p->object,
		.id = span_at(p->id, HSM_NONCE_LEN),
		.number = p->expires,
		.has_uid = true,
		.uid = uid};

	hex_write(&detail, sha256_span(&p->summary));
	writer_u8(&detail, ' ');
	hex_write(&detail, sha256_span(&p->policy));
	TRY(writer_done(&detail));
	e.detail = (const char *)writer_span(&detail).ptr;
	return journal_append(j, &e, p->at);
}

enum err
proposal_note_approval(struct journal *j, const struct proposal *p, const struct operator_row *by, struct span evidence,
	unix_time now)
{
	AUTO(writer) detail = writer_new(MAX_NOTE);
	struct journal_entry e = {.act = "approve", .id = span_at(p->id, HSM_NONCE_LEN)};

	writer_format(&detail, "%.128s\n", by->name);
	if (span_starts(evidence, SPAN("{")))
		TRY(json_canonical(evidence, &detail));
	else
		writer_bytes(&detail, evidence);
	TRY(writer_done(&detail));
	e.detail = (const char *)writer_span(&detail).ptr;
	return journal_append(j, &e, now);
}

enum err
proposal_note_execution(struct journal *j, const struct proposal *p, int64_t number, unix_time now)
{
	AUTO(writer) names = writer_new(MAX_NOTE);
	struct journal_entry e = {.act = "execute",
		.type = p->kind,
		.key = p->label[0] == '\0' ? NULL : p->label,
		.object = &p->object,
		.id = span_at(p->id, HSM_NONCE_LEN),
		.number = number};

	for (size_t i = 0; i < p->approvals; i++)
		writer_format(&names, "%s%.128s", i == 0 ? "" : ", ", p->by[i]->name);
	TRY(writer_done(&names));
	e.detail = (const char *)writer_span(&names).ptr;
	return journal_append(j, &e, now);
}

static enum err
hash_take(struct reader *r, struct sha256 *out)
{
	struct span text;
	size_t len;

	TRY(reader_bytes(r, HASH_TEXT, &text));
	return hex_read(text, out->bytes, SHA256_LEN, &len);
}

static bool
was_done(const struct proposals *t, const uint8_t id[HSM_NONCE_LEN])
{
	for (size_t i = 0; i < t->done_count; i++)
		if (memcmp(t->done[i], id, HSM_NONCE_LEN) == 0)
			return true;
	return false;
}

static enum err
done_add(struct proposals *t, const uint8_t id[HSM_NONCE_LEN])
{
	uint8_t(*grown)[HSM_NONCE_LEN] = reallocarray(t->done, t->done_count + 1, sizeof(*grown));

	REQUIRE(grown != NULL, ERR_NO_MEMORY);
	t->done = grown;
	memcpy(t->done[t->done_count++], id, HSM_NONCE_LEN);
	return ERR_OK;
}

static enum err
replay_propose(struct proposals *t, const struct journal_line *l)
{
	struct reader r = reader_over(span_of(l->detail));
	struct proposal p = {.at = l->at, .expires = l->number, .object = l->object}, *row;
	struct span blank;

	if (l->number <= t->now)
		return ERR_OK;
	REQUIRE(l->has_id && l->has_object && l->type != NULL, ERR_CORRUPT);
	if (was_done(t, l->id) || proposals_find(t, span_at(l->id, HSM_NONCE_LEN)) != NULL) {
		log_warn("quorum", "a proposal in the journal has the id of an earlier one and is not counted");
		return ERR_OK;
	}
	TRY(hash_take(&r, &p.summary));
	TRY(reader_bytes(&r, 1, &blank));
	TRY(hash_take(&r, &p.policy));
	memcpy(p.id, l->id, HSM_NONCE_LEN);
	(void)snprintf(p.kind, sizeof(p.kind), "%s", l->type);
	(void)snprintf(p.label, sizeof(p.label), "%s", l->key == NULL ? "" : l->key);
	return proposals_add(t, &p, &row);
}

/* The name stands before the last newline, what proves it behind. */
static enum err
replay_approve(struct proposals *t, struct proposal *p, const struct journal_line *l)
{
	const char *end = l->detail == NULL ? NULL : strrchr(l->detail, '\n');
	const struct operator_row *by;

	if (!same_policy(p, t->policy))
		return ERR_OK;
	const struct approval_question q = {.policy = t->policy,
		.id = p->id,
		.expires = p->expires,
		.object = p->object,
		.summary = p->summary,
		.evidence = span_of(end == NULL ? "" : end + 1),
		.now = l->at};

	if (approval_check(&q, &by) == ERR_OK && proposal_count(p, by, t->policy->file.custodians.k) == ERR_OK)
		return ERR_OK;
	log_warn("quorum", "an approval in the journal does not verify and is not counted: %s", err_why());
	err_forget();
	return ERR_OK;
}

static enum err
replay_execute(struct proposals *t, struct proposal *p, const struct journal_line *l)
{
	if (p != NULL)
		p->executed = true;
	if (l->has_id)
		TRY(done_add(t, l->id));
	return l->type == NULL ? ERR_CORRUPT : follows(t, l->type, l->key == NULL ? "" : l->key, l->number);
}

enum err
proposals_replay(void *context, const struct journal_line *l)
{
	struct proposals *t = context;
	struct proposal *p = l->has_id ? proposals_find(t, span_at(l->id, HSM_NONCE_LEN)) : NULL;

	if (strcmp(l->act, "propose") == 0)
		return replay_propose(t, l);
	if (strcmp(l->act, "approve") == 0 && p != NULL)
		return replay_approve(t, p, l);
	if (strcmp(l->act, "execute") == 0)
		return replay_execute(t, p, l);
	if (strcmp(l->act, "generate") == 0 && l->key != NULL)
		deleted_drop(t, l->key);
	return ERR_OK;
}
