#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/span.h"
#include "cli/tell.h"

enum { COLUMN_GAP = 2, MAX_TABLE_COLUMNS = 16, MAX_SINGLE_COLUMNS = 5 };

/* Columns that a terminal shows for UTF-8 text: characters, not bytes. */
static size_t
shown_width(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static void
pad(FILE *to, size_t shown, size_t width)
{
	for (; shown < width; shown++)
		fputc(' ', to);
}

/* One character; the text behind it. Text from outside must not move the cursor, recolour the terminal or turn the line round. */
static const char *
put_character(FILE *to, const char *text)
{
	const size_t len = span_character(span_of(text));

	if (*text == '\n' || *text == '\t' || (len > 0 && span_is_line(span_at(text, len))))
		(void)fwrite(text, 1, len, to);
	else
		fputc('?', to);
	return text + (len > 0 ? len : 1);
}

static void
put_text(FILE *to, const char *text)
{
	while (*text != '\0')
		text = put_character(to, text);
}

static void
new_line(FILE *to, size_t depth)
{
	fputc('\n', to);
	pad(to, 0, 2 * depth);
}

/* JSON re-indented; the text was checked by whoever made it. */
static void
put_json(FILE *to, const char *json, size_t depth)
{
	bool quoted = false;

	for (const char *p = json; *p != '\0'; p++) {
		if (quoted || *p == '"') {
			if (quoted && *p == '\\' && p[1] != '\0')
				fputc(*p++, to);
			else if (*p == '"')
				quoted = !quoted;
			p = put_character(to, p) - 1;
		} else if ((*p == '{' || *p == '[') && (p[1] == '}' || p[1] == ']')) {
			fputc(*p, to);
			fputc(*++p, to);
		} else if (*p == '{' || *p == '[') {
			fputc(*p, to);
			new_line(to, ++depth);
		} else if (*p == '}' || *p == ']') {
			new_line(to, --depth);
			fputc(*p, to);
		} else if (*p == ',') {
			fputc(*p, to);
			new_line(to, depth);
		} else if (*p == ':') {
			fputs(": ", to);
		} else if (strchr(" \t\r\n", *p) == NULL) {
			fputc(*p, to);
		}
	}
}

static size_t
names_width(const struct cli *c, size_t from, size_t to)
{
	size_t width = 0;

	for (size_t i = from; i < to; i++) {
		const size_t shown = shown_width(c->told[i].name);

		if (c->told[i].kind == TOLD_ITEM)
			i = c->told[i].end;
		else if (shown > width)
			width = shown;
	}
	return width;
}

/* Is the item at i flat, with the names of the item at first in the same order? */
static bool
is_row(const struct cli *c, size_t first, size_t i, size_t columns)
{
	if (c->told[i].end - i - 1 != columns)
		return false;
	for (size_t n = 1; n <= columns; n++) {
		const struct cli_told *cell = &c->told[i + n];

		if (cell->kind > TOLD_BOOL || strchr(cell->value, '\n') != NULL ||
			strcmp(cell->name, c->told[first + n].name) != 0)
			return false;
	}
	return true;
}

/* The number of columns if the list reads best as a table, else 0. */
static size_t
table_columns(const struct cli *c, size_t first, size_t end)
{
	const size_t columns = c->told[first].end - first - 1;

	if (columns > MAX_TABLE_COLUMNS)
		return 0;
	/* One thing with much to say is read from top to bottom. */
	if (columns > MAX_SINGLE_COLUMNS && told_next(c, first, end) == end)
		return 0;
	for (size_t i = first; i < end; i = told_next(c, i, end))
		if (!is_row(c, first, i, columns))
			return 0;
	return columns;
}

struct table {
	size_t columns, depth;
	bool drawn; /* with lines around */
	size_t widths[MAX_TABLE_COLUMNS];
};

/* Lines are for a terminal that shows them; a pipe gets words and spaces. */
static bool
is_drawn(FILE *to)
{
	const char *locale = getenv("LC_ALL");

	if (locale == NULL || locale[0] == '\0')
		locale = getenv("LC_CTYPE");
	if (locale == NULL || locale[0] == '\0')
		locale = getenv("LANG");
	return isatty(fileno(to)) != 0 && locale != NULL &&
		(strcasestr(locale, "utf-8") != NULL || strcasestr(locale, "utf8") != NULL);
}

static void
put_rule(FILE *to, const struct table *t, const char *left, const char *middle, const char *right)
{
	if (!t->drawn)
		return;
	pad(to, 0, 2 * t->depth);
	fprintf(to, "%s%s", cli_paint(to, PAINT_DIM), left);
	for (size_t n = 0; n < t->columns; n++) {
		for (size_t i = 0; i < t->widths[n] + 2; i++)
			fputs("─", to);
		fputs(n + 1 < t->columns ? middle : right, to);
	}
	fprintf(to, "%s\n", cli_paint(to, PAINT_NONE));
}

/* How a state looks: its word says the same. */
static enum cli_paint
paint_of(const struct cli_told *cell)
{
	if (strcmp(cell->name, "state") != 0)
		return PAINT_NONE;
	if (strcmp(cell->value, "healthy") == 0)
		return PAINT_GOOD;
	if (strcmp(cell->value, "warning") == 0)
		return PAINT_DOUBT;
	return strcmp(cell->value, "unwell") == 0 || strcmp(cell->value, "expired") == 0 ? PAINT_BAD : PAINT_NONE;
}

static void
measure_row(const struct cli *c, struct table *t, size_t item)
{
	for (size_t n = 0; n < t->columns; n++) {
		const struct cli_told *cell = &c->told[item + n + 1];
		const size_t name = shown_width(cell->name), value = shown_width(cell->value);

		if (name > t->widths[n])
			t->widths[n] = name;
		if (value > t->widths[n])
			t->widths[n] = value;
	}
}

static void
put_row(const struct cli *c, FILE *to, const struct table *t, size_t item, bool head)
{
	pad(to, 0, 2 * t->depth);
	fputs(t->drawn ? "│ " : "", to);
	for (size_t n = 0; n < t->columns; n++) {
		const struct cli_told *cell = &c->told[item + n + 1];
		const char *text = head ? cell->name : cell->value;
		const enum cli_paint paint = head ? PAINT_BOLD : paint_of(cell);

		fputs(paint == PAINT_NONE ? "" : cli_paint(to, paint), to);
		put_text(to, text);
		fputs(paint == PAINT_NONE ? "" : cli_paint(to, PAINT_NONE), to);
		if (t->drawn)
			pad(to, shown_width(text), t->widths[n]);
		else if (n + 1 < t->columns)
			pad(to, shown_width(text), t->widths[n] + COLUMN_GAP);
		fputs(!t->drawn ? "" : n + 1 < t->columns ? " │ " : " │", to);
	}
	fputc('\n', to);
}

static void
put_table(struct cli *c, FILE *to, size_t first, size_t end, struct table *t)
{
	for (size_t i = first; i < end; i = told_next(c, i, end))
		measure_row(c, t, i);
	put_rule(to, t, "┌", "┬", "┐");
	put_row(c, to, t, first, true);
	put_rule(to, t, "├", "┼", "┤");
	for (size_t i = first; i < end; i = told_next(c, i, end)) {
		put_row(c, to, t, i, false);
		c->told[i].printed = true;
	}
	put_rule(to, t, "└", "┴", "┘");
}

static void put_members(struct cli *c, FILE *to, size_t from, size_t end, size_t depth);

static void
put_list(struct cli *c, FILE *to, size_t first, size_t end, size_t depth)
{
	struct table t = {.columns = table_columns(c, first, end), .depth = depth + 1, .drawn = is_drawn(to)};

	pad(to, 0, 2 * depth);
	fprintf(to, "%s%s%s:\n", cli_paint(to, PAINT_BOLD), c->told[first].name, cli_paint(to, PAINT_NONE));
	if (t.columns > 0) {
		put_table(c, to, first, end, &t);
		return;
	}
	for (size_t i = first; i < end; i = told_next(c, i, end)) {
		if (i != first)
			fputc('\n', to);
		c->told[i].printed = true;
		put_members(c, to, i + 1, c->told[i].end, depth + 1);
	}
}

static void
put_members(struct cli *c, FILE *to, size_t from, size_t end, size_t depth)
{
	const size_t width = isatty(fileno(to)) != 0 ? names_width(c, from, end) : 0;

	for (size_t i = from; i < end; i++) {
		const struct cli_told *t = &c->told[i];

		if (t->kind == TOLD_ITEM) {
			if (!t->printed)
				put_list(c, to, i, end, depth);
			i = t->end;
			continue;
		}
		pad(to, 0, 2 * depth);
		fprintf(to, "%s%s%s: ", cli_paint(to, PAINT_DIM), t->name, cli_paint(to, PAINT_NONE));
		pad(to, shown_width(t->name), width);
		if (t->kind == TOLD_JSON)
			put_json(to, t->value, depth);
		else
			put_text(to, t->value);
		fputc('\n', to);
	}
}

void
told_people(struct cli *c, const char *result, FILE *to)
{
	const bool good = strcmp(result, "valid") == 0, doubt = strcmp(result, "unknown") == 0;

	put_members(c, to, 0, c->told_count, 0);
	if (strcmp(result, "done") != 0)
		fprintf(to, "result: %s%s%s\n",
			cli_paint(to,
				good            ? PAINT_GOOD
					: doubt ? PAINT_DOUBT
						: PAINT_BAD),
			result, cli_paint(to, PAINT_NONE));
}
