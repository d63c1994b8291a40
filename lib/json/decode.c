#include "json/json.h"

#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/file.h"
#include "json/jansson.h"
#include "json/scan.h"

enum { TEXT_MAX = 4096, LIST_MAX = 64, SAFE_BITS = 53, CANONICAL = JSON_COMPACT | JSON_SORT_KEYS };

/* One decoding: what the errors need to name. */
struct decoding {
	struct span text;
	const char *path; /* NULL: not from a file */
	const char *what; /* the outermost table's */
};

/* An open value, let go of at the end of its scope. */
struct document {
	json_t *root;
};

static void
document_free(struct document *d)
{
	json_decref(d->root);
}

static void *
field_at(void *out, size_t offset)
{
	return (char *)out + offset;
}

/* "PATH:LINE: " or "line LINE: ". A file is our own: whatever is wrong with it is a matter of configuration. */
static enum err
because(const struct decoding *d, enum err e, unsigned line, const char *reason)
{
	if (d->path != NULL)
		return err_because(ERR_CONFIG, "%s:%u: %s: %s", d->path, line, d->what, reason);
	return err_because(e, "line %u: %s: %s", line, d->what, reason);
}

/* Refuses what stands at place. */
static enum err
wrong(const struct decoding *d, enum err e, const struct json_place *place, const char *expected)
{
	AUTO(writer) reason = writer_new(200);

	json_place_write(&reason, place);
	writer_format(&reason, "%s%s", reason.len == 0 ? "" : ": ", expected);
	return because(d, e, json_place_line(d->text, place), (const char *)writer_span(&reason).ptr);
}

static enum err
too_long(const struct decoding *d, const struct json_place *place, size_t max, const char *unit)
{
	AUTO(writer) expected = writer_new(80);

	writer_format(&expected, "expected at most %zu %s", max, unit);
	return wrong(d, ERR_TOO_LONG, place, (const char *)writer_span(&expected).ptr);
}

static size_t
limit_of(const struct json_row *row, size_t otherwise)
{
	return row->max > 0 ? (size_t)row->max : otherwise;
}

/* ---- one decoder for each kind; field is where the row's value goes ---- */
typedef enum err decoder(const struct decoding *d, const struct json_place *place, json_t *value,
	const struct json_row *row, void *field);

static enum err decode_object(const struct decoding *d, const struct json_place *place, json_t *object,
	const struct json_table *table, void *out);

static enum err
copy_text(const struct decoding *d, const struct json_place *place, json_t *value, size_t max, char **out)
{
	if (!json_is_string(value))
		return wrong(d, ERR_MALFORMED, place, "expected a text");
	if (json_string_length(value) > max)
		return too_long(d, place, max, "bytes of text");
	return span_text(span_at(json_string_value(value), json_string_length(value)), out);
}

static enum err
decode_text(const struct decoding *d, const struct json_place *place, json_t *value, const struct json_row *row,
	void *field)
{
	return copy_text(d, place, value, limit_of(row, TEXT_MAX), field);
}

static enum err
decode_int(const struct decoding *d, const struct json_place *place, json_t *value, const struct json_row *row,
	void *field)
{
	const int64_t safe = ((int64_t)1 << SAFE_BITS) - 1; /* RFC 8259 6: what every peer reads exactly */
	const bool any = row->min == 0 && row->max == 0;
	const int64_t min = any ? -safe : row->min, max = any ? safe : row->max;
	AUTO(writer) expected = writer_new(100);
	const int64_t n = json_integer_value(value);

	if (!json_is_integer(value) || n < min || n > max || n < -safe || n > safe) {
		writer_format(&expected, "expected a whole number from %lld to %lld", (long long)min, (long long)max);
		return wrong(d, ERR_MALFORMED, place, (const char *)writer_span(&expected).ptr);
	}
	*(int64_t *)field = n;
	return ERR_OK;
}

static enum err
decode_bool(const struct decoding *d, const struct json_place *place, json_t *value, const struct json_row *row,
	void *field)
{
	(void)row;
	if (!json_is_boolean(value))
		return wrong(d, ERR_MALFORMED, place, "expected true or false");
	*(bool *)field = json_is_true(value);
	return ERR_OK;
}

static enum err
decode_bytes(const struct decoding *d, const struct json_place *place, json_t *value, const struct json_row *row,
	void *field)
{
	const size_t max = limit_of(row, TEXT_MAX);
	struct json_bytes *bytes = field;
	enum err e;
	struct span text;

	if (!json_is_string(value))
		return wrong(d, ERR_MALFORMED, place, "expected base64url text");
	text = span_at(json_string_value(value), json_string_length(value));
	if (text.len / 4 * 3 + (text.len % 4) * 6 / 8 > max)
		return too_long(d, place, max, "bytes in base64url");
	e = base64url_take(text, &bytes->ptr, &bytes->len);
	if (e == ERR_MALFORMED)
		return wrong(d, ERR_MALFORMED, place, "expected base64url text without padding (RFC 4648 5)");
	return e;
}

/* Memory for the items of an array; count stays 0 and grows with what is decoded, so that json_free() finds only that. */
static enum err
open_list(const struct decoding *d, const struct json_place *place, json_t *value, const struct json_row *row,
	size_t size, struct json_list *list)
{
	const size_t max = limit_of(row, LIST_MAX);

	if (!json_is_array(value))
		return wrong(d, ERR_MALFORMED, place, "expected an array");
	if (json_array_size(value) > max)
		return too_long(d, place, max, "items");
	if (json_array_size(value) == 0)
		return ERR_OK;
	list->items = calloc(json_array_size(value), size);
	REQUIRE(list->items != NULL, ERR_NO_MEMORY);
	return ERR_OK;
}

static enum err
decode_texts(const struct decoding *d, const struct json_place *place, json_t *value, const struct json_row *row,
	void *field)
{
	struct json_list *list = field;

	TRY(open_list(d, place, value, row, sizeof(char *), list));
	for (size_t i = 0; i < json_array_size(value); i++) {
		const struct json_place item = {.up = place, .index = i};

		TRY(copy_text(d, &item, json_array_get(value, i), TEXT_MAX, (char **)list->items + i));
		list->count++;
	}
	return ERR_OK;
}

static enum err
decode_nested(const struct decoding *d, const struct json_place *place, json_t *value, const struct json_row *row,
	void *field)
{
	return decode_object(d, place, value, row->table, field);
}

static enum err
decode_objects(const struct decoding *d, const struct json_place *place, json_t *value, const struct json_row *row,
	void *field)
{
	struct json_list *list = field;

	TRY(open_list(d, place, value, row, row->table->size, list));
	for (size_t i = 0; i < json_array_size(value); i++) {
		const struct json_place item = {.up = place, .index = i};

		list->count++; /* before: a half-decoded item owns memory too */
		TRY(decode_object(d, &item, json_array_get(value, i), row->table,
			field_at(list->items, i * row->table->size)));
	}
	return ERR_OK;
}

static enum err
decode_raw(const struct decoding *d, const struct json_place *place, json_t *value, const struct json_row *row,
	void *field)
{
	char *text = json_dumps(value, CANONICAL | JSON_ENCODE_ANY);

	REQUIRE(text != NULL, ERR_NO_MEMORY);
	if (row->max > 0 && strlen(text) > (size_t)row->max) {
		free(text);
		return too_long(d, place, (size_t)row->max, "bytes of JSON");
	}
	*(char **)field = text;
	return ERR_OK;
}

static decoder *const decoders[] = {
	[JSON_TEXT] = decode_text,
	[JSON_INT] = decode_int,
	[JSON_BOOL] = decode_bool,
	[JSON_BYTES] = decode_bytes,
	[JSON_TEXTS] = decode_texts,
	[JSON_OBJECT] = decode_nested,
	[JSON_OBJECTS] = decode_objects,
	[JSON_RAW] = decode_raw,
};

static bool
is_known(const struct json_table *table, const char *name)
{
	for (size_t i = 0; i < table->count; i++)
		if (strcmp(table->rows[i].name, name) == 0)
			return true;
	return false;
}

static enum err
refuse_unknown(const struct decoding *d, const struct json_place *place, json_t *object, const struct json_table *table)
{
	AUTO(writer) expected = writer_new(160);
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value)
	{
		const struct json_place member = {.up = place, .name = name};

		if (is_known(table, name))
			continue;
		writer_text(&expected, "unknown member; known are: ");
		for (size_t i = 0; i < table->count; i++)
			writer_format(&expected, "%s%s", i == 0 ? "" : ", ", table->rows[i].name);
		return wrong(d, ERR_MALFORMED, &member, (const char *)writer_span(&expected).ptr);
	}
	return ERR_OK;
}

static enum err
missing(const struct decoding *d, const struct json_place *place, const char *name)
{
	AUTO(writer) expected = writer_new(120);

	writer_format(&expected, "member '%s' is missing", name);
	return wrong(d, ERR_MALFORMED, place, (const char *)writer_span(&expected).ptr);
}

static enum err
decode_object(const struct decoding *d, const struct json_place *place, json_t *object, const struct json_table *table,
	void *out)
{
	if (!json_is_object(object))
		return wrong(d, ERR_MALFORMED, place, "expected an object");
	if (!table->open) /* first: a misspelt name is better told as unknown than as missing */
		TRY(refuse_unknown(d, place, object, table));
	for (size_t i = 0; i < table->count; i++) {
		const struct json_row *row = &table->rows[i];
		const struct json_place member = {.up = place, .name = row->name};
		json_t *value = json_object_get(object, row->name);

		if (value == NULL && row->presence == JSON_REQUIRED)
			return missing(d, place, row->name);
		if (value == NULL)
			continue;
		TRY(decoders[row->kind](d, &member, value, row, field_at(out, row->offset)));
		if (row->present != 0)
			*(bool *)field_at(out, row->present) = true;
	}
	return ERR_OK;
}

/* jansson quotes what it stumbled over, which may be anybody's secret: only the name of a duplicate member is passed on. */
static enum err
syntax_error(const struct decoding *d, const json_error_t *error)
{
	char text[JSON_ERROR_TEXT_LENGTH];
	const bool duplicate = json_error_code(error) == json_error_duplicate_key;
	char *near;

	memcpy(text, error->text, sizeof(text));
	near = strstr(text, " near ");
	if (near != NULL && !duplicate)
		*near = '\0';
	if (json_error_code(error) == json_error_out_of_memory)
		return ERR_NO_MEMORY;
	return because(d, ERR_MALFORMED, error->line > 0 ? (unsigned)error->line : 1, text);
}

static enum err
parse(const struct decoding *d, struct document *out)
{
	json_error_t error;
	size_t at;
	enum err e = json_scan(d->text, &at);

	if (e != ERR_OK) {
		AUTO(writer) reason = writer_new(100);

		writer_text(&reason, err_why());
		return because(d, e, json_line(d->text, at), (const char *)writer_span(&reason).ptr);
	}
	out->root = json_loadb((const char *)d->text.ptr, d->text.len, JSON_REJECT_DUPLICATES, &error);
	return out->root != NULL ? ERR_OK : syntax_error(d, &error);
}

static enum err
decode(const struct decoding *d, const struct json_table *table, void *out)
{
	const struct json_place top = {.up = NULL};
	AUTO(document) document = {NULL};
	enum err e;

	memset(out, 0, table->size);
	TRY(parse(d, &document));
	e = decode_object(d, &top, document.root, table, out);
	if (e != ERR_OK)
		json_free(table, out);
	return e;
}

enum err
json_decode(struct span text, const struct json_table *table, void *out)
{
	const struct decoding d = {.text = text, .what = table->what};

	return decode(&d, table, out);
}

enum err
json_decode_file(const char *path, const struct json_table *table, void *out)
{
	AUTO(writer) text = writer_new(MAX_JSON);
	struct decoding d = {.path = path, .what = table->what};

	memset(out, 0, table->size);
	TRY(file_read(path, MAX_JSON, &text));
	d.text = writer_span(&text);
	return decode(&d, table, out);
}

static enum err
parse_object(const struct decoding *d, struct document *out)
{
	TRY(parse(d, out));
	if (!json_is_object(out->root))
		return because(d, ERR_MALFORMED, 1, "expected an object");
	return ERR_OK;
}

enum err
json_check(struct span text)
{
	const struct decoding d = {.text = text, .what = "JSON"};
	AUTO(document) document = {NULL};

	return parse_object(&d, &document);
}

enum err
json_canonical(struct span text, struct writer *out)
{
	const struct decoding d = {.text = text, .what = "JSON"};
	AUTO(document) document = {NULL};
	char *canonical;

	TRY(parse_object(&d, &document));
	canonical = json_dumps(document.root, CANONICAL);
	REQUIRE(canonical != NULL, ERR_NO_MEMORY);
	writer_text(out, canonical);
	free(canonical);
	return writer_done(out);
}
