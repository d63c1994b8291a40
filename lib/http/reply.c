#include "http/exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool
is_clean(const char *text)
{
	for (; *text != '\0'; text++)
		if (((unsigned char)*text < 0x20 && *text != '\t') || *text == 0x7f)
			return false;
	return true;
}

/* name is a literal of the caller's, value lives in the arena. */
static void
add(struct reply *r, const char *name, const char *value)
{
	if (value == NULL || !is_clean(value) || r->header_count == MAX_REPLY_HEADERS) {
		r->broken = true;
		return;
	}
	r->headers[r->header_count++] = (struct http_header){name, value};
}

void
reply_status(struct reply *r, int status)
{
	r->status = status;
}

/* A header that may come only once takes the place of an earlier one. */
static void
drop(struct reply *r, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < r->header_count; i++)
		if (strcasecmp(r->headers[i].name, name) != 0)
			r->headers[n++] = r->headers[i];
	r->header_count = n;
}

static bool
may_repeat(const char *name)
{
	return strcasecmp(name, "Set-Cookie") == 0 || strcasecmp(name, "WWW-Authenticate") == 0 ||
		strcasecmp(name, "Link") == 0 || strcasecmp(name, "Vary") == 0;
}

void
reply_header(struct reply *r, const char *name, const char *value)
{
	if (!may_repeat(name))
		drop(r, name);
	add(r, name, arena_text(r->arena, span_of(value)));
}

void
reply_headerf(struct reply *r, const char *name, const char *format, ...)
{
	va_list args;
	char *value;

	va_start(args, format);
	value = arena_format(r->arena, format, args);
	va_end(args);
	if (!may_repeat(name))
		drop(r, name);
	add(r, name, value);
}

const char *
reply_find(const struct reply *r, const char *name)
{
	for (size_t i = 0; i < r->header_count; i++)
		if (strcasecmp(r->headers[i].name, name) == 0)
			return r->headers[i].value;
	return NULL;
}

struct writer *
reply_body(struct reply *r, const char *content_type)
{
	r->content_type = content_type;
	return &r->body;
}

void
reply_static(struct reply *r, const char *content_type, struct span bytes, void (*done)(void *), void *context)
{
	reply_release(r);
	r->content_type = content_type;
	r->is_static = true;
	r->bytes = bytes;
	r->done = done;
	r->done_context = context;
}

struct json_writer
reply_json(struct reply *r)
{
	return json_to(reply_body(r, "application/json"));
}

void
reply_cache(struct reply *r, int max_age, bool is_public)
{
	r->max_age = max_age;
	r->is_public = is_public;
}

void
reply_etag(struct reply *r, const char *etag)
{
	const bool quoted = etag[0] == '"' || strncmp(etag, "W/", 2) == 0;
	const size_t room = strlen(etag) + 3;
	char *made = arena_take(r->arena, room);

	if (made == NULL || !is_clean(etag)) {
		r->broken = true;
		return;
	}
	(void)snprintf(made, room, quoted ? "%s" : "\"%s\"", etag);
	r->etag = made;
}

void
reply_redirect(struct reply *r, const char *location)
{
	for (const char *at = location; *at != '\0'; at++)
		if (*at <= 0x20 || *at == 0x7f || *at == '\\' || *at == '"' || *at == '<' || *at == '>')
			r->broken = true;
	r->status = 303;
	reply_header(r, "Location", location);
}

void
reply_retry(struct reply *r, int status, int seconds)
{
	r->status = status;
	reply_headerf(r, "Retry-After", "%d", seconds);
}

void
reply_release(struct reply *r)
{
	if (r->done != NULL)
		r->done(r->done_context);
	r->done = NULL;
	r->is_static = false;
	r->bytes = (struct span){0};
	writer_free(&r->body);
}

void
reply_restart(struct reply *r)
{
	reply_release(r);
	drop(r, "Location");
	r->content_type = NULL;
	r->etag = NULL;
	r->max_age = 0;
	r->is_public = false;
	r->broken = false;
}
