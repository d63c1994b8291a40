#include "hsm/quorum/quorum.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/random.h"
#include "hsm/quorum/approval.h"
#include "hsm/quorum/kind.h"
#include "json/json.h"

enum { MINUTE = 60, MAX_DONE = 16 << 10 };

bool
quorum_only(const struct key_rule *rule)
{
	return strcmp(rule->purpose, "root-ca") == 0;
}

bool
quorum_generates(const struct key_rule *rule)
{
	return rule->generate != NULL;
}

/* Before the journal says that it is made: what custodians had deleted must not count as made again while an older copy of the token still has it. */
static enum err
absent_check(struct session *session, const struct key *k)
{
	struct token_key found;
	enum err e;

	REQUIRE_WHY(!atomic_load(&k->present), ERR_EXISTS, "key '%s' exists already", k->rule->label);
	REQUIRE_WHY(token_count(session->token) == 1, ERR_REFUSED,
		"a key is made on one token, and then copied by the vendor's means: take 'mirror' out of the settings, make '%s', clone the token, put 'mirror' back",
		k->rule->label);
	TRY(session_ready(session));
	e = token_key_find(session, k->rule->label, k->algorithm, &found);
	if (e == ERR_OK) {
		token_key_free(&found);
		return err_because(ERR_EXISTS, "key '%s' is on this token already, though it is not used",
			k->rule->label);
	}
	REQUIRE(e == ERR_NOT_FOUND, e);
	err_forget();
	return ERR_OK;
}

enum err
quorum_key_make(struct service *s, struct session *session, struct key *k, uid_t uid, unix_time now,
	struct writer *json)
{
	const struct journal_entry entry = {.act = "generate",
		.key = k->rule->label,
		.detail = k->algorithm->name,
		.has_uid = true,
		.uid = uid};

	TRY(absent_check(session, k));
	TRY(journal_append(&s->journal, &entry, now));
	TRY(key_generate(&s->keys, session, k, json));
	return key_enter(k, &s->journal, now);
}

void
quorum_ready(struct service *s)
{
	for (size_t i = 0; i < s->keys.count; i++) {
		struct key *k = &s->keys.rows[i];

		if (!atomic_load(&k->present) || !proposals_deleted(&s->proposals, k->rule->label))
			continue;
		atomic_store(&k->present, false);
		log_warn("quorum", "key '%s' was deleted by custodians, but this copy of the token holds it: not used",
			k->rule->label);
	}
}

/* While a change of keys.json waits to be put in place, its removed custodians must not decide anything else. */
static enum err
pending_check(const struct service *s, const struct kind *kind)
{
	const int64_t next = s->proposals.next_version;

	REQUIRE_WHY(next <= s->policy.file.version || kind == &kind_policy || s->restore.needed, ERR_REFUSED,
		"keys.json version %lld is approved: put it in place and restart mohar-hsmd first", (long long)next);
	REQUIRE_WHY(kind->restoring == s->restore.needed, ERR_REFUSED,
		s->restore.needed ? "a restore is what is waited for, and nothing else can be proposed"
				  : "there is nothing to restore");
	return ERR_OK;
}

static enum err
summarize(const struct kind *kind, const struct kind_question *q, struct writer *summary, int64_t *number)
{
	*number = 0;
	TRY(kind->check(q, summary, number));
	REQUIRE_WHY(writer_done(summary) == ERR_OK, ERR_TOO_LONG,
		"what this does takes more than %d bytes to say: do it in several steps", MAX_SUMMARY - 1);
	return ERR_OK;
}

static void
proposed_write(struct work *w, const struct proposal *p, struct span summary)
{
	struct json_writer j = json_to(&w->result);

	json_object(&j, NULL);
	json_bytes64(&j, "proposal", span_at(p->id, HSM_NONCE_LEN));
	json_text(&j, "kind", p->kind);
	json_span(&j, "summary", summary);
	json_bytes64(&j, "object_sha256", sha256_span(&p->object));
	json_bytes64(&j, "summary_sha256", sha256_span(&p->summary));
	json_int(&j, "expires", p->expires);
	json_int(&j, "k", w->service->policy.file.custodians.k);
	json_object_end(&j);
}

/* Under the table's lock. */
static enum err
propose(struct work *w, const struct kind *kind, const struct kind_question *q)
{
	AUTO(writer) summary = writer_new(MAX_SUMMARY - 1);
	const struct custodians *c = &w->service->policy.file.custodians;
	struct proposal p = {.object = sha256_of(q->object), .policy = w->service->policy.hash, .at = q->at}, *row;
	int64_t number;
	enum err e;

	TRY(pending_check(w->service, kind));
	TRY(summarize(kind, q, &summary, &number));
	random_bytes(p.id, sizeof(p.id));
	p.summary = sha256_of(writer_span(&summary));
	p.expires = q->at + MINUTE * (c->minutes > 0 ? c->minutes : APPROVAL_MINUTES);
	(void)snprintf(p.kind, sizeof(p.kind), "%s", kind->name);
	(void)snprintf(p.label, sizeof(p.label), "%s", q->key == NULL ? "" : q->key->rule->label);
	TRY(proposals_add(&w->service->proposals, &p, &row));
	e = proposal_note(&w->service->journal, row, q->uid);
	if (e != ERR_OK) {
		proposals_drop(&w->service->proposals, row);
		return e;
	}
	proposed_write(w, row, writer_span(&summary));
	return writer_done(&w->result);
}

enum err
op_propose(struct work *w)
{
	const struct kind_question q = {.service = w->service,
		.session = w->session,
		.key = w->key,
		.object = w->fields.at[FIELD_OBJECT],
		.at = w->request->arrived,
		.uid = w->request->uid};
	const struct kind *kind;
	enum err e;

	TRY(kind_find(w->fields.at[FIELD_KIND], &kind));
	REQUIRE_WHY(kind->labelled == (w->key != NULL), ERR_MALFORMED,
		kind->labelled ? "a proposal '%s' is about a key: give its label"
			       : "a proposal '%s' is about no key: leave the label out",
		kind->name);
	REQUIRE_WHY(w->fields.at[FIELD_EVIDENCE].len == 0, ERR_MALFORMED,
		"a proposal needs no evidence but the custodians' approvals");
	(void)pthread_mutex_lock(&w->service->proposals.lock);
	e = propose(w, kind, &q);
	(void)pthread_mutex_unlock(&w->service->proposals.lock);
	return e;
}

/* ---- approvals ---- */

/* The very bytes again, and what they say again: both as they were when it was proposed. */
static enum err
same_again(const struct kind *kind, const struct kind_question *q, const struct proposal *p, int64_t *number)
{
	AUTO(writer) summary = writer_new(MAX_SUMMARY - 1);
	const struct sha256 object = sha256_of(q->object);
	struct sha256 said;

	REQUIRE_WHY(memcmp(object.bytes, p->object.bytes, SHA256_LEN) == 0, ERR_MISMATCH,
		"these are not the bytes that were proposed");
	TRY(summarize(kind, q, &summary, number));
	said = sha256_of(writer_span(&summary));
	REQUIRE_WHY(memcmp(said.bytes, p->summary.bytes, SHA256_LEN) == 0, ERR_MISMATCH,
		"what this does has changed since it was proposed: propose it again");
	return ERR_OK;
}

static enum err
execute(struct work *w, const struct kind *kind, const struct kind_question *q, struct proposal *p, int64_t number,
	struct writer *result)
{
	struct service *s = w->service;
	const char *by[MAX_CUSTODIANS + 1] = {NULL};

	for (size_t i = 0; i < p->approvals; i++)
		by[i] = p->by[i]->name;
	if (!kind->recorded_first)
		TRY(kind->execute(q, by, result));
	TRY(proposal_note_execution(&s->journal, p, number, w->request->arrived));
	TRY(proposals_executed(&s->proposals, p, number));
	if (kind->recorded_first)
		TRY(kind->execute(q, by, result));
	log_info("quorum", "executed '%s' %s, approved by %zu custodians", p->kind, p->label, p->approvals);
	if (kind->replaces)
		atomic_store(&s->replace, true);
	return ERR_OK;
}

static void
approved_write(struct work *w, const struct proposal *p, int64_t missing, struct span result)
{
	struct json_writer j = json_to(&w->result);

	json_object(&j, NULL);
	json_bool(&j, "executed", p->executed);
	json_int(&j, "missing", missing);
	if (result.len > 0)
		json_bytes64(&j, "result", result);
	json_object_end(&j);
}

/* Under the table's lock. */
static enum err
approve(struct work *w, struct proposal *p)
{
	AUTO(writer) result = writer_new(MAX_DONE);
	struct service *s = w->service;
	struct kind_question q = {.service = s,
		.session = w->session,
		.key = p->label[0] == '\0' ? NULL : keys_find(&s->keys, span_of(p->label)),
		.object = w->fields.at[FIELD_OBJECT],
		.at = p->at,
		.uid = w->request->uid};
	const struct approval_question asked = {.policy = &s->policy,
		.id = p->id,
		.expires = p->expires,
		.object = p->object,
		.summary = p->summary,
		.evidence = w->fields.at[FIELD_EVIDENCE],
		.now = w->request->arrived};
	const struct operator_row *by;
	const struct kind *kind;
	const size_t before = p->approvals;
	int64_t number, missing;
	enum err e;

	TRY(proposal_open(p, &s->policy, w->request->arrived));
	TRY(kind_find(span_of(p->kind), &kind));
	TRY(pending_check(s, kind));
	TRY(approval_check(&asked, &by));
	TRY(same_again(kind, &q, p, &number));
	TRY(proposal_count(p, by, s->policy.file.custodians.k));
	e = p->approvals > before ? proposal_note_approval(&s->journal, p, by, asked.evidence, w->request->arrived)
				  : ERR_OK;
	if (e != ERR_OK) {
		p->approvals = before;
		return e;
	}
	missing = s->policy.file.custodians.k - (int64_t)p->approvals;
	if (missing <= 0)
		TRY(execute(w, kind, &q, p, number, &result));
	approved_write(w, p, missing > 0 ? missing : 0, writer_span(&result));
	return writer_done(&w->result);
}

enum err
op_approve(struct work *w)
{
	struct proposals *t = &w->service->proposals;
	struct proposal *p;
	enum err e;

	(void)pthread_mutex_lock(&t->lock);
	p = proposals_find(t, w->fields.at[FIELD_NONCE]);
	e = p != NULL ? approve(w, p)
		      : err_because(ERR_NOT_FOUND, "there is no such proposal: it expired, or never was");
	(void)pthread_mutex_unlock(&t->lock);
	return e;
}
