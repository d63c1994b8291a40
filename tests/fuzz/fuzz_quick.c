/* The quick JSON decoder of what every login brings: whatever it accepts, json_decode() accepts too, with the same values. */
/* covers: lib/json/quick.c */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "json/quick.h"

struct inner {
	char *text;
	bool flag, flag_there;
};

struct outer {
	char *text;
	int64_t number;
	struct json_bytes bytes;
	struct inner inner;
};

static const struct json_row inner_rows[] = {
	{"t", JSON_TEXT, JSON_OPTIONAL, offsetof(struct inner, text), 0, 4, NULL, 0},
	{"f", JSON_BOOL, JSON_OPTIONAL, offsetof(struct inner, flag), 0, 0, NULL, offsetof(struct inner, flag_there)},
};
static const struct json_table inner_table = {"inner", inner_rows, 2, sizeof(struct inner), false};

static const struct json_row outer_rows[] = {
	{"t", JSON_TEXT, JSON_REQUIRED, offsetof(struct outer, text), 0, 0, NULL, 0},
	{"b", JSON_BYTES, JSON_OPTIONAL, offsetof(struct outer, bytes), 0, 8, NULL, 0},
	{"o", JSON_OBJECT, JSON_OPTIONAL, offsetof(struct outer, inner), 0, 0, &inner_table, 0},
	{"n", JSON_INT, JSON_OPTIONAL, offsetof(struct outer, number), 0, 0, NULL, 0},
};
static const struct json_table outer_table = {"outer", outer_rows, 4, sizeof(struct outer), true};

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool
same(const struct outer *a, const struct outer *b)
{
	return same_text(a->text, b->text) && same_text(a->inner.text, b->inner.text) &&
		a->inner.flag == b->inner.flag && a->number == b->number &&
		a->inner.flag_there == b->inner.flag_there &&
		span_equal(span_at(a->bytes.ptr, a->bytes.len), span_at(b->bytes.ptr, b->bytes.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outer quick, slow;

	if (!quick_try(span_at(data, size), &outer_table, &quick))
		return 0;
	if (json_decode(span_at(data, size), &outer_table, &slow) != ERR_OK || !same(&quick, &slow))
		abort();
	json_free(&outer_table, &quick);
	json_free(&outer_table, &slow);
	return 0;
}
