#include "http/intake.h"

#include <microhttpd.h>
#include <string.h>
#include <strings.h>

/* The collecting of header fields, which libmicrohttpd does by calling back. */
struct collecting {
	struct request *r;
	enum err e;
};

static bool
may_repeat(const char *name)
{
	return strcasecmp(name, "Cookie") == 0 || strncasecmp(name, "Accept", 6) == 0;
}

/* RFC 9110 5.6.2: tchar; letters first, for there is little else. */
static bool
is_token(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || (c >= '0' && c <= '9') ||
		(c != '\0' && strchr("!#$%&'*+.^_`|~", c) != NULL);
}

static enum err
check_field(const struct request *r, const char *name, const char *value, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		const unsigned char c = (unsigned char)value[i];

		REQUIRE_WHY((c >= 0x20 && c != 0x7f) || c == '\t', ERR_MALFORMED,
			"RFC 9110 5.5: control character in header %.40s", name);
	}
	REQUIRE_WHY(name[0] != '\0', ERR_MALFORMED, "RFC 9110 5.1: header without a name");
	for (const char *at = name; *at != '\0'; at++)
		REQUIRE_WHY(is_token(*at), ERR_MALFORMED, "RFC 9110 5.6.2: a header name that is no token");
	REQUIRE_WHY(may_repeat(name) || request_header(r, name) == NULL, ERR_MALFORMED,
		"RFC 9110 5.3: header %.40s more than once", name);
	return ERR_OK;
}

static enum MHD_Result
collect(void *context, enum MHD_ValueKind kind, const char *name, size_t name_len, const char *value, size_t value_len)
{
	struct collecting *c = context;

	(void)kind;
	if (value == NULL)
		value = "";
	if (name_len != strlen(name))
		c->e = err_because(ERR_MALFORMED, "RFC 9110 5.1: bad header name");
	else if (c->r->header_count == MAX_REQUEST_HEADERS)
		c->e = err_because(ERR_TOO_LONG, "more than %d header fields", MAX_REQUEST_HEADERS);
	else
		c->e = check_field(c->r, name, value, value_len);
	if (c->e != ERR_OK)
		return MHD_NO;
	c->r->headers[c->r->header_count++] = (struct http_header){name, value};
	return MHD_YES;
}

/* RFC 9110 8.6: digits only. */
static bool
read_length(const char *text, uint64_t *out)
{
	uint64_t n = 0;

	if (text[0] == '\0' || strlen(text) > 18)
		return false;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return false;
		n = n * 10 + (uint64_t)(*text - '0');
	}
	*out = n;
	return true;
}

static enum err
frame(const struct request *r, const char *version, struct framing *f)
{
	const char *length = request_header(r, "Content-Length"), *encoding = request_header(r, "Transfer-Encoding");

	f->broken = true;
	REQUIRE_WHY(length == NULL || encoding == NULL, ERR_MALFORMED,
		"RFC 9112 6.1: Content-Length with Transfer-Encoding");
	if (encoding != NULL) {
		REQUIRE_WHY(strcasecmp(encoding, "chunked") == 0 && strcmp(version, "HTTP/1.1") == 0, ERR_MALFORMED,
			"RFC 9112 6.1: Transfer-Encoding other than chunked");
		f->has_body = f->chunked = true;
	}
	if (length != NULL) {
		REQUIRE_WHY(read_length(length, &f->length), ERR_MALFORMED,
			"RFC 9110 8.6: Content-Length is no number");
		f->has_body = f->length > 0;
	}
	f->broken = false;
	return ERR_OK;
}

static enum err
check_target(const struct request *r)
{
	REQUIRE_WHY(r->path[0] == '/', ERR_MALFORMED, "RFC 9112 3.2.1: the request target must start with '/'");
	for (const char *at = r->path; *at != '\0'; at++)
		REQUIRE_WHY(*at > 0x20 && *at < 0x7f && *at != '#', ERR_MALFORMED,
			"RFC 3986 3.3: a byte that must be percent-encoded in the path");
	return ERR_OK;
}

enum err
intake(struct request *r, const char *version, struct framing *framing)
{
	struct collecting c = {r, ERR_OK};

	*framing = (struct framing){.broken = true};
	(void)MHD_get_connection_values_n(r->connection, MHD_HEADER_KIND, collect, &c);
	TRY(c.e);
	TRY(frame(r, version, framing));
	REQUIRE_WHY(request_header(r, "Host") != NULL || strcmp(version, "HTTP/1.1") != 0, ERR_MALFORMED,
		"RFC 9112 3.2: no Host");
	return check_target(r);
}

/* "application/x-www-form-urlencoded", with or without parameters. */
static bool
is_form(const struct request *r)
{
	static const char type[] = "application/x-www-form-urlencoded";
	const char *given = request_header(r, "Content-Type");

	return given != NULL && strncasecmp(given, type, sizeof(type) - 1) == 0 &&
		strchr(" \t;", given[sizeof(type) - 1]) != NULL;
}

enum err
intake_parameters(struct request *r)
{
	if (r->query_raw[0] != '\0')
		TRY(form_read(span_of(r->query_raw), &r->arena, &r->query));
	if (r->body.len > 0 && is_form(r))
		TRY(form_read(writer_span(&r->body), &r->arena, &r->form));
	return ERR_OK;
}
