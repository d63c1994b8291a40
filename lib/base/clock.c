#include "base/clock.h"

enum { TIME_TEXT_LEN = 20, SECONDS_A_DAY = 86400 };

static unix_time
system_now(const struct clock *c)
{
	(void)c;
	return (unix_time)time(NULL);
}

static unix_time
fixed_now(const struct clock *c)
{
	return c->at;
}

struct clock
clock_system(void)
{
	return (struct clock){.now = system_now};
}

struct clock
clock_fixed(unix_time at)
{
	return (struct clock){.now = fixed_now, .at = at};
}

unix_time
clock_now(const struct clock *c)
{
	return c->now(c);
}

int64_t
clock_ticks(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void
time_write(struct writer *w, unix_time t)
{
	const time_t seconds = (time_t)t;
	struct tm utc;

	if (gmtime_r(&seconds, &utc) == NULL || utc.tm_year < -1900 || utc.tm_year > 9999 - 1900) {
		if (w->failed == ERR_OK)
			w->failed = ERR_TOO_LONG; /* RFC 3339 1: years 0000 to 9999 */
		return;
	}
	writer_format(w, "%04d-%02d-%02dT%02d:%02d:%02dZ", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour,
		utc.tm_min, utc.tm_sec);
}

/* count digits at *at, which moves on, as a number of at most max. */
static enum err
digits(const uint8_t **at, int count, int max, int *out)
{
	int n = 0;

	for (int i = 0; i < count; i++, (*at)++) {
		REQUIRE(**at >= '0' && **at <= '9', ERR_MALFORMED);
		n = n * 10 + (**at - '0');
	}
	REQUIRE(n <= max, ERR_MALFORMED);
	*out = n;
	return ERR_OK;
}

static enum err
letter(const uint8_t **at, char expected)
{
	REQUIRE(*(*at)++ == (uint8_t)expected, ERR_MALFORMED);
	return ERR_OK;
}

/* Days since 1970-01-01 in the proleptic Gregorian calendar; the year is counted from March, so that a leap day ends it. */
static int64_t
days_of(int year, int month, int day)
{
	const int64_t y = month <= 2 ? year - 1 : year;
	const int64_t era = (y >= 0 ? y : y - 399) / 400;
	const int64_t of_era = y - era * 400;
	const int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int
month_days(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

enum err
time_read(struct span text, unix_time *out)
{
	const uint8_t *at = text.ptr;
	int year, month, day, hour, minute, second;

	REQUIRE(text.len == TIME_TEXT_LEN, ERR_MALFORMED);
	TRY(digits(&at, 4, 9999, &year));
	TRY(letter(&at, '-'));
	TRY(digits(&at, 2, 12, &month));
	TRY(letter(&at, '-'));
	TRY(digits(&at, 2, 31, &day));
	TRY(letter(&at, 'T'));
	TRY(digits(&at, 2, 23, &hour));
	TRY(letter(&at, ':'));
	TRY(digits(&at, 2, 59, &minute));
	TRY(letter(&at, ':'));
	TRY(digits(&at, 2, 59, &second));
	TRY(letter(&at, 'Z'));
	REQUIRE(month >= 1 && day >= 1 && day <= month_days(year, month), ERR_MALFORMED);
	*out = days_of(year, month, day) * SECONDS_A_DAY + hour * 3600 + minute * 60 + second;
	return ERR_OK;
}
