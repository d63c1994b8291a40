#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/reader.h"
#include "ca/status/cache.h"

enum { NOW = 1770000000, GOOD_FOR = 300, CERT_ID_LEN = 20 };

struct asked {
	struct ocsp_question q;
	uint8_t cert_id[CERT_ID_LEN];
};

/* A question for serial number n; variant stands for another hash over the same issuer. */
static void
ask(struct asked *a, uint64_t n, uint8_t variant)
{
	memset(a, 0, sizeof(*a));
	a->q.serial_len = SERIAL_LEN;
	a->q.serial[0] = 1;
	memcpy(a->q.serial + SERIAL_LEN - sizeof(n), &n, sizeof(n));
	memcpy(a->cert_id, a->q.serial, SERIAL_LEN);
	a->cert_id[SERIAL_LEN] = variant;
	a->q.cert_id = span_at(a->cert_id, sizeof(a->cert_id));
}

static void
put(struct ocsp_cache *c, const struct asked *a, enum ocsp_status status, unix_time at)
{
	const struct ocsp_answer answer = {.status = status, .this_update = at, .next_update = at + GOOD_FOR};
	const struct ocsp_filling f = {.question = &a->q,
		.answer = &answer,
		.response = SPAN("response"),
		.epoch = ocsp_cache_epoch(c, span_at(a->q.serial, SERIAL_LEN))};
	const struct ocsp_entry *e;

	assert_int_equal(ocsp_cache_put(c, &f, &e), ERR_OK);
	ocsp_entry_release((void *)(uintptr_t)e);
}

static bool
has(struct ocsp_cache *c, const struct asked *a, unix_time now)
{
	const struct ocsp_entry *e = ocsp_cache_find(c, &a->q, now);
	const bool found = e != NULL;

	ocsp_entry_release((void *)(uintptr_t)e);
	return found;
}

static void
an_answer_is_found_until_it_is_stale(void **state)
{
	struct ocsp_cache *c;
	struct asked a, other;

	(void)state;
	assert_int_equal(ocsp_cache_new(100, &c), ERR_OK);
	ask(&a, 7, 0);
	ask(&other, 7, 1);
	put(c, &a, OCSP_GOOD, NOW);
	assert_true(has(c, &a, NOW));
	assert_true(has(c, &a, NOW + GOOD_FOR - 1));
	assert_false(has(c, &a, NOW + GOOD_FOR));
	assert_false(has(c, &a, NOW - 1)); /* a clock that was set back */
	assert_false(has(c, &other, NOW));
	ocsp_cache_free(&c);
	assert_null(c);
}

static void
a_change_drops_what_is_said_under_every_hash(void **state)
{
	struct ocsp_cache *c;
	struct asked sha1, sha256, other;

	(void)state;
	assert_int_equal(ocsp_cache_new(100, &c), ERR_OK);
	ask(&sha1, 7, 0);
	ask(&sha256, 7, 1);
	ask(&other, 8, 0);
	put(c, &sha1, OCSP_GOOD, NOW);
	put(c, &sha256, OCSP_GOOD, NOW);
	put(c, &other, OCSP_GOOD, NOW);
	assert_true(ocsp_cache_forget(c, span_at(sha1.q.serial, SERIAL_LEN)));
	assert_false(has(c, &sha1, NOW));
	assert_false(has(c, &sha256, NOW));
	assert_true(has(c, &other, NOW));
	put(c, &sha1, OCSP_REVOKED, NOW); /* on hold, perhaps */
	assert_true(ocsp_cache_forget(c, span_at(sha1.q.serial, SERIAL_LEN)));
	assert_false(has(c, &sha1, NOW));
	assert_false(ocsp_cache_forget(c, span_at(sha1.q.serial, SERIAL_LEN)));
	ocsp_cache_free(&c);
}

static void
an_answer_from_before_a_change_does_not_come_back_after_it(void **state)
{
	const struct ocsp_answer answer = {.status = OCSP_GOOD, .this_update = NOW, .next_update = NOW + GOOD_FOR};
	const struct ocsp_entry *e;
	struct ocsp_cache *c;
	struct asked a;

	(void)state;
	assert_int_equal(ocsp_cache_new(100, &c), ERR_OK);
	ask(&a, 7, 0);
	const struct ocsp_filling f = {.question = &a.q,
		.answer = &answer,
		.response = SPAN("response"),
		.epoch = ocsp_cache_epoch(c, span_at(a.q.serial, SERIAL_LEN))};

	assert_false(ocsp_cache_forget(c, span_at(a.q.serial, SERIAL_LEN))); /* while the answer was being signed */
	assert_int_equal(ocsp_cache_put(c, &f, &e), ERR_OK);
	assert_null(e);
	assert_false(has(c, &a, NOW));
	assert_false(ocsp_cache_has(c, &a.q, NOW));
	put(c, &a, OCSP_REVOKED, NOW);
	assert_true(ocsp_cache_has(c, &a.q, NOW + GOOD_FOR));
	assert_false(ocsp_cache_has(c, &a.q, NOW + GOOD_FOR + 1));
	ocsp_cache_free(&c);
}

static void
an_entry_being_sent_outlives_its_place(void **state)
{
	struct ocsp_cache *c;
	struct asked a;

	(void)state;
	assert_int_equal(ocsp_cache_new(100, &c), ERR_OK);
	ask(&a, 7, 0);
	put(c, &a, OCSP_GOOD, NOW);
	const struct ocsp_entry *e = ocsp_cache_find(c, &a.q, NOW);

	assert_non_null(e);
	assert_true(ocsp_cache_forget(c, span_at(a.q.serial, SERIAL_LEN)));
	ocsp_cache_free(&c);
	assert_true(span_is(e->response, "response"));
	ocsp_entry_release((void *)(uintptr_t)e);
}

static void
it_does_not_grow_past_its_bound_and_the_unused_go_first(void **state)
{
	struct ocsp_cache *c;
	struct asked a, kept;

	(void)state;
	assert_int_equal(ocsp_cache_new(64, &c), ERR_OK);
	ask(&kept, 5, 0);
	put(c, &kept, OCSP_GOOD, NOW);
	for (uint64_t n = 100; n < 10100; n++) {
		ask(&a, n, 0);
		put(c, &a, OCSP_GOOD, NOW);
		assert_true(has(c, &kept, NOW));
	}
	assert_true(ocsp_cache_numbers(c).entries <= 64 + 16);
	ocsp_cache_clear(c);
	assert_int_equal(ocsp_cache_numbers(c).entries, 0);
	ocsp_cache_free(&c);
}

static void
only_what_was_asked_for_and_is_half_over_is_due(void **state)
{
	AUTO(writer) none = writer_new(4096);
	AUTO(writer) due = writer_new(4096);
	struct ocsp_cache *c;
	struct asked used, unused;
	struct span cert_id;

	(void)state;
	assert_int_equal(ocsp_cache_new(100, &c), ERR_OK);
	ask(&used, 1, 0);
	ask(&unused, 2, 0);
	put(c, &used, OCSP_GOOD, NOW);
	put(c, &unused, OCSP_GOOD, NOW);
	assert_true(has(c, &used, NOW));
	assert_int_equal(ocsp_cache_due(c, NOW + GOOD_FOR / 2 - 1, 10, &none), ERR_OK);
	assert_int_equal(writer_span(&none).len, 0);
	assert_int_equal(ocsp_cache_due(c, NOW + GOOD_FOR / 2, 10, &due), ERR_OK);
	struct reader r = reader_over(writer_span(&due));

	assert_int_equal(reader_block16(&r, CERT_ID_LEN, &cert_id), ERR_OK);
	assert_true(span_equal(cert_id, used.q.cert_id));
	assert_int_equal(reader_done(&r), ERR_OK);
	ocsp_cache_free(&c);
}

static void *
churn(void *context)
{
	struct ocsp_cache *c = context;
	struct asked a;

	for (uint64_t n = 0; n < 20000; n++) {
		ask(&a, n % 200, 0);
		if (n % 7 == 0)
			put(c, &a, OCSP_GOOD, NOW);
		else if (n % 11 == 0)
			(void)ocsp_cache_forget(c, span_at(a.q.serial, SERIAL_LEN));
		else
			(void)has(c, &a, NOW);
	}
	return NULL;
}

static void
four_threads_do_not_break_it(void **state)
{
	pthread_t threads[4];
	struct ocsp_cache *c;

	(void)state;
	assert_int_equal(ocsp_cache_new(100, &c), ERR_OK);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, churn, c), 0);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	ocsp_cache_free(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_is_found_until_it_is_stale),
		cmocka_unit_test(a_change_drops_what_is_said_under_every_hash),
		cmocka_unit_test(an_answer_from_before_a_change_does_not_come_back_after_it),
		cmocka_unit_test(an_entry_being_sent_outlives_its_place),
		cmocka_unit_test(it_does_not_grow_past_its_bound_and_the_unused_go_first),
		cmocka_unit_test(only_what_was_asked_for_and_is_half_over_is_due),
		cmocka_unit_test(four_threads_do_not_break_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
