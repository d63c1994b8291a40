#include "tests/unit/lib/test.h"

#include "jose/jose.h"

static enum err
checked(int64_t exp, int64_t nbf, int64_t iat, unix_time now)
{
	const struct jwt_times t = {
		.exp = exp,
		.nbf = nbf,
		.iat = iat,
		.has_exp = exp != -1,
		.has_nbf = nbf != -1,
		.has_iat = iat != -1,
	};

	return jwt_times_check(&t, now, 5, true);
}

CASE(the_last_second_counts)
{
	assert_ok(checked(1000, -1, -1, 999));
	assert_ok(checked(1000, -1, -1, 1004));
	assert_err(checked(1000, -1, -1, 1005), ERR_EXPIRED); /* RFC 7519 4.1.4: on or after */
}

CASE(not_before_and_issued_at_allow_the_leeway_only)
{
	assert_ok(checked(2000, 1005, 1005, 1000));
	assert_err(checked(2000, 1006, -1, 1000), ERR_EXPIRED);
	assert_err(checked(2000, -1, 1006, 1000), ERR_EXPIRED);
}

CASE(a_missing_exp_is_refused_where_it_is_needed)
{
	const struct jwt_times none = {0};

	assert_err(jwt_times_check(&none, 1000, 5, true), ERR_MALFORMED);
	assert_ok(jwt_times_check(&none, 1000, 5, false));
}

CASE(numbers_that_would_overflow_are_refused)
{
	assert_err(checked(INT64_MAX, -1, -1, 1000), ERR_MALFORMED);
	assert_err(checked(INT64_MIN, -1, -1, 1000), ERR_MALFORMED);
	assert_err(checked(2000, INT64_MAX, -1, 1000), ERR_MALFORMED);
	assert_err(checked(2000, -1, -2, 1000), ERR_MALFORMED);
}

RUN(cmocka_unit_test(the_last_second_counts), cmocka_unit_test(not_before_and_issued_at_allow_the_leeway_only),
	cmocka_unit_test(a_missing_exp_is_refused_where_it_is_needed),
	cmocka_unit_test(numbers_that_would_overflow_are_refused))
