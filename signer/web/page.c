#include "signer/web/page.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "http/problem.h"

enum { MAX_STATIC = 1 << 20 };

const char *
page_language(const struct signer *s, const struct request *request)
{
	const char *const *const languages = templates_languages(s->pages);
	const char *const asked = request_query(request, "lang"), *const kept = request_cookie(request, "__Host-lang");

	for (size_t i = 0; languages[i] != NULL; i++)
		if (asked != NULL && strcmp(languages[i], asked) == 0)
			return languages[i];
	for (size_t i = 0; languages[i] != NULL; i++)
		if (asked == NULL && kept != NULL && strcmp(languages[i], kept) == 0)
			return languages[i];
	return request_language(request, languages);
}

void
page_time(struct page *page, const char *name, unix_time t)
{
	AUTO(writer) text = writer_new(64);
	char people[32];

	if (t == 0)
		return;
	time_write(&text, t);
	snprintf(people, sizeof(people), "%.10s %.5s UTC", (const char *)writer_span(&text).ptr,
		(const char *)writer_span(&text).ptr + 11);
	page_text(page, name, people);
}

/* area_square_metres -> Area square metres: names in policy files are for machines; spaces are for people. */
static void
page_fact(struct page *page, const struct fact *f, const struct fact_value *v)
{
	char name[65];

	snprintf(name, sizeof(name), "%s", f->name);
	for (char *c = name; *c != '\0'; c++)
		if (*c == '_')
			*c = ' ';
	name[0] = (char)toupper((unsigned char)name[0]);
	page_item(page, "facts");
	page_text(page, "name", name);
	if (v->text != NULL)
		page_text(page, "value", v->text);
	else
		page_int(page, "value", v->number);
	page_item_end(page);
}

enum err
page_facts(struct page *page, const struct decision_type *t, const char *facts_json)
{
	const struct fact *const facts = t->facts.items;
	struct fact_values values;

	TRY(facts_read(t, span_of(facts_json), &values));
	for (size_t i = 0; i < t->facts.count; i++)
		if (values.at[i].present)
			page_fact(page, &facts[i], &values.at[i]);
	facts_free(t, &values);
	return ERR_OK;
}

enum err
page_decision(struct page *page, const struct signer *s, const struct decision_row *row, const struct decision_type *t,
	const char *language)
{
	AUTO(writer) id = writer_new(64);

	(void)s;
	REQUIRE_WHY(t != NULL, ERR_CONFIG, "decision type %s is not among the policies any more", row->type);
	uuid_write(&id, &row->id);
	page_span(page, "id", writer_span(&id));
	page_text(page, "title", strcmp(language, "dz") == 0 ? t->title.dz : t->title.en);
	page_text(page, "agency", row->agency);
	page_text(page, "law", t->law);
	page_text(page, "outcome", row->outcome);
	page_text(page, "subject", row->subject);
	page_text(page, "office", row->office);
	page_time(page, "received", row->received_at);
	page_time(page, "due", row->due);
	page_time(page, "sealed_at", row->sealed_at);
	page_time(page, "revoked_at", row->revoked_at);
	page_text(page, "revocation", row->revocation);
	page_text(page, "appeal_to", t->appeal.to);
	page_int(page, "appeal_days", t->appeal.days);
	page_bool(page, "has_reasons", row->reasons.count > 0);
	for (size_t i = 0; i < row->reasons.count; i++) {
		page_item(page, "reasons");
		page_text(page, "reason", json_text_at(&row->reasons, i));
		page_item_end(page);
	}
	return page_facts(page, t, row->facts);
}

static void
page_languages(struct page *page, const struct signer *s, const struct request *request, const char *current)
{
	const char *const *const languages = templates_languages(s->pages);
	const char *const id = request_query(request, "id");
	AUTO(writer) here = writer_new(256);

	if (id != NULL)
		writer_format(&here, "?id=%.64s&", id);
	for (size_t i = 0; languages[i] != NULL; i++) {
		page_item(page, "languages");
		page_text(page, "code", languages[i]);
		page_text(page, "here", writer_span(&here).len > 0 ? (const char *)writer_span(&here).ptr : "?");
		page_text(page, "name", templates_text(s->pages, languages[i], "language"));
		page_bool(page, "current", strcmp(languages[i], current) == 0);
		page_item_end(page);
	}
}

enum err
page_send(const struct signer *s, const struct request *request, const char *name, struct page *page,
	struct reply *reply)
{
	const char *const language = page_language(s, request);

	page_languages(page, s, request, language);
	if (request_query(request, "lang") != NULL)
		reply_cookie(reply, "lang", language, "Lax", 365 * 86400);
	/* With no-referrer a form would be sent with "Origin: null", and could not be told from a foreign one. */
	reply_header(reply, "Referrer-Policy", "same-origin");
	return template_render(s->pages, name, language, page, reply_body(reply, "text/html; charset=utf-8"));
}

static bool
wants_html(const struct request *request)
{
	const char *const accept = request_header(request, "Accept");

	return accept != NULL && strstr(accept, "text/html") != NULL;
}

/* What people are told of e: a text of its own where there is one, in their language. */
static const char *
reason_of(const struct signer *s, const char *language, enum err e)
{
	char key[64];
	const char *text;

	snprintf(key, sizeof(key), "refusal_%s", err_name(e));
	for (char *c = key; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	text = templates_text(s->pages, language, key);
	if (strcmp(text, key) != 0)
		return text;
	return templates_text(s->pages, language, err_http(e) >= 500 ? "refusal_ours" : "refusal_yours");
}

void
signer_refusal(void *daemon, struct request *request, enum err e, struct reply *reply)
{
	struct signer *const s = daemon;
	AUTO(page) *page = NULL;

	if (!wants_html(request) || page_new(&page) != ERR_OK) {
		problem_write(reply, e, err_http(e), err_why());
		return;
	}
	page_int(page, "status", err_http(e));
	page_text(page, "reason", reason_of(s, page_language(s, request), e));
	page_text(page, "why", err_http(e) < 500 && *err_why() != '\0' ? err_why() : NULL);
	if (page_send(s, request, "refusal", page, reply) != ERR_OK)
		problem_write(reply, e, err_http(e), err_why());
}

/* The few files of the house's look, by name: nothing else of the folder is served. */
static const struct {
	const char *name, *path, *type;
} files[] = {
	{"mohar.css", "idp/web/static/mohar.css", "text/css; charset=utf-8"},
	{"seal.svg", "idp/web/static/seal.svg", "image/svg+xml"},
	{"guilloche.svg", "idp/web/static/guilloche.svg", "image/svg+xml"},
	{"rosette.svg", "idp/web/static/rosette.svg", "image/svg+xml"},
};

enum err
static_show(void *daemon, struct request *request, struct reply *reply)
{
	const struct signer *const s = daemon;
	const char *const file = request_param(request, "file");

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char path[PATH_MAX];

		if (strcmp(files[i].name, file) != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", s->settings.share, files[i].path);
		TRY(file_read(path, MAX_STATIC, reply_body(reply, files[i].type)));
		reply_cache(reply, 3600, true);
		return ERR_OK;
	}
	return ERR_NOT_FOUND;
}
