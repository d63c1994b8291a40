#include "../rig.h"

#include "hsm/evidence/spent.h"

static const int64_t second = 1000000;

struct act {
	uint8_t id[JOURNAL_ID_LEN];
	struct sha256 object;
};

static struct act
act_of(uint32_t n, uint8_t object)
{
	struct act a = {.object = {{object}}};

	memcpy(a.id, &n, sizeof(n));
	return a;
}

static enum err
enter(struct spent *s, uint32_t n, uint8_t object, int64_t now)
{
	const struct act a = act_of(n, object);

	return spent_enter(s, a.id, &a.object, now);
}

/* By the wall clock the first act may be fresh again: its place was not needed meanwhile, so it is known. */
CASE(an_act_stays_spent_when_the_clock_is_set_back)
{
	struct spent s = {0};

	(void)state;
	assert_ok(spent_init(&s));
	assert_ok(enter(&s, 1, 1, second));
	assert_ok(enter(&s, 1, 1, second)); /* a lost answer */
	assert_ok(enter(&s, 2, 2, 2 * SPENT_SECONDS * second));
	assert_err(enter(&s, 1, 3, 2 * SPENT_SECONDS * second), ERR_USED);
	free(s.acts);
}

CASE(an_act_is_kept_for_its_time_though_all_places_are_taken)
{
	struct spent s = {0};

	(void)state;
	assert_ok(spent_init(&s));
	for (uint32_t i = 0; i < MAX_SPENT; i++)
		assert_ok(enter(&s, i, 1, second));
	assert_err(enter(&s, MAX_SPENT, 1, second), ERR_TOO_MANY);
	assert_err(enter(&s, 7, 2, SPENT_SECONDS * second), ERR_USED);
	assert_ok(enter(&s, MAX_SPENT, 1, (SPENT_SECONDS + 2) * second));
	assert_err(enter(&s, 1, 2, (SPENT_SECONDS + 2) * second), ERR_USED);
	free(s.acts);
}

CASE(what_the_journal_tells_is_spent_whatever_its_time_and_shuts_nobody_out)
{
	struct spent s = {0};
	struct journal_line line = {.act = "sign", .has_id = true, .has_object = true};

	(void)state;
	assert_ok(spent_init(&s));
	for (uint32_t i = 0; i < 2 * MAX_SPENT; i++) {
		const struct act a = act_of(i, 1);

		memcpy(line.id, a.id, sizeof(a.id));
		line.object = a.object;
		line.at = 1000 + i;
		spent_replay(&s, &line);
	}
	assert_err(enter(&s, 2 * MAX_SPENT - 1, 2, second), ERR_USED);
	assert_err(enter(&s, MAX_SPENT, 2, second), ERR_USED);
	for (uint32_t i = 0; i < MAX_SPENT; i++)
		assert_ok(enter(&s, 10 * MAX_SPENT + i, 1, second));
	free(s.acts);
}

CASE(what_was_not_signed_after_all_may_be)
{
	struct spent s = {0};
	const struct act a = act_of(1, 1);

	(void)state;
	assert_ok(spent_init(&s));
	assert_ok(enter(&s, 1, 1, second));
	spent_forget(&s, a.id);
	assert_ok(enter(&s, 1, 2, second));
	free(s.acts);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_act_stays_spent_when_the_clock_is_set_back),
		cmocka_unit_test(an_act_is_kept_for_its_time_though_all_places_are_taken),
		cmocka_unit_test(what_the_journal_tells_is_spent_whatever_its_time_and_shuts_nobody_out),
		cmocka_unit_test(what_was_not_signed_after_all_may_be),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
