#include "idp/login/frame.h"

#include <stdio.h>
#include <string.h>

#define POLICY                                                                                          \
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " \
	"frame-ancestors 'none'; base-uri 'none'; form-action 'self'"

enum { LANGUAGE_SECONDS = 365 * 24 * 3600, MAX_HERE = 4096, MAX_ORIGIN = 300 };

const char *
frame_language(const struct idp *d, const struct request *request)
{
	const char *asked = request_query(request, "lang");

	for (const char *const *l = templates_languages(d->pages); asked != NULL && *l != NULL; l++)
		if (strcmp(*l, asked) == 0)
			return *l;
	return NULL;
}

/* This page's address up to where "lang=..." is put: what was asked, without an earlier lang. */
static void
write_here(const struct request *request, struct writer *w)
{
	const char *path = request_path(request), *query = request_query_raw(request);

	/* "//host" and "/\host" would lead a browser away from here */
	writer_text(w, path[0] == '/' && path[1] != '/' && path[1] != '\\' ? path : "/");
	writer_text(w, "?");
	while (*query != '\0') {
		const size_t len = strcspn(query, "&");

		if (strncmp(query, "lang=", 5) != 0) {
			writer_bytes(w, span_at(query, len));
			writer_text(w, "&");
		}
		query += len;
		query += *query == '&';
	}
}

void
page_frame(const struct idp *d, const struct request *request, struct reply *reply, const char *language,
	struct page *p)
{
	AUTO(writer) here = writer_new(MAX_HERE);
	const char *asked = frame_language(d, request);

	write_here(request, &here);
	page_text(p, "here", writer_done(&here) == ERR_OK ? (const char *)writer_span(&here).ptr : "/?");
	for (const char *const *l = templates_languages(d->pages); *l != NULL; l++) {
		page_item(p, "languages");
		page_text(p, "code", *l);
		page_text(p, "name", templates_text(d->pages, *l, "language_name"));
		page_bool(p, "current", strcmp(*l, language) == 0);
		page_item_end(p);
	}
	reply_header(reply, "Content-Security-Policy", POLICY);
	/* with no-referrer a form would be sent with "Origin: null", and could not be told from a foreign one */
	reply_header(reply, "Referrer-Policy", "same-origin");
	reply_header(reply, "Vary", "Accept-Language, Cookie");
	if (asked != NULL)
		reply_cookie(reply, "lang", asked, "Lax", LANGUAGE_SECONDS);
}

/* The length of scheme, host and port of an http(s) address in which nothing could end a policy's directive; 0 if it is none. */
static size_t
origin_len(const char *uri)
{
	static const char host_characters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]";
	const size_t scheme = strncmp(uri, "https://", 8) == 0 ? 8 : strncmp(uri, "http://", 7) == 0 ? 7 : 0;
	const size_t host = scheme == 0 ? 0 : strspn(uri + scheme, host_characters);

	if (host == 0 || scheme + host > MAX_ORIGIN ||
		(uri[scheme + host] != '\0' && strchr("/?", uri[scheme + host]) == NULL))
		return 0;
	return scheme + host;
}

void
frame_form_to(struct reply *reply, const char *uri)
{
	const size_t len = uri == NULL ? 0 : origin_len(uri);

	if (len > 0)
		reply_headerf(reply, "Content-Security-Policy", POLICY " %.*s", (int)len, uri);
}

void
page_level(struct page *p, int64_t level)
{
	page_int(p, "level", level);
	page_bool(p, "level_1", level <= 1);
	page_bool(p, "level_2", level == 2);
	page_bool(p, "level_3", level >= 3);
}

void
page_time(struct page *p, const char *name, unix_time t)
{
	AUTO(writer) iso = writer_new(32);
	char iso_name[64], text[32];

	(void)snprintf(iso_name, sizeof(iso_name), "%s_iso", name);
	if (t == 0) {
		page_text(p, name, NULL);
		page_text(p, iso_name, NULL);
		return;
	}
	time_write(&iso, t);
	/* to the minute, and the zone, since a browser does not turn it into its own */
	(void)snprintf(text, sizeof(text), "%.16s UTC", (const char *)writer_span(&iso).ptr);
	text[10] = ' ';
	page_text(p, name, text);
	page_span(p, iso_name, writer_span(&iso));
}
