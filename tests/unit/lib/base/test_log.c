#include "tests/unit/lib/test.h"

#include <fcntl.h>

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

RUN(cmocka_unit_test(a_foreign_value_cannot_forge_a_line),
	cmocka_unit_test(a_refusal_tells_its_reason_once_and_its_level_by_whose_fault_it_is),
	cmocka_unit_test(lines_below_the_least_level_are_not_printed), cmocka_unit_test(a_long_line_still_ends))
