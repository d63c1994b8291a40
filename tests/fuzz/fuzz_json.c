/* JSON from strangers: decode by a table of every kind, write what was read, read it again. */
/* covers: lib/json/decode.c lib/json/scan.c */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "json/json.h"

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

	if (json_decode(span_at(data, size), &outer_table, &o) != ERR_OK)
		return 0;
	if (json_check(span_at(data, size)) != ERR_OK)
		abort();
	write_again(&o);
	json_free(&outer_table, &o);
	return 0;
}
