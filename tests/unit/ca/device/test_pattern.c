#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "ca/device/pattern.h"

static char dns[] = "dns", ip[] = "ip", uri[] = "uri", cn[] = "CN", o[] = "O";
static char *kinds[] = {dns, ip, uri}, *attributes[] = {o, cn};
static const struct profile profile = {.name = dns, .subject = {attributes, 2}, .alternative_names = {kinds, 3}};

static bool
matches(const char *pattern, const char *text)
{
	return pattern_matches(pattern, span_of(text), false);
}

static void
a_star_stands_for_one_label_and_never_for_nothing(void **state)
{
	(void)state;
	assert_true(matches("*.health.test", "s1.health.test"));
	assert_true(matches("sensor-*", "sensor-17_b"));
	assert_true(matches("a*b*c", "axxbyyc"));
	assert_true(matches("a*bc", "abbc"));
	assert_false(matches("*.health.test", ".health.test"));
	assert_false(matches("*.health.test", "a.b.health.test"));
	assert_false(matches("*.health.test", "s1.health.test.evil"));
	assert_false(matches("*.health.test", "health.test"));
	assert_false(matches("urn:dev:*", "urn:dev:mac:1"));
	assert_false(matches("https://x.test/*", "https://x.test/a/b"));
	assert_false(matches("sensor-*", "sensor-"));
	assert_false(matches("a*c", "abd"));
	assert_false(matches("a", "ab"));
	assert_false(matches("ab", "a"));
	assert_false(matches("*", ""));
	assert_false(matches("*", "*"));
}

static void
only_hosts_are_read_without_case(void **state)
{
	(void)state;
	assert_true(pattern_matches("*.Health.test", SPAN("S1.HEALTH.test"), true));
	assert_false(matches("*.Health.test", "s1.health.test"));
}

static void
a_pattern_that_cannot_be_meant_is_refused(void **state)
{
	static const char *const bad[] = {"", "dns", "dns:", ":x", "email:*@x.test", "dns:**.x.test", "ip:192.0.2.1/24",
		"ip:*", "L:x", "dns:a\nb"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(pattern_check(bad[i], &profile), ERR_MALFORMED);
	assert_int_equal(pattern_check("ip:192.0.2.0/24", &profile), ERR_OK);
	assert_int_equal(pattern_check("O:Ministry of Health", &profile), ERR_OK);
	assert_int_equal(pattern_check("dns:*.x.test", &profile), ERR_OK);
}

static enum err
allowed(const struct name_part *subject, size_t subject_count, const struct name_part *names, size_t count)
{
	static char one[] = "dns:*.health.test", two[] = "ip:192.0.2.0/24", three[] = "O:Health",
		    four[] = "CN:sensor-*";
	static char *rows[] = {one, two, three, four};
	const struct json_list patterns = {rows, 4};

	return patterns_allow(&patterns, subject, subject_count, names, count);
}

static void
every_name_and_attribute_needs_a_pattern_of_its_kind(void **state)
{
	const struct name_part host = {"dns", "s1.health.test"}, other = {"dns", "www.land.test"};
	const struct name_part in = {"ip", "192.0.2.7"}, out = {"ip", "192.0.3.7"}, as_uri = {"uri", "s1.health.test"};
	const struct name_part both[] = {host, other};

	(void)state;
	assert_int_equal(allowed(NULL, 0, &host, 1), ERR_OK);
	assert_int_equal(allowed(NULL, 0, &in, 1), ERR_OK);
	assert_int_equal(allowed(NULL, 0, &out, 1), ERR_REFUSED);
	assert_int_equal(allowed(NULL, 0, both, 2), ERR_REFUSED);
	assert_non_null(strstr(err_why(), "dns:www.land.test"));
	assert_int_equal(allowed(NULL, 0, &as_uri, 1), ERR_REFUSED);
}

static void
a_common_name_is_a_dns_name_of_the_request_or_has_a_pattern(void **state)
{
	const struct name_part host = {"dns", "s1.health.test"};
	const struct name_part same = {"CN", "S1.health.test"}, sensor = {"CN", "sensor-1"},
			       other = {"CN", "s2.health.test"}, org = {"O", "Health"}, false_org = {"O", "Health2"};

	(void)state;
	assert_int_equal(allowed(&same, 1, &host, 1), ERR_OK);
	assert_int_equal(allowed(&sensor, 1, &host, 1), ERR_OK);
	assert_int_equal(allowed(&other, 1, &host, 1), ERR_REFUSED);
	assert_int_equal(allowed(&same, 1, NULL, 0), ERR_REFUSED);
	assert_int_equal(allowed(&org, 1, &host, 1), ERR_OK);
	assert_int_equal(allowed(&false_org, 1, &host, 1), ERR_REFUSED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_star_stands_for_one_label_and_never_for_nothing),
		cmocka_unit_test(only_hosts_are_read_without_case),
		cmocka_unit_test(a_pattern_that_cannot_be_meant_is_refused),
		cmocka_unit_test(every_name_and_attribute_needs_a_pattern_of_its_kind),
		cmocka_unit_test(a_common_name_is_a_dns_name_of_the_request_or_has_a_pattern),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
