#include "tests/unit/idp/test.h"

#include <stdio.h>

#include "idp/oidc/client_auth.h"

enum { NOW = 1000000 };
#define ISSUER "https://id.example"
static const char *const audiences[] = {ISSUER, NULL};

/* Decodes claims and checks them as the client "portal". */
static enum err
check(const char *claims)
{
	struct assertion a;
	enum err e;

	assert_int_equal(json_decode(span_of(claims), &assertion_table, &a), ERR_OK);
	e = assertion_check(&a, "portal", audiences, NOW);
	json_free(&assertion_table, &a);
	return e;
}

#define CLAIMS(iss, sub, aud, rest) "{\"iss\":\"" iss "\",\"sub\":\"" sub "\",\"aud\":" aud "," rest "}"
#define GOOD_TIMES "\"iat\":1000000,\"exp\":1000060,\"jti\":\"x\""

static void
good_assertion_is_taken(void **state)
{
	(void)state;
	assert_int_equal(check(CLAIMS("portal", "portal", "\"" ISSUER "\"", GOOD_TIMES)), ERR_OK);
	assert_int_equal(check(CLAIMS("portal", "portal", "[\"" ISSUER "\"]", GOOD_TIMES)), ERR_OK);
}

static void
wrong_audience_is_refused(void **state)
{
	static const char *const wrong[] = {
		CLAIMS("portal", "portal", "\"https://other.example\"", GOOD_TIMES),
		CLAIMS("portal", "portal", "\"" ISSUER "/\"", GOOD_TIMES),
		CLAIMS("portal", "portal", "[\"" ISSUER "\",\"https://other.example\"]", GOOD_TIMES),
		CLAIMS("portal", "portal", "[]", GOOD_TIMES),
		CLAIMS("portal", "portal", "{}", GOOD_TIMES),
		CLAIMS("portal", "portal", "7", GOOD_TIMES),
		"{\"iss\":\"portal\",\"sub\":\"portal\"," GOOD_TIMES "}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(check(wrong[i]), ERR_UNAUTHENTICATED);
}

static void
another_clients_assertion_is_refused(void **state)
{
	(void)state;
	assert_int_equal(check(CLAIMS("other", "portal", "\"" ISSUER "\"", GOOD_TIMES)), ERR_UNAUTHENTICATED);
	assert_int_equal(check(CLAIMS("portal", "other", "\"" ISSUER "\"", GOOD_TIMES)), ERR_UNAUTHENTICATED);
}

static void
times_outside_the_window_are_refused(void **state)
{
	static const struct {
		const char *times;
		enum err want;
	} cases[] = {
		{"\"jti\":\"x\"", ERR_UNAUTHENTICATED},                 /* no exp */
		{"\"exp\":999000,\"jti\":\"x\"", ERR_UNAUTHENTICATED},  /* expired */
		{"\"exp\":1000310,\"jti\":\"x\"", ERR_OK},              /* five minutes and the leeway */
		{"\"exp\":1000311,\"jti\":\"x\"", ERR_UNAUTHENTICATED}, /* too far ahead */
		{"\"exp\":1000060,\"nbf\":1000100,\"jti\":\"x\"", ERR_UNAUTHENTICATED}, /* not yet */
		{"\"exp\":1000060,\"iat\":1000100,\"jti\":\"x\"", ERR_UNAUTHENTICATED}, /* made in the future */
	};
	char claims[256];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(claims, sizeof(claims), "{\"iss\":\"portal\",\"sub\":\"portal\",\"aud\":\"" ISSUER "\",%s}",
			cases[i].times);
		assert_int_equal(check(claims), cases[i].want);
	}
}

static void
without_jti_it_could_be_replayed(void **state)
{
	(void)state;
	assert_int_equal(check(CLAIMS("portal", "portal", "\"" ISSUER "\"", "\"exp\":1000060")), ERR_UNAUTHENTICATED);
	assert_int_equal(check(CLAIMS("portal", "portal", "\"" ISSUER "\"", "\"exp\":1000060,\"jti\":\"\"")),
		ERR_UNAUTHENTICATED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_assertion_is_taken),
		cmocka_unit_test(wrong_audience_is_refused),
		cmocka_unit_test(another_clients_assertion_is_refused),
		cmocka_unit_test(times_outside_the_window_are_refused),
		cmocka_unit_test(without_jti_it_could_be_replayed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
