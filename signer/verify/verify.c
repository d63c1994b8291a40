#include "signer/verify/verify.h"

#include <stdlib.h>
#include <string.h>

#include "signer/status/lists.h"
#include "signer/web/page.h"
#include "verify/decision.h"

/* The number of a list from its address, if the address is ours. */
static int64_t
list_of(const struct signer *s, const char *uri)
{
	AUTO(writer) prefix = writer_new(1024);

	writer_format(&prefix, "%s/status/", s->settings.url);
	if (!span_starts(span_of(uri), writer_span(&prefix)))
		return 0;
	return strtoll(uri + prefix.len, NULL, 10);
}

/* Two passes: the first shows which status list the decision names, the second judges with that list. */
static enum err
judge(struct signer *s, struct span jws, struct decision_finding *out)
{
	AUTO(trust) trust = {0};
	AUTO(writer) token = writer_new(1 << 20);
	struct decision_evidence evidence = {.jws = jws, .at = clock_now(&s->clock)};
	AUTO(decision_finding) first = {0};
	int64_t list;

	TRY(trust_read(writer_span(&s->jwks), &trust));
	TRY(decision_verify(&evidence, &trust, &first));
	list = first.seal ? list_of(s, first.decision.status.uri) : 0;
	if (list > 0 && status_token(s, list, &token) == ERR_OK)
		evidence.status_token = writer_span(&token);
	return decision_verify(&evidence, &trust, out);
}

static enum err
page_finding(struct page *page, const struct signer *s, const struct decision_finding *f, const char *language)
{
	const struct decision *const d = &f->decision;
	const struct decision_type *const t =
		d->type != NULL ? decision_type_find(s->types, s->type_count, d->type) : NULL;

	page_bool(page, "judged", true);
	page_bool(page, "valid", f->verdict == VERDICT_VALID);
	page_bool(page, "invalid", f->verdict == VERDICT_INVALID);
	page_bool(page, "unknown", f->verdict == VERDICT_UNKNOWN);
	page_text(page, "why", f->why);
	if (!f->seal)
		return ERR_OK;
	page_bool(page, "sealed", true);
	page_text(page, "id", d->id);
	page_text(page, "agency", d->agency);
	page_text(page, "title", t == NULL ? d->type : strcmp(language, "dz") == 0 ? t->title.dz : t->title.en);
	page_text(page, "outcome", d->outcome);
	page_text(page, "office", d->office.title);
	page_time(page, "sealed_at", d->issued_at);
	page_time(page, "due", d->due);
	page_time(page, "status_at", f->status ? f->status_at : 0);
	return t != NULL ? page_facts(page, t, d->facts) : ERR_OK;
}

static enum err
answer(struct signer *s, const struct request *request, struct span jws, struct reply *reply)
{
	AUTO(decision_finding) f = {0};
	AUTO(page) *page = NULL;

	TRY(page_new(&page));
	TRY(judge(s, jws, &f));
	TRY(page_finding(page, s, &f, page_language(s, request)));
	return page_send(s, request, "verify", page, reply);
}

enum err
verify_show(void *daemon, struct request *request, struct reply *reply)
{
	struct signer *const s = daemon;
	const char *const id = request_query(request, "id");
	AUTO(decision_row) row = {0};
	AUTO(page) *page = NULL;

	if (id == NULL) {
		TRY(page_new(&page));
		return page_send(s, request, "verify", page, reply);
	}
	TRY(decision_find(s, id, &row));
	REQUIRE_WHY(row.jws != NULL, ERR_NOT_FOUND, "this decision is not sealed yet");
	return answer(s, request, span_of(row.jws), reply);
}

enum err
verify_submit(void *daemon, struct request *request, struct reply *reply)
{
	const char *const text = request_form(request, "decision");
	struct span jws;

	REQUIRE_WHY(text != NULL, ERR_MALFORMED, "paste the decision into the field");
	jws = span_of(text);
	while (jws.len > 0 && strchr(" \t\r\n", jws.ptr[jws.len - 1]) != NULL)
		jws.len--;
	while (jws.len > 0 && strchr(" \t\r\n", jws.ptr[0]) != NULL) {
		jws.ptr++;
		jws.len--;
	}
	return answer(daemon, request, jws, reply);
}
