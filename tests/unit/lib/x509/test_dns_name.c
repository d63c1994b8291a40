#include "tests/unit/lib/test.h"

#include "x509/dns_name.h"

static const char *
flaw(const char *name)
{
	return dns_name_flaw(span_of(name));
}

CASE(host_names_are_taken)
{
	static const char *const good[] = {"localhost", "a.b", "A.B-C.example", "1.example", "*.example.org",
		"xn--bcher-kva.example", "xn--fiqs8s", "xn--mgberp4a5d4ar", "xn--q9jyb4c",
		"xn--ihqwcrb4cv8a8dqg056pqjye.example", /* RFC 3492 7.1 (B) */
		"xn--egbpdaj6bu4bxfgehfvwxn.example" /* (A) */};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (flaw(good[i]) != NULL)
			fail_msg("%s: %s", good[i], flaw(good[i]));
}

CASE(what_is_no_host_name_is_told)
{
	static const char *const bad[] = {"", ".", "a.", ".a", "a..b", "a_b", "a b", "-a", "a-", "a.-b.c", "1.2.3.4",
		"a.1", "*", "*a.b", "a.*.b", "*.*.b",
		"b\xc3\xbc"
		"cher.example",
		"ab--cd", "xn--", "xn--99999999", "xn--a.xn--\xff", "xn--abc-.example", "http://a.b", "a.b:80",
		"a@b.c"};
	char label[80], name[300];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (flaw(bad[i]) == NULL)
			fail_msg("%s was taken", bad[i]);
	memset(label, 'a', sizeof(label));
	label[63] = '\0';
	assert_null(flaw(label));
	label[63] = 'a';
	label[64] = '\0';
	assert_non_null(strstr(flaw(label), "63"));
	memset(name, 'a', sizeof(name));
	for (size_t i = 50; i < sizeof(name); i += 51)
		name[i] = '.';
	name[253] = '\0';
	assert_null(flaw(name));
	name[253] = 'a';
	name[254] = '\0';
	assert_non_null(strstr(flaw(name), "253"));
}

CASE(an_international_name_is_told_to_come_as_a_labels)
{
	assert_non_null(strstr(flaw("b\xc3\xbc"
				    "cher.example"),
		"A-labels"));
}

CASE(a_suffix_ends_at_a_dot)
{
	assert_true(dns_name_is_under(SPAN("a.gov.bt"), SPAN("gov.bt")));
	assert_true(dns_name_is_under(SPAN("GOV.bt"), SPAN("gov.BT")));
	assert_false(dns_name_is_under(SPAN("agov.bt"), SPAN("gov.bt")));
	assert_false(dns_name_is_under(SPAN("bt"), SPAN("gov.bt")));
	assert_true(dns_name_is_wildcard(SPAN("*.a")));
	assert_false(dns_name_is_wildcard(SPAN("*a")));
}

RUN(cmocka_unit_test(host_names_are_taken), cmocka_unit_test(what_is_no_host_name_is_told),
	cmocka_unit_test(an_international_name_is_told_to_come_as_a_labels), cmocka_unit_test(a_suffix_ends_at_a_dot))
