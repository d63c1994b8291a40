#include "http/exchange.h"

#include <string.h>
#include <strings.h>

/* RFC 6265 4.1.1: cookie-octet, without white space, quote, comma, semicolon and backslash. */
static bool
is_octet(uint8_t c)
{
	return c > 0x20 && c < 0x7f && c != '"' && c != ',' && c != ';' && c != '\\';
}

static bool
is_value(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_octet(s.ptr[i]))
			return false;
	return true;
}

/* The next name=value of a Cookie header; text moves behind it. */
static bool
next_pair(const char **text, struct span *name, struct span *value)
{
	const char *start = *text + strspn(*text, "; \t");
	const size_t len = strcspn(start, ";");
	const char *equals = memchr(start, '=', len);

	if (*start == '\0')
		return false;
	*text = start + len;
	if (equals == NULL) {
		*name = *value = span_at(start, 0);
		return true;
	}
	*name = span_at(start, (size_t)(equals - start));
	*value = span_at(equals + 1, len - (size_t)(equals + 1 - start));
	return true;
}

static const char prefix[] = "__Host-";

/* Callers may write the prefix or leave it out. */
static const char *
bare(const char *name)
{
	return strncmp(name, prefix, sizeof(prefix) - 1) == 0 ? name + sizeof(prefix) - 1 : name;
}

/* Counts the cookies of that name in one header and keeps the last one's value. */
static size_t
look_for(const char *header, const char *wanted, struct span *found)
{
	struct span name, value;
	size_t count = 0;

	while (next_pair(&header, &name, &value)) {
		if (!span_starts(name, SPAN(prefix)) ||
			!span_is(span_at(name.ptr + sizeof(prefix) - 1, name.len - sizeof(prefix) + 1), bare(wanted)))
			continue;
		count++;
		*found = value;
	}
	return count;
}

const char *
request_cookie(const struct request *r, const char *name)
{
	/* Handlers hold the request const; its arena is not part of what they see. */
	struct arena *arena = (struct arena *)(uintptr_t)&r->arena;
	struct span found = {0};
	size_t count = 0;

	for (size_t i = 0; i < r->header_count; i++)
		if (strcasecmp(r->headers[i].name, "Cookie") == 0)
			count += look_for(r->headers[i].value, name, &found);
	if (count != 1 || !is_value(found))
		return NULL;
	return arena_text(arena, found);
}

void
reply_cookie(struct reply *r, const char *name, const char *value, const char *same_site, int max_age)
{
	if (!is_value(span_of(value)) || !is_value(span_of(name)) || strchr(name, '=') != NULL) {
		r->broken = true;
		return;
	}
	if (max_age < 0)
		reply_headerf(r, "Set-Cookie", "__Host-%s=%s; Path=/; Secure; HttpOnly; SameSite=%s", bare(name), value,
			same_site);
	else
		reply_headerf(r, "Set-Cookie", "__Host-%s=%s; Path=/; Secure; HttpOnly; SameSite=%s; Max-Age=%d",
			bare(name), value, same_site, max_age);
}
