#include "json/quick.h"

#include <string.h>

#include "base/encode.h"

/* More members or deeper nesting than any browser sends are json_decode()'s business. */
enum { MAX_QUICK_MEMBERS = 24, MAX_QUICK_DEPTH = 6, TEXT_MAX = 4096, MAX_DIGITS = 15 };

/* Where an object's members go; table NULL: to nobody. */
struct target {
	const struct json_table *table;
	char *out;
};

static void
skip_space(struct span *text)
{
	while (text->len > 0 && (*text->ptr == ' ' || *text->ptr == '\n' || *text->ptr == '\r' || *text->ptr == '\t')) {
		text->ptr++;
		text->len--;
	}
}

/* The next byte that is no space is c, and is taken. */
static bool
take(struct span *text, uint8_t c)
{
	skip_space(text);
	if (text->len == 0 || *text->ptr != c)
		return false;
	text->ptr++;
	text->len--;
	return true;
}

static bool
take_word(struct span *text, struct span word)
{
	if (!span_starts(*text, word))
		return false;
	text->ptr += word.len;
	text->len -= word.len;
	return true;
}

/* A string of printable ASCII without escapes: its value is its own bytes. */
static bool
take_string(struct span *text, struct span *out)
{
	size_t len = 0;

	if (!take(text, '"'))
		return false;
	while (len < text->len && text->ptr[len] >= ' ' && text->ptr[len] <= '~' && text->ptr[len] != '"' &&
		text->ptr[len] != '\\')
		len++;
	*out = span_at(text->ptr, len);
	text->ptr += len;
	text->len -= len;
	return take_word(text, SPAN("\""));
}

/* A whole number of as many digits as fit between -2^53 and 2^53 whatever they are. What follows it is the caller's to judge: a fraction is none of its ends. */
static bool
take_number(struct span *text, int64_t *out)
{
	const bool negative = take(text, '-');
	const bool zero = text->len > 0 && *text->ptr == '0';
	size_t digits = 0;

	*out = 0;
	for (; digits < text->len && text->ptr[digits] >= '0' && text->ptr[digits] <= '9'; digits++) {
		if (digits == MAX_DIGITS)
			return false;
		*out = *out * 10 + (text->ptr[digits] - '0');
	}
	if (digits == 0 || (zero && (digits > 1 || negative)))
		return false;
	text->ptr += digits;
	text->len -= digits;
	*out = negative ? -*out : *out;
	return true;
}

static bool take_object(struct span *text, const struct target *to, unsigned depth);
static bool skip_value(struct span *text, unsigned depth);

static bool
skip_array(struct span *text, unsigned depth)
{
	if (depth >= MAX_QUICK_DEPTH || !take(text, '['))
		return false;
	if (take(text, ']'))
		return true;
	do {
		if (!skip_value(text, depth + 1))
			return false;
	} while (take(text, ','));
	return take(text, ']');
}

static bool
skip_value(struct span *text, unsigned depth)
{
	static const struct target nobody = {NULL, NULL};
	struct span string;
	int64_t number;

	skip_space(text);
	if (text->len == 0)
		return false;
	switch (*text->ptr) {
	case '"':
		return take_string(text, &string);
	case '{':
		return take_object(text, &nobody, depth);
	case '[':
		return skip_array(text, depth);
	default:
		return take_word(text, SPAN("true")) || take_word(text, SPAN("false")) ||
			take_word(text, SPAN("null")) || take_number(text, &number);
	}
}

static bool
take_text(struct span *text, const struct json_row *row, char **out)
{
	struct span string;

	return take_string(text, &string) && string.len <= (row->max > 0 ? (size_t)row->max : TEXT_MAX) &&
		span_text(string, out) == ERR_OK;
}

static bool
take_int(struct span *text, const struct json_row *row, int64_t *out)
{
	const bool any = row->min == 0 && row->max == 0;

	skip_space(text);
	return take_number(text, out) && (any || (*out >= row->min && *out <= row->max));
}

static bool
take_bytes(struct span *text, const struct json_row *row, struct json_bytes *out)
{
	struct span string;

	return take_string(text, &string) &&
		string.len / 4 * 3 + (string.len % 4) * 6 / 8 <= (row->max > 0 ? (size_t)row->max : TEXT_MAX) &&
		base64url_take(string, &out->ptr, &out->len) == ERR_OK;
}

static bool
take_bool(struct span *text, bool *out)
{
	skip_space(text);
	*out = take_word(text, SPAN("true"));
	return *out || take_word(text, SPAN("false"));
}

static bool
take_row(struct span *text, const struct json_row *row, char *out, unsigned depth)
{
	const struct target nested = {row->table, out + row->offset};

	if (row->present != 0)
		*(bool *)(void *)(out + row->present) = true;
	switch (row->kind) {
	case JSON_TEXT:
		return take_text(text, row, (char **)(void *)(out + row->offset));
	case JSON_INT:
		return take_int(text, row, (int64_t *)(void *)(out + row->offset));
	case JSON_BYTES:
		return take_bytes(text, row, (struct json_bytes *)(void *)(out + row->offset));
	case JSON_BOOL:
		return take_bool(text, (bool *)(void *)(out + row->offset));
	case JSON_OBJECT:
		return take_object(text, &nested, depth);
	default:
		return false;
	}
}

static const struct json_row *
row_of(const struct json_table *table, struct span name)
{
	for (size_t i = 0; table != NULL && i < table->count; i++)
		if (span_is(name, table->rows[i].name))
			return &table->rows[i];
	return NULL;
}

/* A member whose name was not there before in this object. */
static bool
take_member(struct span *text, const struct target *to, struct span names[MAX_QUICK_MEMBERS], size_t *count,
	unsigned depth)
{
	const struct json_row *row;
	struct span name;

	if (*count == MAX_QUICK_MEMBERS || !take_string(text, &name) || !take(text, ':'))
		return false;
	for (size_t i = 0; i < *count; i++)
		if (span_equal(names[i], name))
			return false;
	names[(*count)++] = name;
	row = row_of(to->table, name);
	if (row != NULL)
		return take_row(text, row, to->out, depth);
	return (to->table == NULL || to->table->open) && skip_value(text, depth);
}

static bool
has_required(const struct json_table *table, const struct span *names, size_t count)
{
	for (size_t i = 0; table != NULL && i < table->count; i++) {
		bool found = table->rows[i].presence != JSON_REQUIRED;

		for (size_t k = 0; k < count && !found; k++)
			found = span_is(names[k], table->rows[i].name);
		if (!found)
			return false;
	}
	return true;
}

static bool
take_object(struct span *text, const struct target *to, unsigned depth)
{
	struct span names[MAX_QUICK_MEMBERS];
	size_t count = 0;

	if (depth >= MAX_QUICK_DEPTH || !take(text, '{'))
		return false;
	if (!take(text, '}')) {
		do {
			if (!take_member(text, to, names, &count, depth + 1))
				return false;
		} while (take(text, ','));
		if (!take(text, '}'))
			return false;
	}
	return has_required(to->table, names, count);
}

bool
quick_try(struct span text, const struct json_table *table, void *out)
{
	const struct target top = {table, out};

	memset(out, 0, table->size);
	if (take_object(&text, &top, 0)) {
		skip_space(&text);
		if (text.len == 0)
			return true;
	}
	json_free(table, out);
	return false;
}

enum err
quick_decode(struct span text, const struct json_table *table, void *out)
{
	return quick_try(text, table, out) ? ERR_OK : json_decode(text, table, out);
}
