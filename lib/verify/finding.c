#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "verify/decision.h"

const char *
verdict_name(enum verdict v)
{
	static const char *const names[] = {"valid", "invalid", "unknown"};

	return names[v];
}

/* Settles the verdict once; the first reason stands. */
static void
say(struct decision_finding *f, enum verdict v, const char *what, enum err e)
{
	f->verdict = v;
	if (e == ERR_OK)
		snprintf(f->why, sizeof(f->why), "%s", what);
	else
		snprintf(f->why, sizeof(f->why), "%s: %s%s%s", what, err_text(e), *err_why() != '\0' ? ": " : "",
			err_why());
	err_forget();
}

static const char *
agency_of(const struct trust *t, const char *kid)
{
	const struct trust_agency *const rows = t->agencies.items;

	for (size_t i = 0; i < t->agencies.count; i++)
		if (strcmp(rows[i].kid, kid) == 0)
			return rows[i].agency;
	return NULL;
}

/* Is it the agency's? Leaves the verdict at unknown and returns true if so. */
static bool
ask_seal(const struct decision_evidence *ev, const struct trust *t, struct decision_finding *f)
{
	AUTO(jws) j = {0};
	const char *agency;
	enum err e = jws_parse(ev->jws, &j);

	if (e != ERR_OK || j.header.typ == NULL || strcmp(j.header.typ, "decision+jwt") != 0)
		return say(f, VERDICT_INVALID, "this is not a decision", e), false;
	if (t == NULL)
		return say(f, VERDICT_UNKNOWN, "no trusted keys were given, so nobody can be said to have sealed it",
			       ERR_OK),
		       false;
	agency = j.header.kid != NULL ? agency_of(t, j.header.kid) : NULL;
	if (agency == NULL)
		return say(f, VERDICT_UNKNOWN, "the trusted keys do not include the one that sealed it", ERR_OK), false;
	e = jws_check(&j, jwks_find(t->seals, span_of(j.header.kid), span_of(j.header.alg)));
	if (e != ERR_OK)
		return say(f, VERDICT_INVALID, "the seal does not verify", e), false;
	e = decision_read(span_at(j.payload.ptr, j.payload.len), &f->decision);
	if (e != ERR_OK)
		return say(f, VERDICT_INVALID, "sealed, but not a decision", e), false;
	if (strcmp(f->decision.agency, agency) != 0)
		return say(f, VERDICT_INVALID, "sealed with another agency's key", ERR_OK), false;
	if (f->decision.issued_at > ev->at + 60)
		return say(f, VERDICT_INVALID, "sealed in the future", ERR_OK), false;
	f->seal = true;
	return true;
}

/* Does it still stand? */
static bool
ask_status(const struct decision_evidence *ev, const struct trust *t, struct decision_finding *f)
{
	AUTO(statuslist) list = {0};
	unsigned value = STATUS_INVALID;
	enum err e;

	if (ev->status_token.len == 0)
		return say(f, VERDICT_UNKNOWN,
			       "sealed by the agency; whether it still stands is not known without its status list",
			       ERR_OK),
		       false;
	e = statuslist_verify(ev->status_token, t->status, f->decision.status.uri, ev->at, &list, &f->status_at);
	if (e == ERR_OK)
		e = statuslist_get(&list, (size_t)f->decision.status.index, &value);
	if (e != ERR_OK)
		return say(f, VERDICT_UNKNOWN, "sealed by the agency, but its status list cannot be relied on", e),
		       false;
	if (value != STATUS_VALID)
		return say(f, VERDICT_INVALID,
			       value == STATUS_SUSPENDED ? "suspended by the agency" : "revoked by the agency", ERR_OK),
		       false;
	f->status = true;
	return true;
}

/* What the entry of a sealed decision says in public. */
struct entry_public {
	char *decision;
};
struct entry {
	char *type, *at;
	struct entry_public open;
};
static const struct json_row public_rows[] = {
	{"decision_sha256", JSON_TEXT, JSON_REQUIRED, offsetof(struct entry_public, decision), 0, 64, NULL, 0},
};
static const struct json_table public_table = {"public part", public_rows, 1, sizeof(struct entry_public), true};
static const struct json_row entry_rows[] = {
	{"type", JSON_TEXT, JSON_REQUIRED, offsetof(struct entry, type), 0, 64, NULL, 0},
	{"at", JSON_TEXT, JSON_REQUIRED, offsetof(struct entry, at), 0, 32, NULL, 0},
	{"public", JSON_OBJECT, JSON_REQUIRED, offsetof(struct entry, open), 0, 0, &public_table, 0},
};
static const struct json_table entry_table = {"log entry", entry_rows, 3, sizeof(struct entry), true};

static enum err
entry_belongs(const struct receipt *r, struct span jws, unix_time *at)
{
	const struct sha256 hash = sha256_of(jws);
	AUTO(writer) text = writer_new(64);
	struct entry entry;
	enum err e;

	base64url_write(&text, sha256_span(&hash));
	TRY(writer_done(&text));
	TRY(json_decode(span_at(r->entry.ptr, r->entry.len), &entry_table, &entry));
	e = strcmp(entry.type, "decision.sealed") == 0 && span_is(writer_span(&text), entry.open.decision)
		? time_read(span_of(entry.at), at)
		: err_because(ERR_MISMATCH, "the receipt is another object's");
	json_free(&entry_table, &entry);
	return e;
}

/* Was it logged? */
static bool
ask_log(const struct decision_evidence *ev, const struct trust *t, struct decision_finding *f)
{
	AUTO(receipt) r = {0};
	enum err e;

	if (ev->receipt.len == 0)
		return true;
	if (t->log_key == NULL)
		return say(f, VERDICT_UNKNOWN, "a receipt is here, but the trusted keys do not include the log's",
			       ERR_OK),
		       false;
	e = receipt_parse(ev->receipt, &r);
	if (e == ERR_OK)
		e = receipt_check(&r, t->log_origin, t->log_key);
	if (e == ERR_OK)
		e = entry_belongs(&r, ev->jws, &f->logged_at);
	if (e != ERR_OK)
		return say(f, VERDICT_INVALID, "its receipt does not verify", e), false;
	f->logged = true;
	return true;
}

enum err
decision_verify(const struct decision_evidence *evidence, const struct trust *trust, struct decision_finding *out)
{
	struct decision_finding f = {.verdict = VERDICT_UNKNOWN};

	REQUIRE(evidence->jws.len <= MAX_DECISION * 2, ERR_TOO_LONG);
	err_forget();
	if (ask_seal(evidence, trust, &f)) {
		const bool stands = ask_status(evidence, trust, &f);
		struct decision_finding log = {.verdict = VERDICT_UNKNOWN};
		const bool proper = ask_log(evidence, trust, &log);

		/* What was revoked, or may have been, was logged all the same; but the first reason stands. */
		f.logged = log.logged;
		f.logged_at = log.logged_at;
		if (stands)
			f.verdict = proper ? VERDICT_VALID : log.verdict;
		if (stands && !proper)
			memcpy(f.why, log.why, sizeof(f.why));
	}
	*out = f;
	return ERR_OK;
}

void
decision_finding_free(struct decision_finding *f)
{
	decision_free(&f->decision);
	*f = (struct decision_finding){0};
}
