#include "tests/unit/lib/test.h"

#include "ca/console/sought.h"

#define SERIAL_TEXT "5aaa7af30e2fa2456ecf76dae2997d77"
#define KEY_TEXT "9f2a850381643cda4ab6f8a5d844e5e567ae61b0737d3ff287013006652bc7b2"

static enum sought_kind
kind(const char *q)
{
	struct sought s;

	assert_ok(sought_read(q, &s));
	return s.kind;
}

CASE(nothing_and_blanks_are_any)
{
	assert_int_equal(kind(NULL), SOUGHT_ANY);
	assert_int_equal(kind(""), SOUGHT_ANY);
	assert_int_equal(kind("   "), SOUGHT_ANY);
}

CASE(a_serial_is_one_in_capitals_and_with_colons_too)
{
	struct sought s;

	assert_ok(sought_read(SERIAL_TEXT, &s));
	assert_int_equal(s.kind, SOUGHT_SERIAL);
	assert_ok(sought_read("5A:AA:7A:F3:0E:2F:A2:45:6E:CF:76:DA:E2:99:7D:77", &s));
	assert_int_equal(s.kind, SOUGHT_SERIAL);
	assert_string_equal(s.subject, SERIAL_TEXT);
}

CASE(a_keys_hash_is_one_in_hexadecimal_and_in_base64url)
{
	struct sought a, b;

	assert_ok(sought_read(KEY_TEXT, &a));
	assert_ok(sought_read("nyqFA4FkPNpKtvil2ETl5WeuYbBzfT_yhwEwBmUrx7I", &b));
	assert_int_equal(a.kind, SOUGHT_KEY);
	assert_int_equal(b.kind, SOUGHT_KEY);
	assert_memory_equal(a.bytes, b.bytes, SHA256_LEN);
}

CASE(a_person_is_no_serial_though_it_has_as_many_digits)
{
	assert_int_equal(kind("5aaa7af3-0e2f-4245-aecf-76dae2997d77"), SOUGHT_PERSON);
}

CASE(a_digit_too_few_or_too_many_is_a_subject)
{
	assert_int_equal(kind("5aaa7af30e2fa2456ecf76dae2997d7"), SOUGHT_SUBJECT);
	assert_int_equal(kind(KEY_TEXT "0"), SOUGHT_SUBJECT);
}

CASE(a_name_begins_with_CN_unless_another_part_is_named)
{
	struct sought s;

	assert_ok(sought_read("Test Citizen", &s));
	assert_string_equal(s.subject, "CN=Test Citizen");
	assert_ok(sought_read("serialNumber=ab", &s));
	assert_string_equal(s.subject, "serialNumber=ab");
}

CASE(what_is_no_line_or_too_long_is_refused)
{
	char text[MAX_SOUGHT + 2];
	struct sought s;

	assert_err(sought_read("a\nb", &s), ERR_MALFORMED);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_err(sought_read(text, &s), ERR_MALFORMED);
	text[MAX_SOUGHT] = '\0';
	assert_ok(sought_read(text, &s));
}

CASE(a_hold_is_no_revocation_and_both_go_before_an_end)
{
	assert_string_equal(certificate_status(0, 0, 10, 5), "good");
	assert_string_equal(certificate_status(0, 0, 10, 11), "expired");
	assert_string_equal(certificate_status(4, 6, 10, 11), "suspended");
	assert_string_equal(certificate_status(4, 1, 10, 11), "revoked");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_and_blanks_are_any),
		cmocka_unit_test(a_serial_is_one_in_capitals_and_with_colons_too),
		cmocka_unit_test(a_keys_hash_is_one_in_hexadecimal_and_in_base64url),
		cmocka_unit_test(a_person_is_no_serial_though_it_has_as_many_digits),
		cmocka_unit_test(a_digit_too_few_or_too_many_is_a_subject),
		cmocka_unit_test(a_name_begins_with_CN_unless_another_part_is_named),
		cmocka_unit_test(what_is_no_line_or_too_long_is_refused),
		cmocka_unit_test(a_hold_is_no_revocation_and_both_go_before_an_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
