/* The same mohar-hsmd in front of another PKCS#11 module: p11-kit's proxy, which numbers slots, sessions and objects in its own way, over SoftHSM. */
#include "load.h"

#include <time.h>

static const char proxy[] = "/usr/lib/x86_64-linux-gnu/p11-kit-proxy.so";

CASE(every_key_is_made_and_used_through_a_proxy_that_is_begun_anew)
{
	const struct timespec while_they_ask = {2, 0};
	struct load_sum sum;
	struct load l;
	struct rig *r;

	(void)state;
	if (access(proxy, R_OK) != 0 || access("/usr/share/p11-kit/modules/softhsm2.module", R_OK) != 0) {
		print_message("skipped: needs p11-kit's proxy, with SoftHSM among its modules\n");
		skip();
	}
	assert_int_equal(setenv("MOHAR_TEST_MODULE", proxy, 1), 0);
	r = rig_new();
	if (r == NULL)
		skip();
	rig_set(r, "recycle_after", "500");
	rig_up(r, NULL);
	rig_generate(r, NULL);
	load_start(&l, r, 4);
	(void)nanosleep(&while_they_ask, NULL);
	load_stop(&l);
	sum = load_sum(&l);
	load_tell(&l);
	assert_true(sum.done > 0);
	assert_int_equal(sum.refused + sum.wrong, 0);
	assert_in_range(rig_number(r, "recycles"), 1, 1000000);
	load_free(&l);
	rig_free(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_is_made_and_used_through_a_proxy_that_is_begun_anew),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
