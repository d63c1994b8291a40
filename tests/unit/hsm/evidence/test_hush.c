#include "../rig.h"

#include "base/log.h"
#include "hsm/evidence/hush.h"

enum { SECOND = 1000000 };

CASE(a_flood_of_refusals_is_a_few_lines_and_its_count)
{
	static struct hush h;
	size_t said = 0;

	(void)state;
	hush_init(&h);
	for (int i = 0; i < 100000; i++)
		said += hush_may(&h, "operation", 7002, 1 + i * 100);
	assert_int_equal(said, HUSH_LINES);
	assert_int_equal(hush_tell(&h, 59 * SECOND), 0);
	assert_int_equal(hush_tell(&h, 61 * SECOND), 1);
	assert_int_equal(hush_tell(&h, 61 * SECOND), 0);
	assert_true(hush_may(&h, "operation", 7002, 61 * SECOND));
}

CASE(one_users_flood_hides_no_others_refusal)
{
	static struct hush h;

	(void)state;
	hush_init(&h);
	for (int i = 0; i < 1000; i++)
		(void)hush_may(&h, "operation", 7002, 1);
	assert_false(hush_may(&h, "operation", 7002, 1));
	assert_true(hush_may(&h, "operation", 7001, 1));
	assert_true(hush_may(&h, "frame", 7002, 1));
}

CASE(what_is_few_is_said_and_leaves_nothing_to_tell)
{
	static struct hush h;

	(void)state;
	hush_init(&h);
	for (int i = 0; i < HUSH_LINES; i++)
		assert_true(hush_may(&h, "socket", HUSH_STRANGERS, 1));
	assert_int_equal(hush_tell(&h, 2 * HUSH_MINUTE), 0);
}

CASE(more_users_than_rows_write_no_more_than_rows_allow)
{
	static struct hush h;
	size_t said = 0;

	(void)state;
	hush_init(&h);
	for (long uid = 0; uid < 10000; uid++)
		said += hush_may(&h, "operation", uid, 1);
	assert_in_range(said, HUSH_ROWS, HUSH_ROWS + HUSH_LINES);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flood_of_refusals_is_a_few_lines_and_its_count),
		cmocka_unit_test(one_users_flood_hides_no_others_refusal),
		cmocka_unit_test(what_is_few_is_said_and_leaves_nothing_to_tell),
		cmocka_unit_test(more_users_than_rows_write_no_more_than_rows_allow),
	};
	log_open("test", LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
