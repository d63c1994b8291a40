#include "rig.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "hsm/socket/reserve.h"

enum { ALL = 64, SECOND = 1000000 /* ticks */ };

struct hand {
	struct reserve *reserve;
	size_t number;
	atomic_bool came;
};

static void *
come(void *argument)
{
	struct hand *h = argument;

	reserve_wait(h->reserve, h->number);
	atomic_store(&h->came, true);
	return NULL;
}

CASE(one_hand_alone_never_waits_for_itself)
{
	struct reserve r;

	(void)state;
	reserve_init(&r, 1);
	assert_int_equal(r.few, 1);
	reserve_wait(&r, 0);
	assert_false(reserve_call(&r, 0)); /* nobody is left to be called */
}

CASE(two_work_even_on_one_processor)
{
	struct reserve r;

	(void)state;
	reserve_init(&r, ALL);
	assert_true(r.few >= 2 && r.few <= ALL);
	reserve_wait(&r, 0);
	reserve_wait(&r, 1);
}

CASE(those_in_reserve_come_when_they_are_called_and_not_before)
{
	struct reserve r;
	struct hand last = {.reserve = &r, .number = ALL - 1};
	const struct timespec pause = {0, 20000000};
	pthread_t thread;

	(void)state;
	reserve_init(&r, ALL);
	assert_int_equal(pthread_create(&thread, NULL, come, &last), 0);
	(void)nanosleep(&pause, NULL);
	assert_false(atomic_load(&last.came));
	assert_true(reserve_call(&r, 0));
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(atomic_load(&last.came));
	assert_false(reserve_call(&r, 0));
}

CASE(they_rest_a_second_after_they_were_needed_last)
{
	struct reserve r;

	(void)state;
	reserve_init(&r, ALL);
	assert_true(reserve_call(&r, 0));
	reserve_tell(&r, false, SECOND);
	assert_false(reserve_call(&r, SECOND)); /* still there */
	reserve_tell(&r, true, SECOND);
	reserve_tell(&r, false, 2 * SECOND);
	assert_false(reserve_call(&r, 2 * SECOND));
	reserve_tell(&r, false, 2 * SECOND + 1);
	assert_true(reserve_call(&r, 2 * SECOND + 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_hand_alone_never_waits_for_itself),
		cmocka_unit_test(two_work_even_on_one_processor),
		cmocka_unit_test(those_in_reserve_come_when_they_are_called_and_not_before),
		cmocka_unit_test(they_rest_a_second_after_they_were_needed_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
