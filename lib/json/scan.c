#include "json/scan.h"

#include <string.h>

#include "json/json.h"

/* The offset after the string whose first quote is at `at`. */
static size_t
skip_string(struct span text, size_t at)
{
	for (at++; at < text.len && text.ptr[at] != '"'; at++)
		if (text.ptr[at] == '\\')
			at++;
	return at < text.len ? at + 1 : text.len;
}

enum err
json_scan(struct span text, size_t *at)
{
	size_t commas[MAX_JSON_DEPTH + 1] = {0};
	size_t depth = 0;

	*at = 0;
	REQUIRE_WHY(text.len <= MAX_JSON, ERR_TOO_LONG, "longer than %d bytes", MAX_JSON);
	while (*at < text.len) {
		switch (text.ptr[*at]) {
		case '"':
			*at = skip_string(text, *at);
			continue;
		case '{':
		case '[':
			REQUIRE_WHY(depth < MAX_JSON_DEPTH, ERR_TOO_LONG, "nested more than %d deep", MAX_JSON_DEPTH);
			commas[++depth] = 0;
			break;
		case '}':
		case ']':
			depth -= depth > 0; /* too many of them is for jansson to refuse */
			break;
		case ',':
			REQUIRE_WHY(++commas[depth] < MAX_JSON_ITEMS, ERR_TOO_LONG, "more than %d members or items",
				MAX_JSON_ITEMS);
			break;
		default:
			break;
		}
		++*at;
	}
	return ERR_OK;
}

unsigned
json_line(struct span text, size_t at)
{
	unsigned line = 1;

	for (size_t i = 0; i < at && i < text.len; i++)
		line += text.ptr[i] == '\n';
	return line;
}

static size_t
skip_space(struct span text, size_t at)
{
	while (at < text.len && strchr(" \t\r\n", text.ptr[at]) != NULL && text.ptr[at] != '\0')
		at++;
	return at;
}

/* The offset of the comma or bracket that ends the value at `at`. */
static size_t
skip_value(struct span text, size_t at)
{
	size_t depth = 0;

	while (at < text.len) {
		const uint8_t c = text.ptr[at];

		if (c == '"') {
			at = skip_string(text, at);
			continue;
		}
		if (depth == 0 && (c == ',' || c == '}' || c == ']'))
			break;
		if (c == '{' || c == '[')
			depth++;
		else if (c == '}' || c == ']')
			depth--;
		at++;
	}
	return at;
}

/* Where a value stands: key is the offset of its name (or of itself, in an array), value its own. */
struct found {
	size_t key, value;
};

/* Looks for place inside the array or object at `at`. A name written with escapes is not found: its parent's line will do. */
static bool
find(struct span text, size_t at, const struct json_place *place, struct found *out)
{
	for (size_t i = 0; at < text.len && text.ptr[at] != '}' && text.ptr[at] != ']'; i++) {
		struct found f;
		bool same = place->name == NULL && i == place->index;

		f.key = f.value = skip_space(text, at + 1);
		if (f.key >= text.len || text.ptr[f.key] == '}' || text.ptr[f.key] == ']')
			break;
		if (place->name != NULL) {
			const size_t end = skip_string(text, f.key);

			same = end - f.key >= 2 && span_is(span_at(text.ptr + f.key + 1, end - f.key - 2), place->name);
			f.value = skip_space(text, skip_space(text, end) + 1); /* past the colon */
		}
		if (same) {
			*out = f;
			return true;
		}
		at = skip_value(text, f.value);
	}
	return false;
}

/* The deepest part of the way to place that is found; *whole tells whether that is place itself. */
static struct found
locate(struct span text, const struct json_place *place, bool *whole)
{
	struct found f;

	if (place->up == NULL) {
		f.key = f.value = skip_space(text, 0);
		*whole = true;
		return f;
	}
	f = locate(text, place->up, whole);
	if (*whole)
		*whole = find(text, f.value, place, &f);
	return f;
}

unsigned
json_place_line(struct span text, const struct json_place *place)
{
	bool whole;

	return json_line(text, locate(text, place, &whole).key);
}

void
json_place_write(struct writer *w, const struct json_place *place)
{
	if (place->up == NULL)
		return;
	json_place_write(w, place->up);
	if (place->name == NULL)
		writer_format(w, "[%zu]", place->index);
	else
		writer_format(w, "%s%.64s", place->up->up == NULL ? "" : ".", place->name);
}
