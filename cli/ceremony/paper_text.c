/* Pages for a line printer or a terminal. A line of the body begins with a mark: whether it may be the last one of its page. */
#include "cli/ceremony/paper.h"

#include <stdio.h>
#include <string.h>

#include "base/encode.h"

enum {
	HEAD_LINES = 4,
	BODY_LINES = PAPER_LINES - HEAD_LINES - 1,
	NAME_WIDTH = 16,
	KEEP = 'k',
	LOOSE = ' ',
	GROUP = 4,
	ROW_GROUPS = 8
};

/* East Asian wide characters take two columns (UAX 11); counting a combining mark as one only leaves room. */
static size_t
columns_of(struct span c)
{
	uint32_t point;

	if (c.len < 3)
		return 1;
	point = c.len == 3 ? (uint32_t)(c.ptr[0] & 0x0f) << 12 | (uint32_t)(c.ptr[1] & 0x3f) << 6 | (c.ptr[2] & 0x3f)
			   : 0x20000;
	return (point >= 0x1100 && point <= 0x115f) || (point >= 0x2e80 && point <= 0xa4cf) ||
			(point >= 0xac00 && point <= 0xd7a3) || (point >= 0xf900 && point <= 0xfaff) ||
			(point >= 0xfe30 && point <= 0xfe6f) || (point >= 0xff00 && point <= 0xffe6) || point >= 0x20000
		? 2
		: 1;
}

static void
line_begin(struct paper *p, char mark, size_t indent)
{
	writer_u8(&p->body, (uint8_t)mark);
	writer_format(&p->body, "%*s", (int)indent, "");
}

static void
line_end(struct paper *p)
{
	writer_u8(&p->body, '\n');
}

static void
empty(struct paper *p, char mark)
{
	line_begin(p, mark, 0);
	line_end(p);
}

/* Columns of the text up to its next blank, at most limit. */
static size_t
word_columns(struct span text, size_t limit)
{
	char escape[PAPER_ESCAPE];
	struct span shown;
	size_t columns = 0, len;

	while (columns < limit && text.len > 0 && text.ptr[0] != ' ' &&
		(len = paper_character(text, escape, &shown)) > 0) {
		columns += shown.ptr == text.ptr ? columns_of(shown) : shown.len;
		text = span_at(text.ptr + len, text.len - len);
	}
	return columns;
}

/* Words of a line that has begun at column `at`, further lines from `indent`. */
static void
flow(struct paper *p, size_t at, size_t indent, struct span text, char mark)
{
	char escape[PAPER_ESCAPE];
	struct span shown;
	size_t len;

	while ((len = paper_character(text, escape, &shown)) > 0) {
		const size_t width = shown.ptr == text.ptr ? columns_of(shown) : shown.len;
		const bool blank = text.ptr[0] == ' ';
		const struct span rest = span_at(text.ptr + len, text.len - len);
		const size_t word = blank ? 1 + word_columns(rest, PAPER_COLUMNS - indent) : width;

		if (at + word > PAPER_COLUMNS && at > indent) {
			line_end(p);
			line_begin(p, mark, indent);
			at = indent;
			if (blank) {
				text = rest;
				continue;
			}
		}
		writer_bytes(&p->body, shown);
		at += width;
		text = rest;
	}
	line_end(p);
}

static void
section(struct paper *p, const char *title)
{
	if (p->body.len > 0)
		empty(p, LOOSE);
	line_begin(p, KEEP, 0);
	writer_text(&p->body, title);
	line_end(p);
	line_begin(p, KEEP, 0);
	for (size_t i = 0; i < strlen(title); i++)
		writer_u8(&p->body, '-');
	line_end(p);
	p->open = false;
}

static size_t
indent_of(const struct paper *p)
{
	return p->open ? 6 : 2;
}

static void
name_write(struct paper *p, const char *name, char mark)
{
	line_begin(p, mark, indent_of(p));
	writer_format(&p->body, "%-*s  ", NAME_WIDTH, name);
}

static void
field(struct paper *p, const char *name, const char *value)
{
	const size_t indent = indent_of(p) + NAME_WIDTH + 2;

	name_write(p, name, LOOSE);
	flow(p, indent, indent, span_of(value), LOOSE);
}

/* Two rows of eight groups. The line has begun at column indent. */
static void
groups(struct paper *p, size_t indent, const char *hex, size_t len, char mark)
{
	for (size_t i = 0; i < len; i++) {
		if (i > 0 && i % ((size_t)GROUP * ROW_GROUPS) == 0) {
			line_end(p);
			line_begin(p, mark, indent);
		} else if (i > 0 && i % GROUP == 0) {
			writer_u8(&p->body, ' ');
		}
		writer_u8(&p->body, (uint8_t)hex[i]);
	}
	line_end(p);
}

static void
hash(struct paper *p, const char *name, const char *hex)
{
	name_write(p, name, KEEP);
	groups(p, indent_of(p) + NAME_WIDTH + 2, hex, strlen(hex), LOOSE);
}

static void
step(struct paper *p, size_t number, const char *title, const char *right)
{
	char line[PAPER_COLUMNS + 1];

	empty(p, LOOSE);
	(void)snprintf(line, sizeof(line), "%3zu.  %-52.52s", number, title);
	line_begin(p, KEEP, 0);
	writer_format(&p->body, "%-*.*s %20.20s", PAPER_COLUMNS - 21, PAPER_COLUMNS - 21, line, right);
	line_end(p);
	p->open = true;
}

static void
say(struct paper *p, const char *text)
{
	line_begin(p, KEEP, indent_of(p));
	writer_text(&p->body, "> ");
	flow(p, indent_of(p) + 2, indent_of(p) + 2, span_of(text), LOOSE);
}

/* One line of them; a hash at its end in groups. */
static void
word_line(struct paper *p, struct span line)
{
	size_t prefix;
	const char *hex = paper_line_hash(line, &prefix);

	line_begin(p, LOOSE, line.len > 0 ? 2 : 0);
	if (hex == NULL || prefix > PAPER_COLUMNS / 2) {
		flow(p, 2, span_starts(line, SPAN("  ")) ? 19 : 2, line, LOOSE);
		return;
	}
	writer_bytes(&p->body, span_at(line.ptr, prefix));
	groups(p, 2 + prefix, hex, 2 * SHA256_LEN, LOOSE);
}

static void
words(struct paper *p, const char *text)
{
	empty(p, KEEP);
	for (; *text != '\0'; text += strcspn(text, "\n"), text += *text == '\n')
		word_line(p, span_at(text, strcspn(text, "\n")));
	empty(p, LOOSE);
}

static void
blank(struct paper *p, const char *name)
{
	name_write(p, name, LOOSE);
	for (size_t i = indent_of(p) + NAME_WIDTH + 2; i < PAPER_COLUMNS; i++)
		writer_u8(&p->body, '_');
	line_end(p);
}

static void
node(struct paper *p, unsigned depth, const char *name, const char *detail)
{
	const size_t indent = 2 + 4 * (size_t)depth;

	line_begin(p, KEEP, depth == 0 ? indent : indent - 4);
	if (depth > 0)
		writer_text(&p->body, "+-- ");
	flow(p, indent, indent, span_of(name), LOOSE);
	if (detail[0] == '\0')
		return;
	line_begin(p, LOOSE, indent + 2);
	flow(p, indent + 2, indent + 2, span_of(detail), LOOSE);
}

static void
box(struct paper *p, const char *role, const char *name, const char *note)
{
	empty(p, LOOSE);
	line_begin(p, KEEP, 2);
	flow(p, 2, 4, span_of(role), KEEP);
	line_begin(p, KEEP, 2);
	writer_text(&p->body, "name       ");
	if (name[0] != '\0')
		flow(p, 13, 13, span_of(name), KEEP);
	else
		flow(p, 13, 13, SPAN("_____________________________________________________________"), KEEP);
	if (note[0] != '\0') {
		line_begin(p, KEEP, 13);
		flow(p, 13, 13, span_of(note), KEEP);
	}
	empty(p, KEEP);
	line_begin(p, LOOSE, 2);
	writer_text(&p->body, "signature  ______________________________________  date  ________________");
	line_end(p);
}

/* ---- pages ---- */

static size_t
line_len(const struct writer *body, size_t at)
{
	const uint8_t *end = memchr(body->ptr + at, '\n', body->len - at);

	return end == NULL ? body->len - at : (size_t)(end - (body->ptr + at)) + 1;
}

/* Where the page that begins at `at` ends: behind the last line that may be a page's last. */
static size_t
page_end(const struct writer *body, size_t at)
{
	size_t end = at, good = at;

	for (size_t lines = 0; lines < BODY_LINES && end < body->len; lines++) {
		const bool loose = body->ptr[end] == LOOSE;

		end += line_len(body, end);
		if (loose || end == body->len)
			good = end;
	}
	return good > at ? good : end;
}

static void
head_write(const struct paper *p, size_t page, size_t pages, struct writer *out)
{
	AUTO(writer) hex = writer_new(2 * SHA256_LEN);
	struct span title = span_of(p->title), shown;
	char number[32], escape[PAPER_ESCAPE];
	size_t at = strlen(p->kind) + 2, len, width;

	(void)snprintf(number, sizeof(number), "page %zu of %zu", page, pages);
	writer_format(out, "%s: ", p->kind);
	while ((len = paper_character(title, escape, &shown)) > 0) {
		width = shown.ptr == title.ptr ? columns_of(shown) : shown.len;
		if (at + width + 2 + strlen(number) > PAPER_COLUMNS)
			break;
		writer_bytes(out, shown);
		at += width;
		title = span_at(title.ptr + len, title.len - len);
	}
	writer_format(out, "%*s\n", (int)(PAPER_COLUMNS - at), number);
	hex_write(&hex, sha256_span(&p->hash));
	for (size_t i = 0; i < hex.len; i += GROUP)
		writer_format(out, "%s%.4s", i == 0 ? "" : " ", (const char *)writer_span(&hex).ptr + i);
	writer_u8(out, '\n');
	for (size_t i = 0; i < PAPER_COLUMNS; i++)
		writer_u8(out, '=');
	writer_text(out, "\n\n");
}

static enum err
end(struct paper *p, struct writer *out)
{
	size_t pages = 0, page = 0;

	TRY(writer_done(&p->body));
	for (size_t at = 0; at < p->body.len; at = page_end(&p->body, at))
		pages++;
	for (size_t at = 0, stop; at < p->body.len; at = stop) {
		stop = page_end(&p->body, at);
		if (page > 0)
			writer_u8(out, '\f');
		head_write(p, ++page, pages, out);
		for (size_t line = at, len; line < stop; line += len) {
			len = line_len(&p->body, line);
			if (line == at && len == 2 && page > 1) { /* no page begins with an empty line */
				at += len;
				continue;
			}
			writer_bytes(out, span_at(p->body.ptr + line + 1, len - 1));
		}
	}
	return writer_done(out);
}

const struct paper_form paper_text = {section, field, hash, step, say, words, blank, node, box, end};
