#include "hsm/quorum/summary.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/encode.h"

/* Zero-width and other characters that show nothing, and so could hide a difference. */
static bool
is_invisible(uint32_t c)
{
	return c == 0xad || c == 0x34f || c == 0x61c || c == 0x115f || c == 0x1160 || c == 0x17b4 || c == 0x17b5 ||
		(c >= 0x180b && c <= 0x180f) || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
		(c >= 0x2060 && c <= 0x206f) || c == 0x3164 || (c >= 0xe000 && c <= 0xf8ff) ||
		(c >= 0xfe00 && c <= 0xfe0f) || c == 0xfeff || c == 0xffa0 || (c >= 0xfff0 && c <= 0xfffb) ||
		c >= 0xe0000;
}

static bool
is_space(uint32_t c)
{
	return c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x202f || c == 0x205f || c == 0x3000;
}

static uint32_t
code_point(struct span c)
{
	static const uint8_t masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	uint32_t point = c.ptr[0] & masks[c.len];

	for (size_t i = 1; i < c.len; i++)
		point = point << 6 | (c.ptr[i] & 0x3f);
	return point;
}

static void
character(struct writer *w, struct span c, bool edge)
{
	const uint32_t point = code_point(c);

	if (point == '\\')
		writer_text(w, "\\\\");
	else if ((point == ' ' && edge) || is_space(point) || is_invisible(point) || !span_is_line(c))
		writer_format(w, "\\u{%X}", (unsigned)point);
	else
		writer_bytes(w, c);
}

/* Letters that one reads without thinking: of ASCII, and of Latin as its neighbours write it (Latin-1, Latin Extended-A) but for those that pass for others. */
static bool
is_latin(uint32_t c)
{
	return c < 0x7f ||
		(c >= 0xc0 && c <= 0x17f && c != 0xd7 && c != 0xf7 && c != 0x131 && c != 0x138 && c != 0x17f);
}

/* Other letters may look like these: U+0430 is no "a". They are shown, and told beside it by their numbers. */
static void
others_write(struct writer *w, struct span text)
{
	bool any = false;

	for (size_t i = 0; i < text.len;) {
		const struct span left = span_at(text.ptr + i, text.len - i);
		const size_t len = span_character(left);
		const uint32_t point = len == 0 ? 0 : code_point(span_at(left.ptr, len));

		if (len > 0 && !is_latin(point) && !is_space(point) && !is_invisible(point) &&
			span_is_line(span_at(left.ptr, len))) {
			writer_format(w, "%s\\u{%X}", any ? "" : "  (not Latin: ", (unsigned)point);
			any = true;
		}
		i += len == 0 ? 1 : len;
	}
	if (any)
		writer_u8(w, ')');
}

void
summary_foreign(struct writer *w, struct span text)
{
	for (size_t i = 0; i < text.len;) {
		const struct span left = span_at(text.ptr + i, text.len - i);
		const size_t len = span_character(left);

		if (len == 0)
			writer_format(w, "\\x%02X", left.ptr[0]);
		else
			character(w, span_at(left.ptr, len), i == 0 || i + len == text.len);
		i += len == 0 ? 1 : len;
	}
	others_write(w, text);
}

void
summary_name(struct writer *w, const char *name)
{
	writer_format(w, "  %-*s ", SUMMARY_COLUMN - 3, name);
}

void
summary_line(struct writer *w, const char *name, const char *format, ...)
{
	char value[512];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(value, sizeof(value), format, arguments);
	va_end(arguments);
	summary_name(w, name);
	writer_text(w, value);
	writer_u8(w, '\n');
}

void
summary_time(struct writer *w, const char *name, unix_time t)
{
	const time_t seconds = (time_t)t;
	struct tm tm = {0};
	char text[64] = "";

	(void)gmtime_r(&seconds, &tm);
	(void)strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm);
	summary_line(w, name, "%s", text);
}

void
summary_hash(struct writer *w, const char *name, const struct sha256 *h)
{
	summary_name(w, name);
	hex_write(w, sha256_span(h));
	writer_u8(w, '\n');
}

void
summary_end(struct writer *w, const struct policy *p)
{
	writer_format(w, "\nIt is done once %lld of these %zu custodians approve (keys.json version %lld):\n",
		(long long)p->file.custodians.k, p->file.custodians.names.count, (long long)p->file.version);
	for (size_t i = 0; i < p->file.custodians.names.count; i++) {
		writer_text(w, "  ");
		summary_foreign(w, span_of(json_text_at(&p->file.custodians.names, i)));
		writer_u8(w, '\n');
	}
}
