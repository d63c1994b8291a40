#include <stdio.h>
#include <string.h>

#include "cli/verify/certificate.h"
#include "cli/verify/pile.h"

/* The verdict on one paper, told; the worst of all is the command's. */
struct told {
	enum verdict verdict;
	char why[512];
};

static void
settle(struct told *t, enum verdict v, const char *name, const char *why)
{
	const bool worse = v == VERDICT_INVALID ? t->verdict != VERDICT_INVALID
						: v == VERDICT_UNKNOWN && t->verdict == VERDICT_VALID;

	if (!worse)
		return;
	t->verdict = v;
	snprintf(t->why, sizeof(t->why), "%s: %s", name, why);
}

/* The pile's status list that the decision names, whatever its worth: judging it is decision_verify's. */
static struct span
status_for(const struct pile *p, const char *uri)
{
	for (size_t i = 0; i < p->count; i++) {
		AUTO(jws) j = {0};

		if (p->papers[i].kind == PAPER_STATUS && jws_parse(writer_span(&p->papers[i].bytes), &j) == ERR_OK &&
			memmem(j.payload.ptr, j.payload.len, uri, strlen(uri)) != NULL)
			return writer_span(&p->papers[i].bytes);
	}
	return (struct span){0};
}

static bool
has_receipt(const struct pile *p)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->papers[i].kind == PAPER_RECEIPT)
			return true;
	return false;
}

static enum err
judge_with(const struct pile *p, struct decision_evidence *evidence, struct decision_finding *out)
{
	size_t receipts = 0;

	for (size_t i = 0; i < p->count; i++) {
		if (p->papers[i].kind != PAPER_RECEIPT)
			continue;
		receipts++;
		evidence->receipt = writer_span(&p->papers[i].bytes);
		decision_finding_free(out);
		TRY(decision_verify(evidence, p->trusted ? &p->trust : NULL, out));
		if (out->logged)
			return ERR_OK;
	}
	if (receipts == 1)
		return ERR_OK; /* the one receipt given does not belong, or does not verify: that stands */
	evidence->receipt = (struct span){0};
	decision_finding_free(out);
	return decision_verify(evidence, p->trusted ? &p->trust : NULL, out);
}

static void
tell_decision(struct cli *c, const struct decision_finding *f, bool with_receipt)
{
	const struct decision *const d = &f->decision;

	cli_text(c, "verdict", verdict_name(f->verdict));
	if (*f->why != '\0')
		cli_text(c, "why", f->why);
	if (!f->seal)
		return;
	cli_text(c, "agency", d->agency);
	if (d->office.title != NULL)
		cli_text(c, "office", d->office.title);
	cli_time(c, "sealed_at", d->issued_at);
	cli_text(c, "id", d->id);
	cli_text(c, "decision_type", d->type);
	cli_text(c, "outcome", d->outcome);
	cli_json(c, "facts", span_of(d->facts));
	cli_text(c, "subject", d->subject);
	cli_time(c, "received_at", d->received_at);
	cli_time(c, "due", d->due);
	if (f->status)
		cli_time(c, "stands_as_of", f->status_at);
	cli_bool(c, "logged", f->logged);
	if (f->logged)
		cli_time(c, "logged_at", f->logged_at);
	else if (!with_receipt)
		cli_text(c, "logged_why", "no receipt was given, so nothing here shows it");
}

static enum err
verify_decision(struct cli *c, const struct pile *p, const struct paper *paper, struct told *t)
{
	struct decision_evidence evidence = {.jws = writer_span(&paper->bytes), .at = cli_now(c)};
	AUTO(decision_finding) f = {0};

	TRY(decision_verify(&evidence, p->trusted ? &p->trust : NULL, &f));
	if (f.seal) {
		evidence.status_token = status_for(p, f.decision.status.uri);
		TRY(judge_with(p, &evidence, &f));
	}
	tell_decision(c, &f, has_receipt(p));
	settle(t, f.verdict, paper->name, f.why);
	return ERR_OK;
}

/* Tells the outcome of a check that is one question only. */
static void
tell_check(struct cli *c, enum err e, bool trusted, const char *name, struct told *t)
{
	const enum verdict v = !trusted ? VERDICT_UNKNOWN : e == ERR_OK ? VERDICT_VALID : VERDICT_INVALID;
	char why[300];

	snprintf(why, sizeof(why), "%s",
		!trusted                     ? "no trusted key for it was given"
			: e == ERR_OK        ? ""
			: *err_why() != '\0' ? err_why()
					     : err_text(e));
	cli_text(c, "verdict", verdict_name(v));
	if (*why != '\0')
		cli_text(c, "why", why);
	settle(t, v, name, why);
	err_forget();
}

static void
verify_receipt(struct cli *c, const struct pile *p, const struct paper *paper, struct told *t)
{
	const bool trusted = p->trusted && p->trust.log_key != NULL;
	AUTO(receipt) r = {0};
	enum err e = receipt_parse(writer_span(&paper->bytes), &r);

	if (e == ERR_OK && trusted)
		e = receipt_check(&r, p->trust.log_origin, p->trust.log_key);
	tell_check(c, e, trusted || e != ERR_OK, paper->name, t);
	if (e != ERR_OK)
		return;
	cli_int(c, "index", (int64_t)r.index);
	cli_int(c, "tree_size", (int64_t)r.size);
	cli_json(c, "entry", span_at(r.entry.ptr, r.entry.len));
}

static void
verify_checkpoint(struct cli *c, const struct pile *p, const struct paper *paper, struct told *t)
{
	const bool trusted = p->trusted && p->trust.log_key != NULL;
	struct checkpoint head = {0};
	enum err e = ERR_OK;

	if (trusted)
		e = checkpoint_verify(writer_span(&paper->bytes), p->trust.log_origin, p->trust.log_key, &head);
	tell_check(c, e, trusted, paper->name, t);
	if (!trusted || e != ERR_OK)
		return;
	cli_text(c, "origin", head.origin);
	cli_int(c, "tree_size", (int64_t)head.size);
	cli_hex(c, "root", sha256_span(&head.root));
}

static void
verify_status(struct cli *c, const struct pile *p, const struct paper *paper, struct told *t)
{
	AUTO(jws) j = {0};
	enum err e = ERR_OK;

	if (p->trusted)
		e = jws_verify(writer_span(&paper->bytes), p->trust.status, "statuslist+jwt", &j);
	tell_check(c, e, p->trusted, paper->name, t);
}

static const char *
kind_name(enum paper_kind kind)
{
	static const char *const names[] = {"decision", "status list", "receipt", "checkpoint", "certificate", "bundle",
		"strange"};

	return names[kind];
}

static enum err
verify_paper(struct cli *c, const struct pile *p, const struct paper *paper, struct told *t)
{
	char why[256] = "";
	enum verdict v;

	cli_text(c, "file", paper->name);
	cli_text(c, "kind", kind_name(paper->kind));
	switch (paper->kind) {
	case PAPER_DECISION:
		return verify_decision(c, p, paper, t);
	case PAPER_RECEIPT:
		verify_receipt(c, p, paper, t);
		return ERR_OK;
	case PAPER_CHECKPOINT:
		verify_checkpoint(c, p, paper, t);
		return ERR_OK;
	case PAPER_STATUS:
		verify_status(c, p, paper, t);
		return ERR_OK;
	case PAPER_CERTIFICATE:
		v = certificate_tell(c, writer_span(&paper->bytes), writer_span(&p->anchors), cli_now(c), why,
			sizeof(why));
		cli_text(c, "verdict", verdict_name(v));
		settle(t, v, paper->name, why);
		return ERR_OK;
	case PAPER_BUNDLE:
		cli_text(c, "verdict", "valid");
		return ERR_OK;
	case PAPER_STRANGE:
		break;
	}
	cli_text(c, "verdict", "unknown");
	settle(t, VERDICT_UNKNOWN, paper->name,
		"this is nothing that mohar makes: no decision, receipt, status list, checkpoint or certificate");
	return ERR_OK;
}

static enum err
gather(struct cli *c, struct pile *p)
{
	for (size_t i = 0; cli_value_at(c, "--trust", i) != NULL; i++)
		TRY(pile_trust(p, cli_value_at(c, "--trust", i)));
	for (size_t i = 0; cli_value_at(c, "--offline", i) != NULL; i++)
		TRY(pile_bundle(p, cli_value_at(c, "--offline", i)));
	for (size_t i = 0; i < cli_file_count(c); i++)
		TRY(pile_add(p, cli_file(c, i)));
	return ERR_OK;
}

/* Status lists and receipts beside a decision help to judge it and are told with it, not for themselves. */
static bool
only_helps(const struct pile *p, const struct paper *paper)
{
	if (!paper->judged)
		return true;
	if (paper->kind != PAPER_RECEIPT && paper->kind != PAPER_STATUS && paper->kind != PAPER_BUNDLE)
		return false;
	for (size_t i = 0; i < p->count; i++)
		if (p->papers[i].kind == PAPER_DECISION && p->papers[i].judged)
			return true;
	return false;
}

static enum err
verify_all(struct cli *c, struct pile *p, struct told *t)
{
	TRY(gather(c, p));
	for (size_t i = 0; i < p->count; i++) {
		if (only_helps(p, &p->papers[i]))
			continue;
		cli_item(c, "findings");
		TRY(verify_paper(c, p, &p->papers[i], t));
		cli_item_end(c);
	}
	return ERR_OK;
}

static int
run(struct cli *c)
{
	static struct pile p;
	struct told t = {.verdict = VERDICT_VALID};
	enum err e;

	p = (struct pile){.anchors = writer_new(MAX_PILE_FILE)};
	cli_begin(c);
	e = verify_all(c, &p, &t);
	pile_free(&p);
	if (e != ERR_OK)
		return cli_fail(c, e);
	return cli_end(c, verdict_name(t.verdict), *t.why != '\0' ? t.why : NULL,
		t.verdict == VERDICT_VALID ? EXIT_DONE : EXIT_REFUSED);
}

static const struct cli_option options[] = {
	{"--trust", "FILE", "whom to believe: a key set (signerd's /jwks) or PEM certificates", NULL, false, true},
	{"--offline", "BUNDLE", "status lists and checkpoint fetched earlier (signerd's /bundle)", NULL, false, true},
	{"--at", "TIME", "judge as of this time, like 2026-01-31T23:59:59Z", NULL, false, false},
	{0},
};

const struct cli_verb cli_verify[] = {
	{"verify", NULL, "FILE...", "judge decisions, receipts, status lists, checkpoints and certificates", options,
		run},
	{0},
};
