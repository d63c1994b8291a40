#include "tests/unit/lib/test.h"

#include "audit/receipt.h"
#include "json/json.h"

/* The allocations of our own objects, of which one is made to fail: each in its turn, until all succeed. A sanitizer looks for what leaks. */
static unsigned until_failure;
static bool failing;

void *__real_malloc(size_t len);
void *__real_calloc(size_t count, size_t len);
void *__wrap_malloc(size_t len);
void *__wrap_calloc(size_t count, size_t len);

static bool
fails_now(void)
{
	return failing && until_failure-- == 0;
}

void *
__wrap_malloc(size_t len)
{
	return fails_now() ? NULL : __real_malloc(len);
}

void *
__wrap_calloc(size_t count, size_t len)
{
	return fails_now() ? NULL : __real_calloc(count, len);
}

/* Runs act with the nth allocation failing, for every n that it reaches. */
static void fail_each(enum err (*act)(void))
{
	for (unsigned n = 0; n < 1000; n++) {
		enum err e;

		until_failure = n;
		failing = true;
		e = act();
		failing = false;
		if (e == ERR_OK) {
			assert_true(n > 0); /* else nothing was tried */
			return;
		}
		assert_err(e, ERR_NO_MEMORY);
	}
	fail_msg("no end to the allocations");
}

struct thing {
	char *text, *raw;
	struct json_bytes bytes;
	struct json_list texts, things;
};

static const struct json_row inner_rows[] = {
	{"text", JSON_TEXT, JSON_REQUIRED, offsetof(struct thing, text), 0, 0, NULL, 0},
};
static const struct json_table inner = {"inner", inner_rows, 1, sizeof(struct thing), false};
static const struct json_row rows[] = {
	{"text", JSON_TEXT, JSON_REQUIRED, offsetof(struct thing, text), 0, 0, NULL, 0},
	{"raw", JSON_RAW, JSON_REQUIRED, offsetof(struct thing, raw), 0, 0, NULL, 0},
	{"bytes", JSON_BYTES, JSON_REQUIRED, offsetof(struct thing, bytes), 0, 0, NULL, 0},
	{"texts", JSON_TEXTS, JSON_REQUIRED, offsetof(struct thing, texts), 0, 0, NULL, 0},
	{"things", JSON_OBJECTS, JSON_REQUIRED, offsetof(struct thing, things), 0, 0, &inner, 0},
};
static const struct json_table table = {"thing", rows, 5, sizeof(struct thing), false};

static enum err
decode(void)
{
	struct thing t;
	const enum err e = json_decode(
		SPAN("{\"text\":\"a\",\"raw\":{},\"bytes\":\"AA\",\"texts\":[\"a\",\"b\"],\"things\":[{\"text\":\"c\"},{\"text\":\"d\"}]}"),
		&table, &t);

	if (e == ERR_OK)
		json_free(&table, &t);
	else
		assert_null(t.text);
	return e;
}

static enum err
write_long(void)
{
	AUTO(writer) w = writer_new(1 << 20);

	for (int i = 0; i < 1000; i++)
		writer_format(&w, "%d ", i);
	return writer_done(&w);
}

static enum err
make_event(void)
{
	struct event e;

	TRY(event_make(&e, "ca", "certificate.issued", LOG_TREE_PUBLIC, 0, SPAN("{\"a\":1}"), SPAN("{\"b\":2}")));
	event_free(&e);
	return ERR_OK;
}

static enum err
parse_receipt(void)
{
	struct receipt r;

	TRY(receipt_parse(
		SPAN("{\"entry\":\"AA\",\"index\":0,\"size\":1,\"proof\":[],\"checkpoint\":\"x\",\"salt\":\"AA\",\"private\":{}}"),
		&r));
	receipt_free(&r);
	return ERR_OK;
}

CASE(decoding_without_memory_owns_nothing)
{
	fail_each(decode);
}

CASE(writing_without_memory_is_remembered)
{
	fail_each(write_long);
}

CASE(no_half_an_event_is_made)
{
	fail_each(make_event);
}

CASE(no_half_a_receipt_is_parsed)
{
	fail_each(parse_receipt);
}

RUN(cmocka_unit_test(decoding_without_memory_owns_nothing), cmocka_unit_test(writing_without_memory_is_remembered),
	cmocka_unit_test(no_half_an_event_is_made), cmocka_unit_test(no_half_a_receipt_is_parsed))
