#include "tests/unit/lib/test.h"

#include "base/rate.h"

enum { SECOND = 1000000 };

CASE(the_rate_holds_and_recovers)
{
	struct rate r;
	int taken = 0;

	rate_init(&r, 10, 0);
	for (int i = 0; i < 100; i++)
		taken += rate_take(&r, 5 * SECOND) == ERR_OK;
	assert_int_equal(taken, 10);
	assert_ok(rate_take(&r, 5 * SECOND + SECOND / 10)); /* a tenth of a second later there is one more */
	assert_err(rate_take(&r, 5 * SECOND + SECOND / 10), ERR_TOO_MANY);
	assert_err(rate_take(&r, 4 * SECOND), ERR_TOO_MANY);               /* never by going back */
	assert_err(rate_take(&r, 5 * SECOND + SECOND / 10), ERR_TOO_MANY); /* nor by coming again */
	for (int i = 0; i < 100; i++)
		taken += rate_take(&r, 99 * (int64_t)SECOND) == ERR_OK;
	assert_int_equal(taken, 20); /* a long rest saves up one burst, and no more */
}

CASE(no_limit_is_no_limit)
{
	struct rate r;
	struct rates *rates;

	rate_init(&r, 0, 0);
	assert_ok(rates_new(8, 0, 0, &rates));
	for (int i = 0; i < 10000; i++) {
		assert_ok(rate_take(&r, 1));
		assert_ok(rates_take(rates, SPAN("a"), 1));
		assert_ok(rates_take(NULL, SPAN("a"), 1));
	}
	rates_free(&rates);
}

CASE(one_who_is_over_the_limit_leaves_the_others_theirs)
{
	struct rates *rates;

	assert_ok(rates_new(1024, 1, 5, &rates));
	for (int i = 0; i < 5; i++)
		assert_ok(rates_take(rates, SPAN("a"), SECOND));
	assert_err(rates_take(rates, SPAN("a"), SECOND), ERR_TOO_MANY);
	assert_err(rates_look(rates, SPAN("a"), SECOND), ERR_TOO_MANY);
	assert_ok(rates_take(rates, SPAN("b"), SECOND));
	for (int i = 0; i < 100; i++)
		assert_ok(rates_look(rates, SPAN("b"), SECOND)); /* looking costs nothing */
	assert_ok(rates_take(rates, SPAN("a"), 2 * SECOND));
	assert_err(rates_take(rates, SPAN("a"), 2 * SECOND), ERR_TOO_MANY);
	rates_free(&rates);
}

/* A crowd of keys, each once: who has used up theirs is forgotten last. */
CASE(a_crowd_of_strangers_does_not_wash_an_empty_bucket_away)
{
	struct rates *rates;
	char key[32];

	assert_ok(rates_new(64, 1, 5, &rates));
	for (int i = 0; i < 5; i++)
		assert_ok(rates_take(rates, SPAN("a"), SECOND));
	for (int i = 0; i < 10000; i++) {
		(void)snprintf(key, sizeof(key), "stranger %d", i);
		assert_ok(rates_take(rates, span_of(key), SECOND));
	}
	assert_err(rates_take(rates, SPAN("a"), SECOND), ERR_TOO_MANY);
	rates_free(&rates);
}

RUN(cmocka_unit_test(the_rate_holds_and_recovers), cmocka_unit_test(no_limit_is_no_limit),
	cmocka_unit_test(one_who_is_over_the_limit_leaves_the_others_theirs),
	cmocka_unit_test(a_crowd_of_strangers_does_not_wash_an_empty_bucket_away))
