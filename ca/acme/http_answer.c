#include "ca/acme/http_answer.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/reader.h"

/* ---- the head (RFC 9112) ---- */

static bool
digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static enum problem
read_status(struct span line, int *status)
{
	const uint8_t *p = line.ptr;

	ACME_WHY(line.len >= 12 && memcmp(p, "HTTP/1.", 7) == 0 && digit(p[7]) && p[8] == ' ' && digit(p[9]) &&
			digit(p[10]) && digit(p[11]) && (line.len == 12 || p[12] == ' '),
		ACME_INCORRECT_RESPONSE, "what answers there does not speak HTTP/1");
	*status = (p[9] - '0') * 100 + (p[10] - '0') * 10 + (p[11] - '0');
	return ACME_OK;
}

static struct span
trim(struct span s)
{
	while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
		s = span_at(s.ptr + 1, s.len - 1);
	while (s.len > 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
		s.len--;
	return s;
}

struct head {
	struct http_answer *answer;
	bool has_length;
	size_t length;
};

static enum problem
read_length(struct span value, struct head *h)
{
	size_t n = 0;

	for (size_t i = 0; i < value.len; i++) {
		ACME_WHY(digit(value.ptr[i]) && n <= MAX_HTTP_ANSWER, ACME_INCORRECT_RESPONSE,
			"the answer is longer than %d bytes, or its Content-Length is no number", MAX_HTTP_ANSWER);
		n = 10 * n + (size_t)(value.ptr[i] - '0');
	}
	ACME_WHY(value.len > 0 && n <= MAX_HTTP_ANSWER && (!h->has_length || h->length == n), ACME_INCORRECT_RESPONSE,
		"the answer is longer than %d bytes, or says two lengths", MAX_HTTP_ANSWER);
	h->has_length = true;
	h->length = n;
	return ACME_OK;
}

static bool
named(struct span name, const char *wanted)
{
	return name.len == strlen(wanted) && strncasecmp((const char *)name.ptr, wanted, name.len) == 0;
}

static enum problem
read_field(struct span line, struct head *h)
{
	struct reader r = reader_over(line);
	struct span name;

	ACME_WHY(reader_until(&r, ':', &name) == ERR_OK && name.len > 0, ACME_INCORRECT_RESPONSE,
		"a header field of the answer is out of form");
	const struct span value = trim(r.left);

	ACME_WHY(!named(name, "transfer-encoding"), ACME_INCORRECT_RESPONSE,
		"RFC 9112 6.1: a transfer coding, in answer to HTTP/1.0");
	if (named(name, "location"))
		h->answer->location = value;
	return named(name, "content-length") ? read_length(value, h) : ACME_OK;
}

/* The next line without its end; false if there is none yet. */
static bool
next_line(struct reader *r, struct span *line)
{
	struct reader ahead = *r;

	if (reader_until(&ahead, '\n', line) != ERR_OK)
		return false;
	if (line->len > 0 && line->ptr[line->len - 1] == '\r')
		line->len--;
	*r = ahead;
	return true;
}

enum problem
http_answer_read(struct span bytes, struct http_answer *out, bool *more)
{
	struct reader r = reader_over(bytes);
	struct head h = {.answer = out};
	struct span line;

	*out = (struct http_answer){0};
	*more = true;
	if (!next_line(&r, &line)) {
		ACME_WHY(bytes.len < 7 || memcmp(bytes.ptr, "HTTP/1.", 7) == 0, ACME_INCORRECT_RESPONSE,
			"what answers there does not speak HTTP/1");
		return ACME_OK;
	}
	ACME_TRY(read_status(line, &out->status));
	for (;;) {
		if (!next_line(&r, &line))
			return ACME_OK;
		if (line.len == 0)
			break;
		ACME_TRY(read_field(line, &h));
	}
	*more = false;
	out->body = r.left;
	out->complete = h.has_length && r.left.len >= h.length;
	if (out->complete)
		out->body.len = h.length;
	return ACME_OK;
}

/* ---- where a redirect leads (RFC 3986) ---- */

static enum problem
read_port(struct span text, uint16_t *out)
{
	unsigned n = 0;

	ACME_WHY(text.len > 0 && text.len <= 5, ACME_INCORRECT_RESPONSE, "the redirect names a port that is none");
	for (size_t i = 0; i < text.len; i++) {
		ACME_WHY(digit(text.ptr[i]), ACME_INCORRECT_RESPONSE, "the redirect names a port that is none");
		n = 10 * n + (unsigned)(text.ptr[i] - '0');
	}
	ACME_WHY(n > 0 && n <= 65535, ACME_INCORRECT_RESPONSE, "the redirect names a port that is none");
	*out = (uint16_t)n;
	return ACME_OK;
}

static enum problem
take_host(struct span host, struct http_place *out)
{
	ACME_WHY(host.len > 0 && host.len < sizeof(out->host), ACME_INCORRECT_RESPONSE,
		"the redirect names no host, or a very long one");
	for (size_t i = 0; i < host.len; i++) {
		const uint8_t c = host.ptr[i];
		const bool ok =
			digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || strchr("-.:_", c) != NULL;

		ACME_WHY(ok && c != 0, ACME_INCORRECT_RESPONSE, "the redirect names a host that is none");
		out->host[i] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
	}
	out->host[host.len] = '\0';
	return ACME_OK;
}

static enum problem
take_authority(struct span authority, struct http_place *out)
{
	const bool bracket = authority.len > 0 && authority.ptr[0] == '[';
	const uint8_t *end = bracket ? memchr(authority.ptr, ']', authority.len) : NULL;
	struct reader r = reader_over(authority);
	struct span host;

	ACME_WHY(authority.len > 0 && authority.len < sizeof(out->authority) &&
			memchr(authority.ptr, '@', authority.len) == NULL && bracket == (end != NULL),
		ACME_INCORRECT_RESPONSE, "the redirect's address is out of form");
	memcpy(out->authority, authority.ptr, authority.len);
	out->authority[authority.len] = '\0';
	out->port = 0;
	if (end != NULL) {
		host = span_at(authority.ptr + 1, (size_t)(end - authority.ptr) - 1);
		r.left = span_at(end + 1, authority.len - host.len - 2);
		ACME_WHY(r.left.len == 0 || r.left.ptr[0] == ':', ACME_INCORRECT_RESPONSE,
			"the redirect's address is out of form");
		if (r.left.len > 0)
			ACME_TRY(read_port(span_at(r.left.ptr + 1, r.left.len - 1), &out->port));
	} else if (reader_until(&r, ':', &host) == ERR_OK) {
		ACME_TRY(read_port(r.left, &out->port));
	} else {
		host = authority;
	}
	err_forget();
	return take_host(host, out);
}

static bool
starts_with(struct span s, const char *prefix)
{
	return s.len >= strlen(prefix) && strncasecmp((const char *)s.ptr, prefix, strlen(prefix)) == 0;
}

enum problem
http_place_read(struct span location, const struct http_place *from, struct http_place *out)
{
	ACME_WHY(location.len > 0 && location.len <= MAX_LOCATION, ACME_INCORRECT_RESPONSE,
		"the redirect says not where to, or at great length");
	for (size_t i = 0; i < location.len; i++)
		ACME_WHY(location.ptr[i] > ' ' && location.ptr[i] < 0x7f, ACME_INCORRECT_RESPONSE,
			"the redirect has characters that no address has");
	*out = *from;
	struct span rest = location;

	if (location.ptr[0] != '/' || starts_with(location, "//")) {
		out->tls = starts_with(location, "https://");
		ACME_WHY(out->tls || starts_with(location, "http://"), ACME_INCORRECT_RESPONSE,
			"the redirect leads neither to http nor to https");
		const size_t scheme = out->tls ? sizeof("https://") - 1 : sizeof("http://") - 1;
		size_t len = 0;

		rest = span_at(location.ptr + scheme, location.len - scheme);
		while (len < rest.len && strchr("/?#", rest.ptr[len]) == NULL)
			len++;
		ACME_TRY(take_authority(span_at(rest.ptr, len), out));
		rest = span_at(rest.ptr + len, rest.len - len);
	}
	const uint8_t *fragment = rest.len > 0 ? memchr(rest.ptr, '#', rest.len) : NULL;

	if (fragment != NULL)
		rest.len = (size_t)(fragment - rest.ptr);
	(void)snprintf(out->target, sizeof(out->target), "%s%.*s", rest.len > 0 && rest.ptr[0] == '/' ? "" : "/",
		(int)rest.len, (const char *)rest.ptr);
	return ACME_OK;
}
