#include "tests/unit/idp/test.h"

#include "base/rate.h"
#include "http/exchange.h"
#include "idp/limit.h"

static struct idp d;

static enum err
knock(const char *path, const char *address)
{
	struct exchange *x = exchange_new(NULL, path, NULL);
	enum err e;

	assert_non_null(x);
	x->request.path = path;
	(void)snprintf(x->request.address, sizeof(x->request.address), "%s", address);
	e = limit_admit(&d, &x->request);
	exchange_free(&x);
	return e;
}

static int
open_limits(void **state)
{
	(void)state;
	d.settings.address_per_second = 1;
	d.settings.address_burst = 10;
	d.settings.account_per_second = 1;
	d.settings.account_burst = 3;
	return limits_open(&d) == ERR_OK ? 0 : -1;
}

static int
close_limits(void **state)
{
	(void)state;
	limits_close(&d);
	return 0;
}

/* How many of a hundred are let in. */
static int
admitted(const char *path, const char *address)
{
	int count = 0;

	for (int i = 0; i < 100; i++)
		count += knock(path, address) == ERR_OK;
	return count;
}

static void
one_address_that_floods_a_door_is_held_and_no_other(void **state)
{
	(void)state;
	assert_in_range(admitted("/login/passkey", "192.0.2.1"), 10, 12);
	assert_int_equal(knock("/authorize", "192.0.2.1"), ERR_TOO_MANY); /* the doors share what an address has */
	assert_int_equal(knock("/login/passkey", "192.0.2.2"), ERR_OK);
}

static void
pages_that_open_nothing_are_not_counted(void **state)
{
	(void)state;
	assert_int_equal(admitted("/jwks", "192.0.2.1"), 100);
	assert_int_equal(admitted("/loginx", "192.0.2.1"), 100);
	assert_int_equal(admitted("/account", "192.0.2.1"), 100);
}

static void
a_portal_that_succeeds_is_not_held_one_that_fails_is(void **state)
{
	struct exchange *x = exchange_new(NULL, "/token", NULL);

	(void)state;
	assert_int_equal(admitted("/token", "192.0.2.1"), 100);
	(void)snprintf(x->request.address, sizeof(x->request.address), "192.0.2.1");
	for (int i = 0; i < 20; i++)
		limit_client_failed(&d, &x->request, ERR_REFUSED);
	assert_int_equal(knock("/token", "192.0.2.1"), ERR_TOO_MANY);
	exchange_free(&x);
}

static void
addresses_of_one_ipv6_network_are_one(void **state)
{
	char address[64];
	int count = 0;

	(void)state;
	for (int i = 0; i < 100; i++) {
		(void)snprintf(address, sizeof(address), "2001:db8:0:1::%x", i);
		count += knock("/login", address) == ERR_OK;
	}
	assert_in_range(count, 10, 12);
	assert_int_equal(knock("/login", "2001:db8:0:2::1"), ERR_OK);
	assert_in_range(admitted("/login", "::ffff:192.0.2.1"), 10, 12);
	assert_int_equal(knock("/login", "::ffff:192.0.2.2"), ERR_OK);
}

static void
an_account_is_charged_for_failures_only_and_keeps_its_reason(void **state)
{
	const struct span account = SPAN("person");

	(void)state;
	for (int i = 0; i < 50; i++)
		assert_int_equal(limit_account(&d, account), ERR_OK);
	for (int i = 0; i < 4; i++) {
		(void)err_because(ERR_MISMATCH, "the reason");
		limit_failed(&d, account, ERR_REFUSED);
		assert_string_equal(err_why(), "the reason");
	}
	assert_int_equal(limit_account(&d, account), ERR_TOO_MANY);
	assert_int_equal(limit_account(&d, SPAN("other")), ERR_OK);
}

static void
our_own_trouble_is_charged_to_nobody(void **state)
{
	const struct span account = SPAN("person");

	(void)state;
	for (int i = 0; i < 50; i++)
		limit_failed(&d, account, ERR_UNAVAILABLE);
	assert_int_equal(limit_account(&d, account), ERR_OK);
}

#define EACH(name) cmocka_unit_test_setup_teardown(name, open_limits, close_limits)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(one_address_that_floods_a_door_is_held_and_no_other),
		EACH(pages_that_open_nothing_are_not_counted),
		EACH(a_portal_that_succeeds_is_not_held_one_that_fails_is),
		EACH(addresses_of_one_ipv6_network_are_one),
		EACH(an_account_is_charged_for_failures_only_and_keeps_its_reason),
		EACH(our_own_trouble_is_charged_to_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
