#include "tests/unit/idp/test.h"

#include "idp/assurance/assurance.h"

static struct assurance_policy policy;
static struct claims_policy claims;
enum { T = 1000000, MINUTE = 60, HOUR = 3600 };

static const struct assurance_facts high = {3, 3, 3, 3, T, T};

static int
read_policies(void **state)
{
	(void)state;
	test_policies(&policy, &claims);
	return 0;
}

static int
free_policies(void **state)
{
	(void)state;
	assurance_policy_free(&policy);
	claims_policy_free(&claims);
	return 0;
}

static void
every_factor_is_a_ceiling(void **state)
{
	(void)state;
	for (int64_t low = 1; low <= 3; low++) {
		struct assurance_facts f = high;

		f.proofing = low;
		assert_int_equal(assurance_level(&policy, &f, T), low);
		f = high;
		f.authenticator = low;
		assert_int_equal(assurance_level(&policy, &f, T), low);
		f = high;
		f.bound_level = low;
		assert_int_equal(assurance_level(&policy, &f, T), low);
		f = high;
		f.ceiling = low;
		assert_int_equal(assurance_level(&policy, &f, T), low);
	}
}

static void
idle_session_loses_its_level_step_by_step(void **state)
{
	(void)state;
	assert_int_equal(assurance_level(&policy, &high, T + 15 * MINUTE), 3);
	assert_int_equal(assurance_level(&policy, &high, T + 15 * MINUTE + 1), 2);
	assert_int_equal(assurance_level(&policy, &high, T + 30 * MINUTE), 2);
	assert_int_equal(assurance_level(&policy, &high, T + 30 * MINUTE + 1), 1);
}

static void
old_session_stands_for_nothing_however_busy(void **state)
{
	struct assurance_facts f = high;

	(void)state;
	f.last_seen = T + 12 * HOUR;
	assert_int_equal(assurance_level(&policy, &f, T + 12 * HOUR), 3);
	f.last_seen = T + 12 * HOUR + 1;
	assert_int_equal(assurance_level(&policy, &f, T + 12 * HOUR + 1), 0);
}

static void
session_from_the_future_stands_for_nothing(void **state)
{
	struct assurance_facts f = high;

	(void)state;
	assert_int_equal(assurance_level(&policy, &high, T - 1), 0);
	f.last_seen = T - 1; /* seen before it was authenticated */
	assert_int_equal(assurance_level(&policy, &f, T), 0);
}

static void
facts_out_of_range_stand_for_nothing(void **state)
{
	static const int64_t wrong[] = {0, -1, 4, INT64_MAX};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct assurance_facts f = high;

		f.proofing = wrong[i];
		assert_int_equal(assurance_level(&policy, &f, T), 0);
		f = high;
		f.authenticator = wrong[i];
		assert_int_equal(assurance_level(&policy, &f, T), 0);
		f = high;
		f.bound_level = wrong[i];
		assert_int_equal(assurance_level(&policy, &f, T), 0);
	}
}

static void
passkey_without_user_verification_is_level_1(void **state)
{
	(void)state;
	assert_int_equal(assurance_of_passkey(false, false, true), 1);
}

static void
synced_or_unattested_passkey_never_reaches_level_3(void **state)
{
	(void)state;
	assert_int_equal(assurance_of_passkey(true, true, true), 2);
	assert_int_equal(assurance_of_passkey(true, false, false), 2);
	assert_int_equal(assurance_of_passkey(true, false, true), 3);
}

static void
acr_values_and_aliases_name_levels(void **state)
{
	(void)state;
	assert_int_equal(assurance_of_acr(&policy, SPAN("urn:mohar:loa:3")), 3);
	assert_int_equal(assurance_of_acr(&policy, SPAN("phr")), 2);
	assert_int_equal(assurance_of_acr(&policy, SPAN("phrh")), 3);
	assert_int_equal(assurance_of_acr(&policy, SPAN("urn:mohar:loa:4")), 0);
	assert_int_equal(assurance_of_acr(&policy, SPAN("urn:mohar:loa:33")), 0);
	assert_string_equal(assurance_acr(&policy, 2), "urn:mohar:loa:2");
	assert_string_equal(assurance_acr(&policy, 0), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_factor_is_a_ceiling),
		cmocka_unit_test(idle_session_loses_its_level_step_by_step),
		cmocka_unit_test(old_session_stands_for_nothing_however_busy),
		cmocka_unit_test(session_from_the_future_stands_for_nothing),
		cmocka_unit_test(facts_out_of_range_stand_for_nothing),
		cmocka_unit_test(passkey_without_user_verification_is_level_1),
		cmocka_unit_test(synced_or_unattested_passkey_never_reaches_level_3),
		cmocka_unit_test(acr_values_and_aliases_name_levels),
	};
	return cmocka_run_group_tests(tests, read_policies, free_policies);
}
