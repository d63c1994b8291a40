#include "tests/unit/lib/test.h"

#include "base/clock.h"

struct vector {
	const char *text;
	unix_time at;
};

static const struct vector vectors[] = {
	{"1970-01-01T00:00:00Z", 0},
	{"1969-12-31T23:59:59Z", -1},
	{"2000-02-29T12:00:00Z", 951825600},
	{"2026-01-31T23:59:59Z", 1769903999},
	{"2038-01-19T03:14:08Z", 2147483648},
	{"9999-12-31T23:59:59Z", 253402300799},
	{"0000-01-01T00:00:00Z", -62167219200},
};

CASE(known_instants_both_ways)
{
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		AUTO(writer) w = writer_new(20);
		unix_time at;

		time_write(&w, vectors[i].at);
		assert_span(writer_span(&w), vectors[i].text);
		assert_ok(time_read(span_of(vectors[i].text), &at));
		assert_true(at == vectors[i].at);
	}
}

CASE(every_day_of_four_centuries_comes_back)
{
	for (unix_time t = -11676096000; t < 946684800; t += 86400 * 5 + 12345) {
		AUTO(writer) w = writer_new(20);
		unix_time at;

		time_write(&w, t);
		assert_ok(time_read(writer_span(&w), &at));
		assert_true(at == t);
	}
}

CASE(days_that_do_not_exist_are_refused)
{
	static const char *const bad[] = {"2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2026-04-31T00:00:00Z",
		"2026-00-01T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z",
		"2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-12-31T23:59:60Z"};
	unix_time at;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_err(time_read(span_of(bad[i]), &at), ERR_MALFORMED);
}

CASE(other_spellings_of_an_instant_are_refused)
{
	static const char *const bad[] = {"", "2026-01-31t23:59:59Z", "2026-01-31T23:59:59z", "2026-01-31 23:59:59Z",
		"2026-01-31T23:59:59+", "2026-01-31T23:59:59Z ", "2026-01-31T23:59:5Z", "+026-01-31T23:59:59Z",
		"2026-01-31T23:59: 9Z"};
	unix_time at;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_err(time_read(span_of(bad[i]), &at), ERR_MALFORMED);
}

CASE(a_year_of_five_digits_cannot_be_written)
{
	AUTO(writer) w = writer_new(40);

	time_write(&w, 253402300800);
	assert_err(writer_done(&w), ERR_TOO_LONG);
}

CASE(a_fixed_clock_stands_still)
{
	const struct clock still = clock_fixed(42), running = clock_system();

	assert_true(clock_now(&still) == 42);
	assert_true(clock_now(&running) > 1700000000);
	assert_true(clock_ticks() <= clock_ticks());
}

RUN(cmocka_unit_test(known_instants_both_ways), cmocka_unit_test(every_day_of_four_centuries_comes_back),
	cmocka_unit_test(days_that_do_not_exist_are_refused),
	cmocka_unit_test(other_spellings_of_an_instant_are_refused),
	cmocka_unit_test(a_year_of_five_digits_cannot_be_written), cmocka_unit_test(a_fixed_clock_stands_still))
