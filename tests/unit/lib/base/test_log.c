#include "tests/unit/lib/test.h"

#include <fcntl.h>
#include <jansson.h>

#include "base/log.h"

static char seen[4096];

/* Runs what logs with standard error in a pipe; what came out is in seen. */
static void
capture(void (*logs)(void))
{
	const int kept = dup(STDERR_FILENO);
	int ends[2];
	ssize_t len;

	assert_int_equal(pipe(ends), 0);
	assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
	logs();
	assert_true(dup2(kept, STDERR_FILENO) >= 0);
	close(kept);
	close(ends[1]);
	len = read(ends[0], seen, sizeof(seen) - 1);
	close(ends[0]);
	assert_true(len >= 0);
	seen[len] = '\0';
}

static void
forged(void)
{
	log_warn("token", "client=%s", "a\n2026-01-01T00:00:00Z mohar-idpd info \x1b[2J\"");
}

CASE(a_foreign_value_cannot_forge_a_line)
{
	log_open("mohar-test", LOG_LEVEL_INFO);
	capture(forged);
	assert_ptr_equal(strchr(seen, '\n'), seen + strlen(seen) - 1);
	assert_null(strchr(seen, '\x1b'));
	assert_string_equal(seen + strlen("2026-01-31T23:59:59Z"),
		" mohar-test warn token: client=a\\x0a2026-01-01T00:00:00Z mohar-idpd info \\x1b[2J\\\"\n");
}

static void
refused(void)
{
	(void)err_because(ERR_USED, "RFC 6749 4.1.2: code already used");
	log_refusal("token", ERR_USED, "client=abc");
	log_refusal("token", ERR_USED, NULL);
	log_refusal("token", ERR_IO, "");
}

CASE(a_refusal_tells_its_reason_once_and_its_level_by_whose_fault_it_is)
{
	capture(refused);
	assert_non_null(strstr(seen, " warn token: USED RFC 6749 4.1.2: code already used client=abc\n"));
	assert_non_null(strstr(seen, " warn token: USED already used\n"));
	assert_non_null(strstr(seen, " error token: IO reading or writing failed\n"));
	assert_string_equal(err_why(), "");
}

static void
quiet(void)
{
	log_line(LOG_LEVEL_DEBUG, "x", "not to be seen");
}

CASE(lines_below_the_least_level_are_not_printed)
{
	capture(quiet);
	assert_string_equal(seen, "");
}

static void
endless(void)
{
	char text[3000];

	memset(text, '\n', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_info("x", "%s", text);
}

CASE(a_long_line_still_ends)
{
	capture(endless);
	assert_true(strlen(seen) <= 2049);
	assert_int_equal(seen[strlen(seen) - 1], '\n');
}

/* A name as somebody may have given it: it ends a line, an SD-ELEMENT and a JSON string, steers a terminal, writes from right to left, and is no UTF-8. */
static void
hostile(void)
{
	log_warn("login", "name=%s",
		"a\n<14>1 - - - - - -]\"}\\\r\x1b[2J\xc2\x9b"
		"1m\xe2\x80\xae"
		"evil\xe2\x80\xa8x\xff");
}

CASE(a_hostile_name_ends_neither_line_nor_structure_in_any_format)
{
	static const char *const formats[] = {"text", "json", "syslog"};

	log_open("mohar-test", LOG_LEVEL_INFO);
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		assert_ok(log_format_use(formats[i]));
		capture(hostile);
		assert_ptr_equal(strchr(seen, '\n'), seen + strlen(seen) - 1);
		seen[strlen(seen) - 1] = '\0';
		assert_true(span_is_line(span_of(seen)));
	}
	assert_err(log_format_use("xml"), ERR_CONFIG);
	assert_ok(log_format_use("text"));
}

CASE(json_lines_are_json_and_name_kind_and_error)
{
	json_t *line;

	assert_ok(log_format_use("json"));
	capture(hostile);
	line = json_loads(seen, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(line);
	assert_string_equal(json_string_value(json_object_get(line, "kind")), "security");
	assert_string_equal(json_string_value(json_object_get(line, "id")), "login");
	assert_string_equal(json_string_value(json_object_get(line, "message")),
		"name=a\\x0a<14>1 - - - - - -]\"}\\\\\\x0d\\x1b[2J\\xc2\\x9b"
		"1m\\xe2\\x80\\xae"
		"evil\\xe2\\x80\\xa8x\\xff");
	json_decref(line);
	(void)err_because(ERR_USED, "again");
	capture(refused);
	assert_non_null(strstr(seen, "\"error\":\"USED\""));
	assert_ok(log_format_use("text"));
}

CASE(a_message_of_rfc_5424_has_facility_and_severity_of_its_kind)
{
	assert_ok(log_format_use("syslog"));
	capture(hostile);
	assert_ptr_equal(strstr(seen, "<84>1 2"), seen); /* authpriv, warning */
	assert_non_null(strstr(seen, " login [" LOG_SD_ID " kind=\"security\" level=\"warn\"] name=a"));
	capture(endless);
	assert_ptr_equal(strstr(seen, "<30>1 2"), seen); /* daemon, informational */
	assert_true(strlen(seen) <= 2049);
	assert_ok(log_format_use("text"));
}

CASE(an_events_type_is_for_those_who_watch_over_security)
{
	assert_true(log_is_security("certificate.revoked"));
	assert_true(log_is_security("quorum"));
	assert_false(log_is_security("migrate"));
}

RUN(cmocka_unit_test(a_foreign_value_cannot_forge_a_line),
	cmocka_unit_test(a_refusal_tells_its_reason_once_and_its_level_by_whose_fault_it_is),
	cmocka_unit_test(lines_below_the_least_level_are_not_printed), cmocka_unit_test(a_long_line_still_ends),
	cmocka_unit_test(a_hostile_name_ends_neither_line_nor_structure_in_any_format),
	cmocka_unit_test(json_lines_are_json_and_name_kind_and_error),
	cmocka_unit_test(a_message_of_rfc_5424_has_facility_and_severity_of_its_kind),
	cmocka_unit_test(an_events_type_is_for_those_who_watch_over_security))
