#include "base/config.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/reader.h"

enum { MAX_CONFIG = 64 * 1024, MAX_CONFIG_ROWS = 64 };

/* One reading: where we are, and what was set so far. */
struct reading {
	const char *path;
	const struct config_row *rows;
	size_t count;
	void *out;
	unsigned line;
	unsigned seen[MAX_CONFIG_ROWS]; /* the line that set the row; 0: none */
	char log_format[8];             /* every daemon has this one; "": not set */
};

static void *
field_of(const struct config_row *row, void *out)
{
	return (char *)out + row->offset;
}

static bool
is_text(const struct config_row *row)
{
	return row->kind == CONFIG_TEXT || row->kind == CONFIG_PATH;
}

static struct span
trimmed(struct span text)
{
	while (text.len > 0 && (text.ptr[0] == ' ' || text.ptr[0] == '\t')) {
		text.ptr++;
		text.len--;
	}
	while (text.len > 0 &&
		(text.ptr[text.len - 1] == ' ' || text.ptr[text.len - 1] == '\t' || text.ptr[text.len - 1] == '\r'))
		text.len--;
	return text;
}

/* "FILE:LINE: reason" */
static enum err
wrong(const struct reading *r, const char *what, const char *right)
{
	if (r->line == 0)
		return err_because(ERR_CONFIG, "%s: %s%s", r->path, what, right);
	return err_because(ERR_CONFIG, "%s:%u: %s%s", r->path, r->line, what, right);
}

static enum err
unknown(const struct reading *r, struct span name)
{
	enum { ROOM = 90 }; /* a reason has 255 bytes, and path and name need theirs */
	AUTO(writer) what = writer_new(128);
	AUTO(writer) known = writer_new(256);

	writer_format(&what, "unknown setting '%.*s'; known are: ", (int)(name.len > 60 ? 60 : name.len),
		(const char *)name.ptr);
	size_t i = 0;

	for (; i < r->count && writer_span(&known).len + strlen(r->rows[i].name) <= ROOM; i++)
		writer_format(&known, "%s%s", i == 0 ? "" : ", ", r->rows[i].name);
	if (i < r->count)
		writer_format(&known, ", and %zu more", r->count - i);
	return wrong(r, (const char *)writer_span(&what).ptr, (const char *)writer_span(&known).ptr);
}

/* A path is meant against the folder of the settings file, wherever the daemon was started. */
static enum err
absolute(const struct reading *r, struct span value, char **out)
{
	AUTO(writer) made = writer_new(PATH_MAX);
	uint8_t *text;
	char *real;
	size_t len;

	if (value.ptr[0] != '/') {
		real = realpath(r->path, NULL);
		if (real == NULL)
			return wrong(r, "its folder cannot be resolved: ", strerror(errno));
		writer_text(&made, dirname(real));
		free(real);
		writer_text(&made, "/");
	}
	writer_bytes(&made, value);
	TRY(writer_take(&made, &text, &len));
	*out = (char *)text;
	return ERR_OK;
}

static enum err
set_number(const struct reading *r, const struct config_row *row, struct span value)
{
	AUTO(writer) right = writer_new(256);
	char text[24];
	char *end;
	int64_t n;

	writer_format(&right, "a whole number from %lld to %lld (%s)", (long long)row->min, (long long)row->max,
		row->help);
	if (value.len > 0 && value.len < sizeof(text) &&
		(value.ptr[0] == '-' || (value.ptr[0] >= '0' && value.ptr[0] <= '9'))) {
		memcpy(text, value.ptr, value.len);
		text[value.len] = '\0';
		errno = 0;
		n = strtoll(text, &end, 10);
		if (errno == 0 && *end == '\0' && n >= row->min && n <= row->max) {
			*(int64_t *)field_of(row, r->out) = n;
			return ERR_OK;
		}
	}
	return err_because(ERR_CONFIG, "%s:%u: %s must be %s", r->path, r->line, row->name,
		(const char *)writer_span(&right).ptr);
}

static enum err
set(const struct reading *r, const struct config_row *row, struct span value)
{
	char **text = field_of(row, r->out);

	switch (row->kind) {
	case CONFIG_NUMBER:
		return set_number(r, row, value);
	case CONFIG_BOOL:
		REQUIRE_WHY(span_is(value, "yes") || span_is(value, "no"), ERR_CONFIG,
			"%s:%u: %s must be yes or no (%s)", r->path, r->line, row->name, row->help);
		*(bool *)field_of(row, r->out) = span_is(value, "yes");
		return ERR_OK;
	case CONFIG_PATH:
		if (value.len > 0)
			return absolute(r, value, text);
		return span_text(value, text);
	case CONFIG_TEXT:
		return span_text(value, text);
	}
	return ERR_CONFIG;
}

/* The setting that every file may have: in which form this program logs. It is used when the whole file was right. */
static enum err
set_log_format(struct reading *r, struct span value)
{
	REQUIRE_WHY(r->log_format[0] == '\0', ERR_CONFIG, "%s:%u: log_format is set already; once is right", r->path,
		r->line);
	REQUIRE_WHY(span_is(value, "text") || span_is(value, "json") || span_is(value, "syslog"), ERR_CONFIG,
		"%s:%u: log_format must be text, json or syslog", r->path, r->line);
	(void)snprintf(r->log_format, sizeof(r->log_format), "%.*s", (int)value.len, (const char *)value.ptr);
	return ERR_OK;
}

static enum err
read_line(struct reading *r, struct span line)
{
	struct reader cursor = reader_over(line);
	struct span name, value;
	size_t i = 0;

	if (line.len == 0 || line.ptr[0] == '#')
		return ERR_OK;
	if (!span_is_text(line))
		return wrong(r, "not UTF-8 text", "");
	if (reader_until(&cursor, '=', &name) != ERR_OK)
		return wrong(r, "expected `name = value`, or # and a comment", "");
	name = trimmed(name);
	value = trimmed(cursor.left);
	if (span_is(name, "log_format"))
		return set_log_format(r, value);
	while (i < r->count && !span_is(name, r->rows[i].name))
		i++;
	if (i == r->count)
		return unknown(r, name);
	REQUIRE_WHY(r->seen[i] == 0, ERR_CONFIG, "%s:%u: %s is set already in line %u; once is right", r->path, r->line,
		r->rows[i].name, r->seen[i]);
	REQUIRE_WHY(value.len > 0 || r->rows[i].otherwise != NULL, ERR_CONFIG, "%s:%u: %s has no value (%s)", r->path,
		r->line, r->rows[i].name, r->rows[i].help);
	r->seen[i] = r->line;
	return set(r, &r->rows[i], value);
}

static enum err
read_lines(struct reading *r, struct span text)
{
	struct reader cursor = reader_over(text);
	struct span line;

	for (r->line = 1; cursor.left.len > 0; r->line++) {
		if (reader_until(&cursor, '\n', &line) != ERR_OK)
			TRY(reader_bytes(&cursor, cursor.left.len, &line));
		TRY(read_line(r, trimmed(line)));
	}
	r->line = 0;
	for (size_t i = 0; i < r->count; i++) {
		if (r->seen[i] != 0)
			continue;
		REQUIRE_WHY(r->rows[i].otherwise != NULL, ERR_CONFIG, "%s: setting '%s' is missing: %s", r->path,
			r->rows[i].name, r->rows[i].help);
		TRY(set(r, &r->rows[i], span_of(r->rows[i].otherwise)));
	}
	return ERR_OK;
}

/* The bytes of a row's field. */
static size_t
width_of(const struct config_row *row)
{
	switch (row->kind) {
	case CONFIG_NUMBER:
		return sizeof(int64_t);
	case CONFIG_BOOL:
		return sizeof(bool);
	default:
		return sizeof(char *);
	}
}

/* Copies the rows' fields from one struct to another of the same kind. */
static void
move_fields(const struct config_row *rows, size_t count, void *to, const void *from)
{
	for (size_t i = 0; i < count; i++)
		memcpy((char *)to + rows[i].offset, (const char *)from + rows[i].offset, width_of(&rows[i]));
}

enum err
config_read(const char *path, const struct config_row *rows, size_t count, void *out)
{
	AUTO(writer) text = writer_new(MAX_CONFIG);
	struct reading r = {.path = path, .rows = rows, .count = count};
	size_t size = 0;
	enum err e;

	REQUIRE_WHY(count <= MAX_CONFIG_ROWS, ERR_CONFIG, "more than %d settings", MAX_CONFIG_ROWS);
	TRY(file_read(path, MAX_CONFIG, &text));
	for (size_t i = 0; i < count; i++)
		if (rows[i].offset + width_of(&rows[i]) > size)
			size = rows[i].offset + width_of(&rows[i]);
	r.out = calloc(1, size + 1);
	REQUIRE(r.out != NULL, ERR_NO_MEMORY);
	e = read_lines(&r, writer_span(&text));
	if (e == ERR_OK && r.log_format[0] != '\0')
		e = log_format_use(r.log_format);
	if (e == ERR_OK)
		move_fields(rows, count, out, r.out);
	else
		config_free(rows, count, r.out);
	free(r.out);
	return e;
}

void
config_free(const struct config_row *rows, size_t count, void *out)
{
	for (size_t i = 0; i < count; i++)
		if (is_text(&rows[i])) {
			char **text = field_of(&rows[i], out);

			free(*text);
			*text = NULL;
		}
}
