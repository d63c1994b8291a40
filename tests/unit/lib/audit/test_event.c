#include "tests/unit/lib/test.h"

#include "audit/event.h"
#include "json/json.h"

static enum err
make(struct event *e, const char *public_part, const char *private_part)
{
	return event_make(e, "ca", "certificate.issued", LOG_TREE_PUBLIC, 1769903999, span_of(public_part),
		span_of(private_part));
}

CASE(an_entry_has_its_one_form)
{
	AUTO(writer) expected = writer_new(1000);
	AUTO(writer) id = writer_new(UUID_TEXT_LEN);
	struct sha256 commitment;
	struct json_writer j;
	struct event e;

	assert_ok(make(&e, "{ \"spki\" : \"x\", \"issuer\" : \"y\" }", "{\"subject\":\"z\", \"a\":1}"));
	assert_span(writer_span(&e.private_part), "{\"a\":1,\"subject\":\"z\"}");
	commitment =
		sha256_of_parts((const struct span[]){span_at(e.salt, SALT_LEN), SPAN("{\"a\":1,\"subject\":\"z\"}")},
			2);
	uuid_write(&id, &e.id);
	writer_format(&expected,
		"{\"v\":1,\"id\":\"%s\",\"source\":\"ca\",\"type\":\"certificate.issued\",\"at\":\"2026-01-31T23:59:59Z\","
		"\"public\":{\"issuer\":\"y\",\"spki\":\"x\"},",
		(const char *)id.ptr);
	j = json_to(&expected);
	json_bytes64(&j, "private", sha256_span(&commitment));
	writer_text(&expected, "}");
	assert_true(span_equal(writer_span(&e.entry), writer_span(&expected)));
	event_free(&e);
}

CASE(salt_and_private_part_open_the_entry_and_nothing_else_does)
{
	struct event e;

	assert_ok(make(&e, "{}", "{\"subject\":\"z\"}"));
	assert_ok(event_opens(writer_span(&e.entry), span_at(e.salt, SALT_LEN), SPAN("{\"subject\":\"z\"}")));
	assert_err(event_opens(writer_span(&e.entry), span_at(e.salt, SALT_LEN), SPAN("{\"subject\":\"y\"}")),
		ERR_MISMATCH);
	assert_err(event_opens(writer_span(&e.entry), span_at(e.salt, SALT_LEN - 1), SPAN("{\"subject\":\"z\"}")),
		ERR_MISMATCH);
	e.salt[0] ^= 1;
	assert_err(event_opens(writer_span(&e.entry), span_at(e.salt, SALT_LEN), SPAN("{\"subject\":\"z\"}")),
		ERR_MISMATCH);
	assert_err(event_opens(SPAN("{\"v\":1}"), span_at(e.salt, SALT_LEN), SPAN("{}")), ERR_MALFORMED);
	event_free(&e);
}

CASE(the_same_act_twice_is_two_events_that_look_unlike)
{
	struct event a, b;

	assert_ok(make(&a, "{}", "{}"));
	assert_ok(make(&b, "{}", "{}"));
	assert_memory_not_equal(a.salt, b.salt, SALT_LEN);
	assert_memory_not_equal(a.leaf.bytes, b.leaf.bytes, 32);
	event_free(&a);
	event_free(&b);
}

CASE(a_leaf_cannot_pass_for_a_node)
{
	struct event e;
	struct sha256 bare;

	assert_ok(make(&e, "{}", "{}"));
	bare = sha256_of(writer_span(&e.entry));
	assert_memory_not_equal(e.leaf.bytes, bare.bytes, 32);
	bare = sha256_of_parts((const struct span[]){SPAN("\0"), writer_span(&e.entry)}, 2);
	assert_memory_equal(e.leaf.bytes, bare.bytes, 32);
	event_free(&e);
}

CASE(what_is_not_an_object_or_too_long_makes_no_event)
{
	char *big = malloc(20000);
	struct event e;

	assert_non_null(big);
	memset(big, 'a', 20000);
	memcpy(big, "{\"a\":\"", 6);
	strcpy(big + 19990, "\"}");
	assert_err(make(&e, "[]", "{}"), ERR_MALFORMED);
	assert_err(make(&e, "{}", ""), ERR_MALFORMED);
	assert_err(make(&e, "{\"a\":1,\"a\":2}", "{}"), ERR_MALFORMED);
	assert_err(make(&e, big, "{}"), ERR_TOO_LONG);
	assert_err(make(&e, "{}", big), ERR_TOO_LONG);
	assert_err(event_make(&e, "ca\",\"x\":\"", "t", LOG_TREE_PUBLIC, 0, SPAN("{}"), SPAN("{}")), ERR_MALFORMED);
	free(big);
}

RUN(cmocka_unit_test(an_entry_has_its_one_form),
	cmocka_unit_test(salt_and_private_part_open_the_entry_and_nothing_else_does),
	cmocka_unit_test(the_same_act_twice_is_two_events_that_look_unlike),
	cmocka_unit_test(a_leaf_cannot_pass_for_a_node),
	cmocka_unit_test(what_is_not_an_object_or_too_long_makes_no_event))
