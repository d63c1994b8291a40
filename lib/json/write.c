#include "json/json.h"

#include "base/encode.h"

struct json_writer
json_to(struct writer *w)
{
	return (struct json_writer){.to = w};
}

static void
fail(struct json_writer *j, enum err e)
{
	if (j->to->failed == ERR_OK)
		j->to->failed = e;
}

/* The short escapes of RFC 8259 7, else \u00XX. */
static void
write_escape(struct writer *w, uint8_t c)
{
	switch (c) {
	case '"':
		writer_text(w, "\\\"");
		break;
	case '\\':
		writer_text(w, "\\\\");
		break;
	case '\n':
		writer_text(w, "\\n");
		break;
	case '\r':
		writer_text(w, "\\r");
		break;
	case '\t':
		writer_text(w, "\\t");
		break;
	default:
		writer_format(w, "\\u%04x", c);
		break;
	}
}

/* A quoted string. What needs no escape is copied in runs. */
static void
write_string(struct json_writer *j, struct span text)
{
	size_t start = 0, at = 0;

	writer_u8(j->to, '"');
	while (at < text.len) {
		const uint8_t c = text.ptr[at];
		size_t len = 1;

		if (c >= 0x80) {
			len = span_character(span_at(text.ptr + at, text.len - at));
			if (len == 0) {
				fail(j, ERR_MALFORMED); /* RFC 8259 8.1: UTF-8 or nothing */
				return;
			}
		} else if (c < 0x20 || c == '"' || c == '\\') {
			writer_bytes(j->to, span_at(text.ptr + start, at - start));
			write_escape(j->to, c);
			start = at + 1;
		}
		at += len;
	}
	if (start < text.len)
		writer_bytes(j->to, span_at(text.ptr + start, at - start));
	writer_u8(j->to, '"');
}

/* The comma that is due, and the member's name. */
static void
begin(struct json_writer *j, const char *name)
{
	if (j->comma[j->depth])
		writer_u8(j->to, ',');
	j->comma[j->depth] = true;
	if (name != NULL) {
		write_string(j, span_of(name));
		writer_u8(j->to, ':');
	}
}

static void
enter(struct json_writer *j, const char *name, uint8_t bracket)
{
	begin(j, name);
	writer_u8(j->to, bracket);
	if (j->depth + 1 == MAX_JSON_DEPTH) {
		fail(j, ERR_TOO_LONG);
		return;
	}
	j->comma[++j->depth] = false;
}

static void
leave(struct json_writer *j, uint8_t bracket)
{
	if (j->depth == 0) {
		fail(j, ERR_MALFORMED); /* a caller's mistake must not become text */
		return;
	}
	j->depth--;
	writer_u8(j->to, bracket);
}

void
json_object(struct json_writer *j, const char *name)
{
	enter(j, name, '{');
}

void
json_object_end(struct json_writer *j)
{
	leave(j, '}');
}

void
json_array(struct json_writer *j, const char *name)
{
	enter(j, name, '[');
}

void
json_array_end(struct json_writer *j)
{
	leave(j, ']');
}

void
json_text(struct json_writer *j, const char *name, const char *text)
{
	if (text != NULL)
		json_span(j, name, span_of(text));
}

void
json_span(struct json_writer *j, const char *name, struct span text)
{
	begin(j, name);
	write_string(j, text);
}

void
json_int(struct json_writer *j, const char *name, int64_t n)
{
	begin(j, name);
	writer_format(j->to, "%lld", (long long)n);
}

void
json_bool(struct json_writer *j, const char *name, bool b)
{
	begin(j, name);
	writer_text(j->to, b ? "true" : "false");
}

void
json_bytes64(struct json_writer *j, const char *name, struct span bytes)
{
	begin(j, name);
	writer_u8(j->to, '"');
	base64url_write(j->to, bytes);
	writer_u8(j->to, '"');
}

void
json_hex(struct json_writer *j, const char *name, struct span bytes)
{
	begin(j, name);
	writer_u8(j->to, '"');
	hex_write(j->to, bytes);
	writer_u8(j->to, '"');
}

void
json_time(struct json_writer *j, const char *name, unix_time t)
{
	begin(j, name);
	writer_u8(j->to, '"');
	time_write(j->to, t);
	writer_u8(j->to, '"');
}

void
json_raw(struct json_writer *j, const char *name, struct span json)
{
	begin(j, name);
	writer_bytes(j->to, json);
}
