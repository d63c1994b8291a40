/* Names and connections without a network: settings, names that DNS is not asked for, and addresses that policy forbids. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cmocka.h>

#include "ca/acme/reach.h"

static int64_t
soon(void)
{
	return clock_ticks() + 2000000;
}

static void
a_resolver_is_an_address_and_a_port(void **state)
{
	static const char *const bad[] = {"192.0.2.1", ":53", "192.0.2.1:0", "192.0.2.1:65536", "192.0.2.1:53x",
		"dns.example:53", "[::1]", "::1"};
	struct reach_policy p = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (reach_resolver_read(bad[i], &p) != ERR_CONFIG)
			fail_msg("%s", bad[i]);
	assert_int_equal(reach_resolver_read("192.0.2.1:53", &p), ERR_OK);
	assert_int_equal(p.resolver_port, 53);
	assert_int_equal(reach_resolver_read("[2001:db8::1]:5353", &p), ERR_OK);
	assert_false(address_is_v4(&p.resolver));
}

static void
hosts_are_names_with_addresses(void **state)
{
	static const char *const bad[] = {"test", "=127.0.0.1", "test=", "test=localhost", "test=127.0.0.1x"};
	struct reach_policy p = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (reach_hosts_read(bad[i], &p) != ERR_CONFIG)
			fail_msg("%s", bad[i]);
	assert_int_equal(reach_hosts_read("localhost=127.0.0.1, test=::1", &p), ERR_OK);
	assert_int_equal(p.host_count, 2);
}

static void
a_host_of_the_settings_is_held_against_policy_too(void **state)
{
	struct reach_policy p = {0};
	struct reach_addresses a;

	(void)state;
	assert_int_equal(reach_hosts_read("test=127.0.0.1 evil.test=10.0.0.1", &p), ERR_OK);
	assert_int_equal(networks_read("127.0.0.1", &p.networks), ERR_OK);
	assert_int_equal(reach_resolve(&p, "www.test", soon(), &a), ACME_OK);
	assert_int_equal(a.count, 1);
	assert_int_equal(networks_read("", &p.networks), ERR_OK);
	assert_int_equal(reach_resolve(&p, "www.test", soon(), &a), ACME_REJECTED_IDENTIFIER);
	assert_int_equal(a.count, 0);
}

static void
an_address_in_place_of_a_name_is_held_against_policy(void **state)
{
	static const char *const no[] = {"127.0.0.1", "::1", "169.254.169.254", "10.0.0.1", "0.0.0.0",
		"::ffff:127.0.0.1"};
	struct reach_policy p = {0};
	struct reach_addresses a;

	(void)state;
	assert_int_equal(networks_read("0.0.0.0/0 ::/0", &p.networks), ERR_OK);
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		if (reach_resolve(&p, no[i], soon(), &a) != ACME_REJECTED_IDENTIFIER)
			fail_msg("%s", no[i]);
	assert_int_equal(reach_resolve(&p, "9.9.9.9", soon(), &a), ACME_OK);
}

static void
a_resolver_that_is_silent_ends_at_the_deadline(void **state)
{
	const int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(here);
	struct reach_policy p = {0};
	struct reach_addresses a;
	const int64_t began = clock_ticks();

	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)&here, sizeof(here)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&here, &len), 0);
	assert_int_equal(address_read(SPAN("127.0.0.1"), &p.resolver), ERR_OK);
	p.resolver_port = ntohs(here.sin_port);
	assert_int_equal(reach_resolve(&p, "www.example", clock_ticks() + 500000, &a), ACME_DNS);
	assert_true(clock_ticks() - began < 8000000);
	(void)close(fd);
}

static void
a_port_that_nobody_listens_on_is_told(void **state)
{
	struct reach_addresses a = {.count = 1};
	int fd;

	(void)state;
	assert_int_equal(address_read(SPAN("127.0.0.1"), &a.rows[0]), ERR_OK);
	assert_int_equal(reach_connect(&a, 1, soon(), &fd), ACME_CONNECTION);
	assert_non_null(strstr(err_why(), "127.0.0.1 port 1"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_resolver_is_an_address_and_a_port),
		cmocka_unit_test(hosts_are_names_with_addresses),
		cmocka_unit_test(a_host_of_the_settings_is_held_against_policy_too),
		cmocka_unit_test(an_address_in_place_of_a_name_is_held_against_policy),
		cmocka_unit_test(a_resolver_that_is_silent_ends_at_the_deadline),
		cmocka_unit_test(a_port_that_nobody_listens_on_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
