#include "idp/page.h"

#include <ctype.h>

#include "idp/login/frame.h"
#include <stdio.h>
#include <string.h>

#include "http/problem.h"
#include "idp/oidc/interaction.h"

#define LANGUAGE_COOKIE "__Host-lang"

static const char *
language_known(const struct idp *d, struct span tag)
{
	const char *const *languages = templates_languages(d->pages);

	for (size_t i = 0; languages[i] != NULL; i++) {
		const size_t len = strlen(languages[i]);

		/* "dz-BT" is served by "dz" */
		if (tag.len >= len && memcmp(tag.ptr, languages[i], len) == 0 &&
			(tag.len == len || tag.ptr[len] == '-'))
			return languages[i];
	}
	return NULL;
}

/* OpenID Connect Core 3.1.2.1 ui_locales: space-separated language tags, in order of preference. */
static const char *
language_asked(const struct idp *d, const char *ui_locales)
{
	for (const char *at = ui_locales; at != NULL && *at != '\0';) {
		const size_t len = strcspn(at, " ");
		const char *found = language_known(d, span_at(at, len));

		if (found != NULL)
			return found;
		at += len;
		at += strspn(at, " ");
	}
	return NULL;
}

const char *
page_language(const struct idp *d, const struct request *request, const char *ui_locales)
{
	const char *chosen = frame_language(d, request);
	const char *found = chosen != NULL ? chosen : language_asked(d, ui_locales);
	const char *cookie = request_cookie(request, LANGUAGE_COOKIE);

	if (found == NULL && cookie != NULL)
		found = language_known(d, span_of(cookie));
	return found != NULL ? found : request_language(request, templates_languages(d->pages));
}

enum err
page_reply(struct idp *d, const struct request *request, struct reply *reply, const char *template,
	const char *ui_locales, struct page *p)
{
	AUTO(page) *empty = NULL;
	const char *language = page_language(d, request, ui_locales);

	if (p == NULL) {
		TRY(page_new(&empty));
		p = empty;
	}
	page_text(p, "issuer", d->settings.issuer);
	page_text(p, "language", language);
	page_text(p, "path", request_path(request));
	page_frame(d, request, reply, language, p);
	return template_render(d->pages, template, language, p, reply_body(reply, "text/html; charset=utf-8"));
}

/* A browser that navigates asks for HTML; programs do not (RFC 9110 12.5.1). */
static bool
wants_page(const struct request *request)
{
	const char *accept = request_header(request, "Accept");

	return accept != NULL && strstr(accept, "text/html") != NULL;
}

/* Somebody without a session opens a page of our own: they log in and come back. Only paths of ours, without a query. */
static bool
asks_for_own_page(const struct request *request)
{
	const char *path = request_path(request);

	return wants_page(request) && strcmp(request_method(request), "GET") == 0 && path[0] == '/' && path[1] != '/' &&
		strchr(path, '\\') == NULL;
}

static enum err
write_page(struct idp *d, const struct request *request, struct reply *reply, int status, const char *key)
{
	AUTO(page) *p = NULL;
	const char *language = page_language(d, request, request_query(request, "ui_locales"));

	TRY(page_new(&p));
	page_int(p, "status", status);
	page_text(p, "reason", templates_text(d->pages, language, key));
	reply_status(reply, status);
	return page_reply(d, request, reply, "error", NULL, p);
}

void
page_refusal(void *daemon, struct request *request, enum err e, struct reply *reply)
{
	struct idp *d = daemon;
	char key[64];

	snprintf(key, sizeof(key), "error_%s", err_name(e));
	for (char *c = key; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	if (e == ERR_UNAUTHENTICATED && asks_for_own_page(request) &&
		interaction_begin_page(d, request, reply, request_path(request), 1) == ERR_OK)
		return;
	if (d->pages == NULL || !wants_page(request) || write_page(d, request, reply, err_http(e), key) != ERR_OK)
		problem_write(reply, e, err_http(e), err_why());
}

enum err
page_error(struct idp *d, const struct request *request, struct reply *reply, int status, const char *text_key)
{
	return write_page(d, request, reply, status, text_key);
}
