#include "cli/ceremony/account.h"

#include <string.h>

#include "cli/ceremony/asked.h"

enum { MAX_TITLE = 512, MAX_SUBJECT = 4 << 10 };

size_t
account_steps(const struct account *a)
{
	return a->script != NULL ? a->script->steps.count : a->transcript->steps.count;
}

struct account_step
account_step_at(const struct account *a, size_t i)
{
	if (a->script != NULL) {
		const struct script_step *s = (const struct script_step *)a->script->steps.items + i;

		return (struct account_step){s->what, s->say, s->token, s->key, s->issuer, s->profile, s->input, s,
			NULL};
	}
	const struct transcript_step *s = (const struct transcript_step *)a->transcript->steps.items + i;

	return (struct account_step){s->what, s->say, s->token, s->key, s->issuer, s->profile, s->input, NULL, s};
}

static void
number_field(struct paper *p, const char *name, int64_t n)
{
	AUTO(writer) text = writer_new(32);

	if (n == 0)
		return;
	writer_format(&text, "%lld", (long long)n);
	paper_field(p, name, (const char *)writer_span(&text).ptr);
}

/* ---- at the head ---- */

static void
script_head(const struct account *a, struct paper *p)
{
	paper_section(p, "What this is");
	paper_field(p, "kind", "the script of a ceremony that is to be held");
	paper_field(p, "title", a->script->title);
	paper_digest(p, "script SHA-256", sha256_span(&a->script->hash));
	number_field(p, "steps", (int64_t)a->script->steps.count);
	if (a->keys != NULL)
		number_field(p, "custodians", a->keys->custodians.k);
	paper_blank(p, "day");
	paper_blank(p, "place");
}

static void
transcript_head(const struct account *a, struct paper *p)
{
	const struct transcript *t = a->transcript;

	paper_section(p, "What this is");
	paper_field(p, "kind", "the transcript of a ceremony that was held");
	paper_field(p, "title", t->title);
	paper_field(p, "started", t->started);
	paper_field(p, "ended", t->ended);
	paper_digest(p, "SHA-256", sha256_span(&t->hash));
	paper_digest(p, "script SHA-256", span_at(t->script.ptr, t->script.len));
	paper_digest(p, "keys.json", span_at(t->keys.ptr, t->keys.len));
	paper_field(p, "signatures", "all verify; the custodians are those of the keys.json that was given");
	paper_field(p, "log", a->log);
}

static void
inputs_write(const struct account *a, struct paper *p)
{
	const struct script_input *wanted = a->script == NULL ? NULL : a->script->inputs.items;
	const struct transcript_input *brought = a->script != NULL ? NULL : a->transcript->inputs.items;
	const size_t count = a->script != NULL ? a->script->inputs.count : a->transcript->inputs.count;

	if (count > 0)
		paper_section(p, "What is brought along");
	for (size_t i = 0; i < count; i++) {
		paper_field(p, wanted != NULL ? wanted[i].name : brought[i].name,
			wanted != NULL ? wanted[i].what : brought[i].what);
		if (wanted == NULL || wanted[i].sha256 != NULL)
			paper_hash(p, "SHA-256", wanted != NULL ? wanted[i].sha256 : brought[i].sha256);
		else
			paper_blank(p, "SHA-256");
	}
}

/* ---- steps ---- */

static bool
is_guarded(const struct account *a, const char *key)
{
	const struct key_rule *rule = a->keys == NULL || key == NULL ? NULL : keys_file_key(a->keys, span_of(key));

	return rule != NULL && rule->generate != NULL;
}

static void
planned_write(const struct account *a, const struct script_step *s, struct paper *p)
{
	const struct script_name *names = s->subject.items;
	AUTO(writer) text = writer_new(MAX_SUBJECT);

	for (size_t i = 0; i < s->subject.count; i++)
		writer_format(&text, "%s%s = %s", i == 0 ? "" : ", ", names[i].type, names[i].value);
	if (s->subject.count > 0)
		paper_field(p, "subject", (const char *)writer_span(&text).ptr);
	number_field(p, "days", s->days);
	number_field(p, "number", s->number);
	for (size_t i = 0; i < s->revoke.count; i++)
		paper_field(p, "revokes", json_text_at(&s->revoke, i));
	paper_field(p, "file", s->file);
	paper_hash(p, "SHA-256", s->sha256);
	writer_reset(&text);
	asked_of(s->what, a->keys == NULL ? 0 : a->keys->custodians.k, is_guarded(a, s->key), &text);
	paper_field(p, "asked", (const char *)writer_span(&text).ptr);
	paper_blank(p, "done, at");
}

static void
proposal_write(const struct transcript_proposal *d, struct paper *p)
{
	const struct transcript_approval *by = d->approvals.items;
	AUTO(writer) text = writer_new(MAX_SUBJECT);

	paper_words(p, d->summary);
	for (size_t i = 0; i < d->approvals.count; i++)
		writer_format(&text, "%s%s", i == 0 ? "" : ", ", by[i].by);
	paper_field(p, "approved by", (const char *)writer_span(&text).ptr);
}

static void
done_write(const struct transcript_step *s, struct paper *p)
{
	const struct transcript_destroyed *gone = s->destroyed.items;

	paper_field(p, "token's label", s->label);
	paper_hash(p, "keys.json", s->policy_sha256);
	if (s->has_made) {
		paper_field(p, "algorithm", s->made.algorithm);
		paper_hash(p, "key SHA-256", s->made.spki_sha256);
		if (s->made.before)
			paper_field(p, "made", "before an interruption; found here again, not made twice");
	}
	if (s->has_journal) {
		number_field(p, "journal, lines", s->journal.lines);
		paper_hash(p, "journal's head", s->journal.head);
	}
	if (s->has_proposal)
		proposal_write(&s->proposal, p);
	for (size_t i = 0; i < s->destroyed.count; i++) {
		paper_field(p, "destroyed", gone[i].key);
		proposal_write(&gone[i].proposal, p);
	}
	paper_field(p, "serial", s->serial);
	paper_field(p, "file", s->file);
	paper_hash(p, "SHA-256", s->sha256);
	paper_hash(p, "files' SHA-256", s->files_sha256);
	if (strcmp(s->what, "restore") == 0)
		paper_field(p, "needed", s->needed ? "yes" : "no: journal and token fit");
	if (s->confirmed)
		paper_field(p, "confirmed", "yes");
}

static void
step_write(const struct account *a, size_t i, struct paper *p)
{
	const struct account_step s = account_step_at(a, i);
	AUTO(writer) title = writer_new(MAX_TITLE);

	asked_title(s.what, s.token, s.key, s.input, &title);
	paper_step(p, i + 1, (const char *)writer_span(&title).ptr, s.done != NULL ? s.done->at : "");
	paper_say(p, s.say);
	paper_field(p, "issuer", s.issuer);
	paper_field(p, "profile", s.profile);
	paper_field(p, "input", s.input);
	if (s.planned != NULL)
		planned_write(a, s.planned, p);
	else
		done_write(s.done, p);
}

static void
journals_write(const struct json_list *list, const char *title, struct paper *p)
{
	const struct transcript_journal *rows = list->items;

	if (list->count > 0)
		paper_section(p, title);
	for (size_t i = 0; i < list->count; i++) {
		paper_field(p, "token", rows[i].token);
		number_field(p, "lines", rows[i].lines);
		paper_hash(p, "head", rows[i].head);
	}
}

void
account_write(const struct account *a, struct paper *p)
{
	if (a->script != NULL)
		script_head(a, p);
	else
		transcript_head(a, p);
	account_people(a, p);
	inputs_write(a, p);
	account_tree(a, p);
	paper_section(p, "Steps");
	for (size_t i = 0; i < account_steps(a); i++)
		step_write(a, i, p);
	if (a->transcript != NULL) {
		journals_write(&a->transcript->journals_before, "Journals before", p);
		journals_write(&a->transcript->journals_after, "Journals after", p);
	}
	paper_section(p, "Signatures by hand");
	account_boxes(a, p);
}
