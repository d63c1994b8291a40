#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "ca/acme/network.h"

static enum err
allowed(const char *networks, const char *address)
{
	struct networks n;
	struct address a;

	assert_int_equal(networks_read(networks, &n), ERR_OK);
	assert_int_equal(address_read(span_of(address), &a), ERR_OK);
	return networks_allow(&n, &a);
}

static void
everything_public_is_nothing_at_home(void **state)
{
	static const char *const home[] = {"10.0.0.1", "10.255.255.255", "100.64.0.1", "127.0.0.1", "127.255.255.254",
		"169.254.1.1", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.168.0.1",
		"198.18.0.1", "203.0.113.7", "::1", "::7f00:1", "64:ff9b::7f00:1", "2001::1",
		"2002:7f00:1::", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "2001:db8::1"};

	(void)state;
	for (size_t i = 0; i < sizeof(home) / sizeof(home[0]); i++)
		if (allowed("0.0.0.0/0 ::/0", home[i]) != ERR_REFUSED)
			fail_msg("%s", home[i]);
	assert_int_equal(allowed("0.0.0.0/0", "9.9.9.9"), ERR_OK);
	assert_int_equal(allowed("::/0", "2620:fe::9"), ERR_OK);
	assert_int_equal(allowed("0.0.0.0/0", "11.0.0.1"), ERR_OK);
	assert_int_equal(allowed("0.0.0.0/0", "172.32.0.1"), ERR_OK);
}

static void
a_mapped_address_is_the_same_address(void **state)
{
	(void)state;
	assert_int_equal(allowed("0.0.0.0/0 ::/0", "::ffff:127.0.0.1"), ERR_REFUSED);
	assert_int_equal(allowed("0.0.0.0/0 ::/0", "::ffff:a9fe:a9fe"), ERR_REFUSED);
	assert_int_equal(allowed("127.0.0.1", "::ffff:127.0.0.1"), ERR_OK);
	assert_int_equal(allowed("::/0", "9.9.9.9"), ERR_OK); /* ::/0 is all there is, mapped addresses too */
}

static void
what_is_at_home_is_listed_by_itself(void **state)
{
	(void)state;
	assert_int_equal(allowed("10.1.0.0/16", "10.1.2.3"), ERR_OK);
	assert_int_equal(allowed("10.1.0.0/16", "10.2.0.1"), ERR_REFUSED);
	assert_int_equal(allowed("8.0.0.0/6", "10.1.2.3"), ERR_REFUSED);
	assert_int_equal(allowed("::1/128", "::1"), ERR_OK);
	assert_int_equal(allowed("fd12::/16", "fd12::1"), ERR_OK);
}

static void
a_clouds_metadata_is_not_listed_by_its_neighbours(void **state)
{
	(void)state;
	assert_int_equal(allowed("169.254.0.0/16", "169.254.169.254"), ERR_REFUSED);
	assert_int_equal(allowed("169.254.0.0/16", "169.254.1.1"), ERR_OK);
	assert_int_equal(allowed("fc00::/7", "fd00:ec2::254"), ERR_REFUSED);
	assert_int_equal(allowed("169.254.169.254/32", "169.254.169.254"), ERR_OK);
}

static void
no_setting_opens_what_is_no_host(void **state)
{
	(void)state;
	assert_int_equal(allowed("0.0.0.0/8", "0.0.0.0"), ERR_REFUSED);
	assert_int_equal(allowed("255.255.255.255/32", "255.255.255.255"), ERR_REFUSED);
	assert_int_equal(allowed("224.0.0.0/4", "224.0.0.1"), ERR_REFUSED);
	assert_int_equal(allowed("::/128", "::"), ERR_REFUSED);
	assert_int_equal(allowed("ff02::/16", "ff02::1"), ERR_REFUSED);
}

static void
no_network_is_nobody(void **state)
{
	(void)state;
	assert_int_equal(allowed("", "9.9.9.9"), ERR_REFUSED);
	assert_int_equal(allowed(" , ", "9.9.9.9"), ERR_REFUSED);
}

static void
a_list_out_of_form_is_refused(void **state)
{
	static const char *const bad[] = {"10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/", "10.0.0.0/8x", "10.0.0/8", "::/129",
		"fe80::1%eth0", "localhost", "10.0.0.0/8;::1", "10.0.0.0/0x8", "::1/-1", "2001:db8::1/32"};
	struct networks n;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (networks_read(bad[i], &n) != ERR_CONFIG)
			fail_msg("%s", bad[i]);
	assert_int_equal(networks_read("10.0.0.0/8,::1 192.0.2.1", &n), ERR_OK);
	assert_int_equal(n.count, 3);
}

static void
more_networks_than_there_is_room_for(void **state)
{
	char text[MAX_NETWORKS * 4 + 8] = "";
	struct networks n;

	(void)state;
	for (int i = 0; i <= MAX_NETWORKS; i++)
		memcpy(text + 4 * i, "::1 ", 5);
	assert_int_equal(networks_read(text, &n), ERR_CONFIG);
}

static void
an_address_is_written_in_one_form(void **state)
{
	static const char *const rows[][2] = {{"192.0.2.1", "192.0.2.1"}, {"2001:DB8:0:0::1", "2001:db8::1"},
		{"::ffff:192.0.2.1", "192.0.2.1"}};
	char text[ADDRESS_TEXT_LEN + 1];
	struct address a;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(address_read(span_of(rows[i][0]), &a), ERR_OK);
		address_text(&a, text);
		assert_string_equal(text, rows[i][1]);
	}
	assert_int_equal(address_read(span_at("1.2.3.4\0", 8), &a), ERR_MALFORMED);
	assert_int_equal(address_read(span_of("0177.0.0.1"), &a), ERR_MALFORMED);
	assert_int_equal(address_read(span_of("2130706433"), &a), ERR_MALFORMED);
	assert_int_equal(address_read(span_of("127.1"), &a), ERR_MALFORMED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_public_is_nothing_at_home),
		cmocka_unit_test(a_mapped_address_is_the_same_address),
		cmocka_unit_test(what_is_at_home_is_listed_by_itself),
		cmocka_unit_test(a_clouds_metadata_is_not_listed_by_its_neighbours),
		cmocka_unit_test(no_setting_opens_what_is_no_host),
		cmocka_unit_test(no_network_is_nobody),
		cmocka_unit_test(a_list_out_of_form_is_refused),
		cmocka_unit_test(more_networks_than_there_is_room_for),
		cmocka_unit_test(an_address_is_written_in_one_form),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
