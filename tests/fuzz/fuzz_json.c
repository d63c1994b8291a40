/* JSON from strangers: decode by a table of every kind, write what was read, read it again. */
/* covers: lib/json/decode.c lib/json/scan.c */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "json/json.h"
#include "tests/fuzz/country.h"

struct inner {
	char *text;
	int64_t number;
};

struct outer {
	char *text, *raw;
	struct json_bytes bytes;
	struct json_list texts, objects;
	struct inner object;
	bool flag;
};

static const struct json_row inner_rows[] = {
	{"t", JSON_TEXT, JSON_REQUIRED, offsetof(struct inner, text), 0, 0, NULL, 0},
	{"n", JSON_INT, JSON_OPTIONAL, offsetof(struct inner, number), -10, 10, NULL, 0},
};
static const struct json_table inner_table = {"inner", inner_rows, 2, sizeof(struct inner), false};

static const struct json_row outer_rows[] = {
	{"t", JSON_TEXT, JSON_OPTIONAL, offsetof(struct outer, text), 0, 0, NULL, 0},
	{"r", JSON_RAW, JSON_OPTIONAL, offsetof(struct outer, raw), 0, 0, NULL, 0},
	{"b", JSON_BYTES, JSON_OPTIONAL, offsetof(struct outer, bytes), 0, 0, NULL, 0},
	{"l", JSON_TEXTS, JSON_OPTIONAL, offsetof(struct outer, texts), 0, 0, NULL, 0},
	{"a", JSON_OBJECTS, JSON_OPTIONAL, offsetof(struct outer, objects), 0, 0, &inner_table, 0},
	{"o", JSON_OBJECT, JSON_OPTIONAL, offsetof(struct outer, object), 0, 0, &inner_table, 0},
	{"f", JSON_BOOL, JSON_OPTIONAL, offsetof(struct outer, flag), 0, 0, NULL, 0},
};
static const struct json_table outer_table = {"outer", outer_rows, 7, sizeof(struct outer), false};

/* The same members with limits, as policies and requests have them. */
struct tight {
	char *text, *raw;
	struct json_bytes bytes;
	struct json_list texts, objects;
	struct inner object;
	bool flag, flag_there;
};
static const struct json_row tight_rows[] = {
	{"t", JSON_TEXT, JSON_OPTIONAL, offsetof(struct tight, text), 0, 4, NULL, 0},
	{"r", JSON_RAW, JSON_OPTIONAL, offsetof(struct tight, raw), 0, 8, NULL, 0},
	{"b", JSON_BYTES, JSON_OPTIONAL, offsetof(struct tight, bytes), 0, 2, NULL, 0},
	{"l", JSON_TEXTS, JSON_OPTIONAL, offsetof(struct tight, texts), 0, 2, NULL, 0},
	{"a", JSON_OBJECTS, JSON_OPTIONAL, offsetof(struct tight, objects), 0, 1, &inner_table, 0},
	{"o", JSON_OBJECT, JSON_OPTIONAL, offsetof(struct tight, object), 0, 0, &inner_table, 0},
	{"f", JSON_BOOL, JSON_OPTIONAL, offsetof(struct tight, flag), 0, 0, NULL, offsetof(struct tight, flag_there)},
};
static const struct json_table tight_table = {"tight", tight_rows, 7, sizeof(struct tight), true};

/* What is in the limits is in a file too. */
static void
read_tight(struct span text)
{
	struct tight here, there;
	const bool good = json_decode(text, &tight_table, &here) == ERR_OK;

	promise((json_decode_file(place_file(0, text), &tight_table, &there) == ERR_OK) == good);
	if (!good)
		return;
	promise(here.texts.count <= 2 && here.objects.count <= 1 && here.bytes.len <= 2 &&
		here.flag_there >= here.flag);
	json_free(&tight_table, &here);
	json_free(&tight_table, &there);
}

/* One form: of itself it is the same. */
static void
canonical(struct span text)
{
	AUTO(writer) once = writer_new(8 * MAX_JSON), twice = writer_new(8 * MAX_JSON);

	if (json_canonical(text, &once) != ERR_OK)
		return;
	promise(json_canonical(writer_span(&once), &twice) == ERR_OK &&
		span_equal(writer_span(&once), writer_span(&twice)));
}

/* What was accepted once must be writable and acceptable again. */
static void
write_again(const struct outer *o)
{
	AUTO(writer) w = writer_new(MAX_JSON);
	struct json_writer j = json_to(&w);

	json_object(&j, NULL);
	json_text(&j, "t", o->text);
	json_bytes64(&j, "b", span_at(o->bytes.ptr, o->bytes.len));
	json_array(&j, "l");
	for (size_t i = 0; i < o->texts.count; i++)
		json_text(&j, NULL, json_text_at(&o->texts, i));
	json_array_end(&j);
	if (o->raw != NULL)
		json_raw(&j, "r", span_of(o->raw));
	json_object_end(&j);
	if (writer_done(&w) != ERR_OK || json_check(writer_span(&w)) != ERR_OK)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outer o;

	read_tight(span_at(data, size));
	canonical(span_at(data, size));
	if (json_decode(span_at(data, size), &outer_table, &o) != ERR_OK)
		return 0;
	if (json_check(span_at(data, size)) != ERR_OK)
		abort();
	write_again(&o);
	json_free(&outer_table, &o);
	return 0;
}
