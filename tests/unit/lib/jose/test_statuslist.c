#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/ec.h>
#include "json/jansson.h"

#include "jose/statuslist.h"

static json_t *vectors;

static int
load(void **state)
{
	const char *const folder = getenv("MOHAR_VECTORS");
	char path[4096];

	(void)state;
	snprintf(path, sizeof(path), "%s/token-status-list.json", folder != NULL ? folder : "../shared/vectors");
	vectors = json_load_file(path, 0, NULL);
	return 0;
}

static int
unload(void **state)
{
	(void)state;
	json_decref(vectors);
	return 0;
}

/* Every index, not only those named: an index not named holds 0. */
static void
check_vector(const json_t *vector)
{
	const json_t *const non_zero = json_object_get(vector, "non_zero");
	const char *const lst = json_string_value(json_object_get(json_object_get(vector, "status_list"), "lst"));
	const size_t size = (size_t)json_integer_value(json_object_get(vector, "size"));
	AUTO(statuslist) s = {0};
	size_t found = 0, expected = 0;
	const char *name;
	json_t *named;

	assert_int_equal(statuslist_unpack((unsigned)json_integer_value(json_object_get(vector, "bits")), span_of(lst),
				 &s),
		ERR_OK);
	assert_int_equal(s.entries, size);
	for (size_t i = 0; i < size; i++) {
		unsigned value;
		char key[24];

		assert_int_equal(statuslist_get(&s, i, &value), ERR_OK);
		if (value == 0)
			continue;
		snprintf(key, sizeof(key), "%zu", i);
		assert_int_equal(value, json_integer_value(json_object_get(non_zero, key)));
		found++;
	}
	json_object_foreach((json_t *)(uintptr_t)non_zero, name, named) expected +=
		json_integer_value(named) != 0; /* one that is named holds 0 all the same */
	assert_int_equal(found, expected);
}

static void
the_published_vectors_are_read(void **state)
{
	size_t i;
	json_t *vector;

	(void)state;
	if (vectors == NULL) {
		print_message("skip reason: token-status-list.json is not here; set MOHAR_VECTORS\n");
		skip();
	}
	assert_true(json_array_size(json_object_get(vectors, "vectors")) >= 4);
	json_array_foreach(json_object_get(vectors, "vectors"), i, vector) check_vector(vector);
}

static void
what_is_set_survives_packing(void **state)
{
	static const unsigned widths[] = {1, 2, 4, 8};

	(void)state;
	for (size_t w = 0; w < 4; w++) {
		AUTO(statuslist) s = {0};
		AUTO(statuslist) back = {0};
		AUTO(writer) lst = writer_new(1 << 20);
		unsigned value;

		assert_int_equal(statuslist_new(widths[w], 1000, &s), ERR_OK);
		assert_int_equal(statuslist_set(&s, 999, 1), ERR_OK);
		assert_int_equal(statuslist_set(&s, 7, 1), ERR_OK);
		assert_int_equal(statuslist_pack(&s, &lst), ERR_OK);
		assert_int_equal(statuslist_unpack(widths[w], writer_span(&lst), &back), ERR_OK);
		for (size_t i = 0; i < 1000; i++) {
			assert_int_equal(statuslist_get(&back, i, &value), ERR_OK);
			assert_int_equal(value, i == 7 || i == 999);
		}
	}
}

static void
an_index_past_the_end_has_no_status(void **state)
{
	AUTO(statuslist) s = {0};
	unsigned value;

	(void)state;
	assert_int_equal(statuslist_new(1, 8, &s), ERR_OK);
	assert_int_equal(statuslist_get(&s, 8, &value), ERR_NOT_FOUND);
	assert_int_equal(statuslist_set(&s, 8, 1), ERR_NOT_FOUND);
}

static void
three_bits_an_entry_are_refused(void **state)
{
	struct statuslist s;

	(void)state;
	assert_int_equal(statuslist_new(3, 8, &s), ERR_MALFORMED);
}

static void
a_truncated_or_padded_stream_is_refused(void **state)
{
	AUTO(statuslist) s = {0};
	AUTO(writer) lst = writer_new(1 << 20);
	struct statuslist out;

	(void)state;
	assert_int_equal(statuslist_new(1, 64, &s), ERR_OK);
	assert_int_equal(statuslist_pack(&s, &lst), ERR_OK);
	assert_int_not_equal(statuslist_unpack(1, span_at(lst.ptr, lst.len - 4), &out), ERR_OK);
	writer_text(&lst, "AAAA");
	assert_int_not_equal(statuslist_unpack(1, writer_span(&lst), &out), ERR_OK);
}

struct token {
	EVP_PKEY *key;
	struct jwks *keys;
};

static void
token_key(struct token *t)
{
	struct jwk *jwk;

	t->key = EVP_EC_gen("P-256");
	assert_non_null(t->key);
	assert_int_equal(jwk_from_key(t->key, NULL, &jwk), ERR_OK);
	assert_int_equal(jwks_new(&t->keys), ERR_OK);
	assert_int_equal(jwks_add(t->keys, jwk), ERR_OK);
}

static void
token_make(const struct token *t, const char *typ, unix_time iat, unix_time exp, struct writer *out)
{
	AUTO(statuslist) s = {0};
	AUTO(writer) payload = writer_new(1 << 20);
	const struct jws_sign_options options = {.typ = typ, .kid = jwk_kid(jwks_at(t->keys, 0))};

	assert_int_equal(statuslist_new(1, 64, &s), ERR_OK);
	assert_int_equal(statuslist_set(&s, 5, STATUS_INVALID), ERR_OK);
	assert_int_equal(statuslist_payload(&s, "https://status.test/1", iat, exp, 30, &payload), ERR_OK);
	assert_int_equal(jws_sign(t->key, &options, writer_span(&payload), out), ERR_OK);
}

static enum err
token_verdict(const char *typ, const char *uri, unix_time iat, unix_time exp, unix_time now, unsigned *fifth)
{
	AUTO(writer) text = writer_new(1 << 20);
	AUTO(statuslist) s = {0};
	struct token t;
	unix_time at;
	enum err e;

	token_key(&t);
	token_make(&t, typ, iat, exp, &text);
	e = statuslist_verify(writer_span(&text), t.keys, uri, now, &s, &at);
	if (e == ERR_OK)
		assert_int_equal(statuslist_get(&s, 5, fifth), ERR_OK);
	jwks_free(&t.keys);
	EVP_PKEY_free(t.key);
	return e;
}

static void
stale_substituted_and_mistyped_lists_are_refused(void **state)
{
	const char *const uri = "https://status.test/1";
	unsigned fifth;

	(void)state;
	assert_int_equal(token_verdict("statuslist+jwt", uri, 1000, 2000, 1500, &fifth), ERR_OK);
	assert_int_equal(fifth, STATUS_INVALID);
	assert_int_equal(token_verdict("statuslist+jwt", uri, 1000, 2000, 2000, &fifth), ERR_EXPIRED);
	assert_int_equal(token_verdict("statuslist+jwt", uri, 5000, 9000, 1500, &fifth), ERR_EXPIRED);
	assert_int_equal(token_verdict("statuslist+jwt", "https://status.test/2", 1000, 2000, 1500, &fifth),
		ERR_MISMATCH);
	assert_int_not_equal(token_verdict("JWT", uri, 1000, 2000, 1500, &fifth), ERR_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_published_vectors_are_read),
		cmocka_unit_test(what_is_set_survives_packing),
		cmocka_unit_test(an_index_past_the_end_has_no_status),
		cmocka_unit_test(three_bits_an_entry_are_refused),
		cmocka_unit_test(a_truncated_or_padded_stream_is_refused),
		cmocka_unit_test(stale_substituted_and_mistyped_lists_are_refused),
	};
	return cmocka_run_group_tests(tests, load, unload);
}
