#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "ca/acme/identifier.h"

static void
host_names_are_taken_and_lowered(void **state)
{
	struct identifier i;
	char text[MAX_IDENTIFIER_TEXT + 1];

	(void)state;
	assert_int_equal(identifier_read("dns", "WWW.Land.Example.GOV", &i), ACME_OK);
	assert_string_equal(i.name, "www.land.example.gov");
	assert_false(i.wildcard);
	assert_int_equal(identifier_read("dns", "*.land.example.gov", &i), ACME_OK);
	assert_true(i.wildcard);
	identifier_text(&i, text);
	assert_string_equal(text, "dns:*.land.example.gov");
	assert_int_equal(identifier_parse(text, &i), ERR_OK);
	assert_true(i.wildcard);
	assert_int_equal(identifier_read("dns", "xn--bcher-kva.example", &i), ACME_OK);
	assert_int_equal(identifier_read("dns", "localhost", &i), ACME_OK);
}

static void
what_is_no_host_name_is_refused(void **state)
{
	static const char *const bad[] = {"", ".", "a.", ".a", "a..b", "-a.b", "a-.b", "a_b.c", "a b", "*", "*.",
		"*.*.a", "a.*.b", "a*.b", "10.0.0.1", "1", "0x7f.1", "a.1", "a\n", "a/b", "user@a", "a:80", "[::1]",
		"bücher.example", "a123456789012345678901234567890123456789012345678901234567890123.b"};
	struct identifier i;
	char longest[MAX_DNS_NAME + 3];

	(void)state;
	for (size_t n = 0; n < sizeof(bad) / sizeof(bad[0]); n++)
		if (identifier_read("dns", bad[n], &i) != ACME_REJECTED_IDENTIFIER)
			fail_msg("%s", bad[n]);
	memset(longest, 'a', sizeof(longest));
	for (size_t n = 10; n < sizeof(longest); n += 10)
		longest[n] = '.';
	longest[MAX_DNS_NAME + 1] = '\0';
	assert_int_equal(identifier_read("dns", longest, &i), ACME_REJECTED_IDENTIFIER);
	longest[MAX_DNS_NAME] = '\0';
	assert_int_equal(identifier_read("dns", longest, &i), ACME_OK);
}

static void
an_address_comes_in_its_one_form(void **state)
{
	static const char *const bad[] = {"127.1", "2130706433", "010.0.0.1", "::ffff:10.0.0.1", "2001:DB8::1",
		"2001:db8:0::1", "fe80::1%eth0", "1.2.3.4/32", "localhost"};
	struct identifier i;

	(void)state;
	for (size_t n = 0; n < sizeof(bad) / sizeof(bad[0]); n++)
		if (identifier_read("ip", bad[n], &i) != ACME_REJECTED_IDENTIFIER)
			fail_msg("%s", bad[n]);
	assert_int_equal(identifier_read("ip", "2001:db8::1", &i), ACME_OK);
	assert_int_equal(identifier_read("ip", "192.0.2.1", &i), ACME_OK);
	assert_int_equal(identifier_read("email", "a@b", &i), ACME_UNSUPPORTED_IDENTIFIER);
}

static enum problem
granted(const char *grant, const char *type, const char *value)
{
	char copy[64];
	char *items[] = {copy};
	const struct json_list grants = {items, 1};
	struct identifier i;

	strcpy(copy, grant);
	assert_int_equal(grant_check(grant), ERR_OK);
	assert_int_equal(identifier_read(type, value, &i), ACME_OK);
	return grants_allow(&grants, &i);
}

static void
a_suffix_ends_at_a_label(void **state)
{
	(void)state;
	assert_int_equal(granted("land.example", "dns", "land.example"), ACME_OK);
	assert_int_equal(granted("land.example", "dns", "a.b.land.example"), ACME_OK);
	assert_int_equal(granted("land.example", "dns", "*.land.example"), ACME_OK);
	assert_int_equal(granted("land.example", "dns", "xland.example"), ACME_REJECTED_IDENTIFIER);
	assert_int_equal(granted("land.example", "dns", "example"), ACME_REJECTED_IDENTIFIER);
	assert_int_equal(granted("land.example", "dns", "land.example.evil.org"), ACME_REJECTED_IDENTIFIER);
	assert_int_equal(granted("land.example", "dns", "*.example"), ACME_REJECTED_IDENTIFIER);
}

static void
addresses_are_granted_by_networks_and_names_by_names(void **state)
{
	(void)state;
	assert_int_equal(granted("192.0.2.0/24", "ip", "192.0.2.7"), ACME_OK);
	assert_int_equal(granted("192.0.2.0/24", "ip", "192.0.3.7"), ACME_REJECTED_IDENTIFIER);
	assert_int_equal(granted("2001:db8::/32", "ip", "2001:db8::7"), ACME_OK);
	assert_int_equal(granted("land.example", "ip", "192.0.2.7"), ACME_REJECTED_IDENTIFIER);
	assert_int_equal(granted("192.0.2.0/24", "dns", "land.example"), ACME_REJECTED_IDENTIFIER);
}

static void
a_grant_is_a_name_or_a_network(void **state)
{
	static const char *const bad[] = {"", "*.land.example", "Land.example", "land.example.", "192.0.2.1/24", "a b",
		"999.1.1.1"};

	(void)state;
	for (size_t n = 0; n < sizeof(bad) / sizeof(bad[0]); n++)
		if (grant_check(bad[n]) != ERR_MALFORMED)
			fail_msg("%s", bad[n]);
}

/* RFC 8738 6 */
static void
an_address_is_asked_for_by_its_reverse_name(void **state)
{
	struct identifier i;
	char sni[MAX_DNS_NAME + 81];

	(void)state;
	assert_int_equal(identifier_read("ip", "192.0.2.1", &i), ACME_OK);
	identifier_sni(&i, sni);
	assert_string_equal(sni, "1.2.0.192.in-addr.arpa");
	assert_int_equal(identifier_read("ip", "2001:db8::567:89ab", &i), ACME_OK);
	identifier_sni(&i, sni);
	assert_string_equal(sni, "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
	assert_int_equal(identifier_read("dns", "a.b", &i), ACME_OK);
	identifier_sni(&i, sni);
	assert_string_equal(sni, "a.b");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(host_names_are_taken_and_lowered),
		cmocka_unit_test(what_is_no_host_name_is_refused),
		cmocka_unit_test(an_address_comes_in_its_one_form),
		cmocka_unit_test(a_suffix_ends_at_a_label),
		cmocka_unit_test(addresses_are_granted_by_networks_and_names_by_names),
		cmocka_unit_test(a_grant_is_a_name_or_a_network),
		cmocka_unit_test(an_address_is_asked_for_by_its_reverse_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
