#include "tests/unit/lib/test.h"

#include "audit/path.h"

struct vector {
	const char *text;
	struct log_path path;
};

/* 1234067 is the specification's own example. */
static const struct vector good[] = {
	{"checkpoint", {.resource = LOG_CHECKPOINT, .level = 0, .index = 0, .width = 0}},
	{"private/checkpoint", {.resource = LOG_PRIVATE_CHECKPOINT, .level = 0, .index = 0, .width = 0}},
	{"tile/0/000", {.resource = LOG_TILE, .level = 0, .index = 0, .width = 256}},
	{"tile/0/x001/x234/067", {.resource = LOG_TILE, .level = 0, .index = 1234067, .width = 256}},
	{"tile/0/x001/000", {.resource = LOG_TILE, .level = 0, .index = 1000, .width = 256}},
	{"tile/0/x100/x000/000", {.resource = LOG_TILE, .level = 0, .index = 100000000, .width = 256}},
	{"tile/63/999.p/255", {.resource = LOG_TILE, .level = 63, .index = 999, .width = 255}},
	{"tile/entries/x001/x234/067.p/1", {.resource = LOG_ENTRIES, .level = 0, .index = 1234067, .width = 1}},
	{"receipt/ca/00000000-0000-4000-8000-0000000000ff", {.resource = LOG_RECEIPT, .schema = "ca"}},
	{"witnessed/checkpoint", {.resource = LOG_WITNESSED_CHECKPOINT}},
};

CASE(every_address_has_one_spelling_both_ways)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		AUTO(writer) w = writer_new(100);
		struct log_path p;

		assert_ok(log_path_read(span_of(good[i].text), &p));
		assert_int_equal(p.resource, good[i].path.resource);
		assert_int_equal(p.level, good[i].path.level);
		assert_true(p.index == good[i].path.index);
		if (p.resource == LOG_TILE || p.resource == LOG_ENTRIES)
			assert_int_equal(p.width, good[i].path.width);
		assert_string_equal(p.schema, good[i].path.schema);
		log_path_write(&p, &w);
		assert_span(writer_span(&w), good[i].text);
	}
}

CASE(other_spellings_are_not_found)
{
	static const char *const bad[] = {"", "/", "checkpoint/", "Checkpoint", "tile", "tile/", "tile/0", "tile/0/",
		"tile/00/000", "tile/64/000", "tile/-1/000", "tile/0/0", "tile/0/00", "tile/0/0000", "tile/0/x001",
		"tile/0/x001/", "tile/0/x000/001", "tile/0/001/001", "tile/0/x001/x002", "tile/0/000.p/0",
		"tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000.p/", "tile/0/000.p", "tile/0/000/.p/1",
		"tile/0/000.p/1/", "tile/0/ab0", "tile/entries", "tile/entries/",
		"tile/0/x001/x001/x001/x001/x001/x001/001", "tile/0/000.p/-1", "tile/0/000.p/1 ", "private/tile/0/000",
		"receipt/ca", "receipt/CA/00000000-0000-4000-8000-0000000000ff",
		"receipt//00000000-0000-4000-8000-0000000000ff", "receipt/ca/00000000-0000-4000-8000-0000000000fF",
		"receipt/ca/00000000-0000-4000-8000-0000000000ff/"};
	struct log_path p;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_err(log_path_read(span_of(bad[i]), &p), ERR_NOT_FOUND);
}

RUN(cmocka_unit_test(every_address_has_one_spelling_both_ways), cmocka_unit_test(other_spellings_are_not_found))
