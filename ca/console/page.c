#include "ca/console/page.h"
#include "http/client.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "base/file.h"
#include "http/problem.h"

enum { MAX_STATIC = 1 << 20, MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

const char *
page_language(const struct console *k, const struct request *request)
{
	const char *const *const languages = templates_languages(k->pages);
	const char *const asked = request_query(request, "lang"), *const kept = request_cookie(request, "__Host-lang");

	for (size_t i = 0; languages[i] != NULL; i++)
		if (asked != NULL && strcmp(languages[i], asked) == 0)
			return languages[i];
	for (size_t i = 0; languages[i] != NULL; i++)
		if (asked == NULL && kept != NULL && strcmp(languages[i], kept) == 0)
			return languages[i];
	return request_language(request, languages);
}

const char *
page_word(const struct console *k, const struct request *request, const char *kind, const char *name)
{
	char key[64];
	const char *text;

	(void)snprintf(key, sizeof(key), "%s_%s", kind, name);
	for (char *at = key; *at != '\0'; at++)
		*at = (char)tolower((unsigned char)*at);
	text = templates_text(k->pages, page_language(k, request), key);
	return text == key ? name : text;
}

/* ---- values ---- */

void
page_time(struct page *page, const char *name, unix_time t)
{
	AUTO(writer) text = writer_new(64);
	char people[32];

	if (t == 0) {
		page_text(page, name, NULL);
		return;
	}
	time_write(&text, t);
	(void)snprintf(people, sizeof(people), "%.10s %.5s UTC", (const char *)writer_span(&text).ptr,
		(const char *)writer_span(&text).ptr + 11);
	page_text(page, name, people);
}

void
page_span_of_time(struct page *page, const char *name, int64_t seconds)
{
	char text[32];
	const int64_t s = seconds < 0 ? 0 : seconds;

	if (s < 2 * MINUTE)
		(void)snprintf(text, sizeof(text), "%lld s", (long long)s);
	else if (s < 2 * HOUR)
		(void)snprintf(text, sizeof(text), "%lld min", (long long)(s / MINUTE));
	else if (s < 2 * DAY)
		(void)snprintf(text, sizeof(text), "%lld h", (long long)(s / HOUR));
	else
		(void)snprintf(text, sizeof(text), "%lld d", (long long)(s / DAY));
	page_text(page, name, text);
}

void
page_ago(struct page *page, const char *name, unix_time t, unix_time now)
{
	if (t == 0)
		page_text(page, name, NULL);
	else
		page_span_of_time(page, name, now - t);
}

void
page_hex(struct page *page, const char *name, struct span bytes)
{
	AUTO(writer) w = writer_new(1024);

	hex_write(&w, bytes);
	page_span(page, name, writer_span(&w));
}

void
page_base64url(struct page *page, const char *name, struct span bytes)
{
	AUTO(writer) w = writer_new(1024);

	base64url_write(&w, bytes);
	page_span(page, name, writer_span(&w));
}

void
page_uuid(struct page *page, const char *name, const struct uuid *u)
{
	AUTO(writer) w = writer_new(UUID_TEXT_LEN);

	uuid_write(&w, u);
	page_span(page, name, writer_span(&w));
}

/* ---- the frame ---- */

/* The same page in another language: its own query stays, but for lang. */
static void
write_here(const struct request *request, struct writer *w)
{
	static const char *const kept[] = {"q", "state", "profile", "text", "after", "action", "reason", "issuer",
		"from", "before", NULL};

	writer_text(w, "?");
	for (size_t i = 0; kept[i] != NULL; i++)
		if (request_query(request, kept[i]) != NULL)
			form_write(w, kept[i], request_query(request, kept[i]));
	writer_text(w, w->len > 1 ? "&" : "");
}

static void
put_languages(struct page *page, const struct console *k, const struct request *request, const char *current)
{
	const char *const *const languages = templates_languages(k->pages);
	AUTO(writer) here = writer_new(4096);

	write_here(request, &here);
	for (size_t i = 0; languages[i] != NULL; i++) {
		page_item(page, "languages");
		page_text(page, "code", languages[i]);
		page_span(page, "here", writer_span(&here));
		page_text(page, "name", templates_text(k->pages, languages[i], "language"));
		page_bool(page, "current", strcmp(languages[i], current) == 0);
		page_item_end(page);
	}
}

static void
put_frame(struct page *page, const struct visit *v, const char *which)
{
	static const char *const places[] = {"queue", "certificates", "bulk", "health"};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "at_%s", places[i]);
		page_bool(page, name, strcmp(places[i], which) == 0);
	}
	page_bool(page, "inside", v != NULL);
	page_text(page, "office", v != NULL ? v->title : NULL);
	page_text(page, "form", v != NULL ? v->session.form : NULL);
}

enum err
page_send(const struct cad *c, const struct visit *v, const struct request *request, const char *which,
	const char *name, struct page *page, struct reply *reply)
{
	const struct console *const k = c->console;
	const char *const language = page_language(k, request);

	put_languages(page, k, request, language);
	put_frame(page, v, which);
	if (request_query(request, "lang") != NULL)
		reply_cookie(reply, "lang", language, "Lax", 365 * DAY);
	/* With no-referrer a form would be sent with "Origin: null", and could not be told from a foreign one. */
	reply_header(reply, "Referrer-Policy", "same-origin");
	reply_header(reply, "X-Frame-Options", "DENY");
	reply_header(reply, "Permissions-Policy", "camera=(), geolocation=(), microphone=()");
	/* No script at all. Leaving ends at the identity provider: Chromium holds the redirect after a form to form-action. */
	reply_headerf(reply, "Content-Security-Policy",
		"default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self' %s; base-uri 'none'; frame-ancestors 'none'",
		c->config.console_issuer);
	return template_render(k->pages, name, language, page, reply_body(reply, "text/html; charset=utf-8"));
}

/* ---- refusals ---- */

static bool
is_for_people(const struct cad *c, const struct request *request)
{
	const char *const accept = request_header(request, "Accept"), *const path = request_path(request);

	return c->console != NULL && strncmp(path, "/console", strlen("/console")) == 0 && accept != NULL &&
		strstr(accept, "text/html") != NULL;
}

/* What people are told of e: a text of its own where there is one. */
static const char *
reason_of(const struct console *k, const struct request *request, enum err e)
{
	const char *const text = page_word(k, request, "refusal", err_name(e));

	return strcmp(text, err_name(e)) != 0 ? text
					      : page_word(k, request, "refusal", err_http(e) >= 500 ? "ours" : "yours");
}

void
console_refusal(void *daemon, struct request *request, enum err e, struct reply *reply)
{
	struct cad *const c = daemon;
	AUTO(page) *page = NULL;

	if (!is_for_people(c, request) || page_new(&page) != ERR_OK) {
		problem_write(reply, e, err_http(e), err_why());
		return;
	}
	page_int(page, "status", err_http(e));
	page_text(page, "reason", reason_of(c->console, request, e));
	page_text(page, "why", err_http(e) < 500 && *err_why() != '\0' ? err_why() : NULL);
	if (page_send(c, NULL, request, "", "refusal", page, reply) != ERR_OK)
		problem_write(reply, e, err_http(e), err_why());
}

/* The few files of the house's look, by name: nothing else of the folder is served. */
static const struct {
	const char *name, *path, *type;
} files[] = {
	{"mohar.css", "idp/web/static/mohar.css", "text/css; charset=utf-8"},
	{"console.css", "ca/web/static/console.css", "text/css; charset=utf-8"},
	{"seal.svg", "idp/web/static/seal.svg", "image/svg+xml"},
	{"guilloche.svg", "idp/web/static/guilloche.svg", "image/svg+xml"},
	{"rosette.svg", "idp/web/static/rosette.svg", "image/svg+xml"},
};

enum err
console_static(void *daemon, struct request *request, struct reply *reply)
{
	const struct cad *const c = daemon;
	const char *const file = request_param(request, "file");

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char path[PATH_MAX];

		if (strcmp(files[i].name, file) != 0)
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", c->config.share, files[i].path);
		TRY(file_read(path, MAX_STATIC, reply_body(reply, files[i].type)));
		reply_cache(reply, 3600, true);
		return ERR_OK;
	}
	return ERR_NOT_FOUND;
}
