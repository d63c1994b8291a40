#include "tests/unit/idp/test.h"

#include "idp/oidc/interaction.h"

enum { NOW = 1000000 };

/* A session of level 2 that satisfies everything, consent given earlier. */
static const struct step_facts fine = {
	.has_session = true,
	.level = 2,
	.proofing = 2,
	.required = 1,
	.auth_time = NOW - 100,
	.now = NOW,
	.max_age = -1,
	.consent_stored = true,
};

static void
satisfied_request_is_issued(void **state)
{
	(void)state;
	assert_int_equal(interaction_step(&fine), STEP_ISSUE);
}

static void
without_session_login_comes_first(void **state)
{
	struct step_facts f = fine;

	(void)state;
	f.has_session = false;
	assert_int_equal(interaction_step(&f), STEP_LOGIN);
}

static void
prompt_login_is_not_satisfied_by_an_older_session(void **state)
{
	struct step_facts f = fine;

	(void)state;
	f.prompt_login = true;
	assert_int_equal(interaction_step(&f), STEP_LOGIN);
	f.logged_in_here = true;
	assert_int_equal(interaction_step(&f), STEP_ISSUE);
}

static void
max_age_counts_from_authentication(void **state)
{
	struct step_facts f = fine;

	(void)state;
	f.max_age = 100;
	assert_int_equal(interaction_step(&f), STEP_ISSUE);
	f.max_age = 99;
	assert_int_equal(interaction_step(&f), STEP_LOGIN);
	f.logged_in_here = true;
	assert_int_equal(interaction_step(&f), STEP_ISSUE);
}

static void
max_age_zero_always_asks_once(void **state)
{
	struct step_facts f = fine;

	(void)state;
	f.auth_time = NOW;
	f.max_age = 0;
	assert_int_equal(interaction_step(&f), STEP_LOGIN);
	f.logged_in_here = true;
	assert_int_equal(interaction_step(&f), STEP_ISSUE);
}

static void
lower_session_is_stepped_up_never_let_through(void **state)
{
	struct step_facts f = fine;

	(void)state;
	f.proofing = 3;
	f.required = 3;
	assert_int_equal(interaction_step(&f), STEP_STEP_UP);
	f.logged_in_here = true;
	f.consented_here = true;
	assert_int_equal(interaction_step(&f), STEP_STEP_UP);
	f.level = 3;
	assert_int_equal(interaction_step(&f), STEP_ISSUE);
}

static void
level_that_the_person_cannot_reach_is_said_at_once(void **state)
{
	struct step_facts f = fine;

	(void)state;
	f.required = 3;
	assert_int_equal(interaction_step(&f), STEP_UNMET);
}

static void
consent_is_asked_when_new_and_when_prompted(void **state)
{
	struct step_facts f = fine;

	(void)state;
	f.consent_stored = false;
	assert_int_equal(interaction_step(&f), STEP_CONSENT);
	f.consented_here = true;
	assert_int_equal(interaction_step(&f), STEP_ISSUE);
	f = fine;
	f.prompt_consent = true;
	assert_int_equal(interaction_step(&f), STEP_CONSENT);
	f.consented_here = true;
	assert_int_equal(interaction_step(&f), STEP_ISSUE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(satisfied_request_is_issued),
		cmocka_unit_test(without_session_login_comes_first),
		cmocka_unit_test(prompt_login_is_not_satisfied_by_an_older_session),
		cmocka_unit_test(max_age_counts_from_authentication),
		cmocka_unit_test(max_age_zero_always_asks_once),
		cmocka_unit_test(lower_session_is_stepped_up_never_let_through),
		cmocka_unit_test(level_that_the_person_cannot_reach_is_said_at_once),
		cmocka_unit_test(consent_is_asked_when_new_and_when_prompted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
