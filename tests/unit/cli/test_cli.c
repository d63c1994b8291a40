#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/frame.h"

/* The frame is tried on a table of its own: whatever rooms are linked in must not matter here. */
static const char *seen_challenge, *seen_file;
static size_t seen_trust, seen_files;
static unix_time seen_now;

static int
run_probe(struct cli *c)
{
	seen_challenge = cli_value(c, "--challenge");
	seen_file = cli_file(c, 0);
	seen_files = cli_file_count(c);
	seen_now = cli_now(c);
	seen_trust = 0;
	while (cli_value_at(c, "--trust", seen_trust) != NULL)
		seen_trust++;
	cli_begin(c);
	cli_text(c, "format", "none \"quoted\"");
	cli_int(c, "counter", 7);
	cli_item(c, "keys");
	cli_text(c, "label", "one");
	cli_bool(c, "local", true);
	cli_item_end(c);
	cli_text(c, "between", "x");
	cli_item(c, "keys");
	cli_text(c, "label", "two");
	cli_bool(c, "local", false);
	cli_item_end(c);
	cli_json(c, "raw", SPAN("{\"a\":[1,2]}"));
	return cli_end(c, "valid", NULL, EXIT_DONE);
}

static int
run_refuse(struct cli *c)
{
	cli_begin(c);
	cli_item(c, "open");
	return cli_fail(c, err_because(ERR_REVOKED, "RFC 6960 2.2: revoked"));
}

static int
run_unreachable(struct cli *c)
{
	cli_begin(c);
	return cli_fail(c, ERR_UNAVAILABLE);
}

static const struct cli_option probe_options[] = {
	{"--challenge", "TEXT", "base64url", "MOHAR_TEST_CHALLENGE", true, false},
	{"--trust", "FILE", "anchors", NULL, false, true},
	{"--at", "TIME", "as if it were then", NULL, false, false},
	{"--strict", NULL, "a flag", NULL, false, false},
	{0},
};

static const struct cli_verb verify_table[] = {
	{"verify", "probe", "FILE...", "a probe", probe_options, run_probe},
	{"verify", NULL, "FILE", "the group's default", NULL, run_refuse},
	{0},
};
static const struct cli_verb status_table[] = {
	{NULL, "status", NULL, "one word", NULL, run_unreachable},
	{0},
};
static const struct cli_verb card_table[] = {
	{"card", "show", "[DIR]", "tokens", NULL, run_probe},
	{0},
};
static const struct cli_verb *const tables[] = {verify_table, status_table, card_table, NULL};

enum { MAX_OUTPUT = 64 << 10 };
static char out_text[MAX_OUTPUT], err_out[MAX_OUTPUT];

static void
slurp(FILE *f, char *into)
{
	rewind(f);
	into[fread(into, 1, MAX_OUTPUT - 1, f)] = '\0';
	fclose(f);
}

/* Runs one command line, split at spaces, with both outputs caught. */
static int
mohar(const char *line)
{
	char copy[512], *argv[32] = {"mohar"}, *rest = copy;
	FILE *out = tmpfile(), *err = tmpfile();
	const int real_out = dup(1), real_err = dup(2);
	int argc = 1, code;

	(void)snprintf(copy, sizeof(copy), "%s", line);
	for (char *word; (word = strsep(&rest, " ")) != NULL;)
		if (*word != '\0')
			argv[argc++] = word;
	fflush(NULL);
	dup2(fileno(out), 1);
	dup2(fileno(err), 2);
	code = cli_main(argc, argv);
	fflush(NULL);
	dup2(real_out, 1);
	dup2(real_err, 2);
	close(real_out);
	close(real_err);
	slurp(out, out_text);
	slurp(err, err_out);
	return code;
}

static void
has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("'%s' is not in: %s", part, text);
}

static void
values_files_and_repeats_arrive(void **state)
{
	char value[] = "verify probe a --challenge=-x --trust t1 --strict --trust t2 b --at 2026-01-31T23:59:59Z";

	(void)state;
	assert_int_equal(mohar(value), EXIT_DONE);
	assert_int_equal(seen_files, 2);
	assert_int_equal(seen_trust, 2);
	assert_int_equal(seen_now, 1769903999);
}

static void
a_value_that_begins_with_dashes_is_taken(void **state)
{
	(void)state;
	assert_int_equal(mohar("verify probe f --challenge --AbC"), EXIT_DONE);
	assert_int_equal(mohar("verify probe f --challenge --strict"), EXIT_USAGE);
	has(err_out, "--challenge needs a value");
}

static void
after_two_dashes_all_are_operands(void **state)
{
	(void)state;
	assert_int_equal(mohar("verify probe --challenge c -- --trust --json"), EXIT_DONE);
	assert_int_equal(seen_files, 2);
}

static void
a_variable_stands_in_for_an_absent_option(void **state)
{
	(void)state;
	assert_int_equal(mohar("verify probe f"), EXIT_USAGE);
	has(err_out, "--challenge TEXT is needed (or the variable MOHAR_TEST_CHALLENGE)");
	setenv("MOHAR_TEST_CHALLENGE", "", 1);
	assert_int_equal(mohar("verify probe f"), EXIT_USAGE);
	setenv("MOHAR_TEST_CHALLENGE", "env", 1);
	assert_int_equal(mohar("verify probe f"), EXIT_DONE);
	assert_string_equal(seen_challenge, "env");
	unsetenv("MOHAR_TEST_CHALLENGE");
}

static void
wrong_usage_is_2_and_names_the_nearest(void **state)
{
	(void)state;
	assert_int_equal(mohar("verfy probe"), EXIT_USAGE);
	has(err_out, "did you mean 'verify'? 'mohar --help' tells more.");
	assert_int_equal(mohar("card shw"), EXIT_USAGE);
	has(err_out, "did you mean 'card show'?");
	assert_int_equal(mohar("verify probe f --chalenge x"), EXIT_USAGE);
	has(err_out, "did you mean --challenge?");
	assert_int_equal(mohar("zzzzzzzz"), EXIT_USAGE);
	assert_null(strstr(err_out, "did you mean"));
	assert_int_equal(mohar(""), EXIT_USAGE);
	assert_int_equal(mohar("card"), EXIT_USAGE);
	assert_int_equal(mohar("card --json"), EXIT_USAGE);
}

static void
too_few_and_too_many_operands_are_refused(void **state)
{
	(void)state;
	assert_int_equal(mohar("verify probe --challenge c"), EXIT_USAGE);
	has(err_out, "FILE... is needed");
	assert_int_equal(mohar("card show a"), EXIT_DONE);
	assert_int_equal(mohar("card show"), EXIT_DONE);
	assert_int_equal(mohar("card show a b"), EXIT_USAGE);
	has(err_out, "'b' is one operand too many");
	assert_int_equal(mohar("status x"), EXIT_USAGE);
}

static void
an_option_given_twice_or_a_flag_with_a_value_is_refused(void **state)
{
	(void)state;
	assert_int_equal(mohar("verify probe f --challenge a --challenge b"), EXIT_USAGE);
	has(err_out, "given twice");
	assert_int_equal(mohar("verify probe f --challenge a --strict=no"), EXIT_USAGE);
	assert_int_equal(mohar("verify probe f --challenge a --at tomorrow"), EXIT_USAGE);
}

static void
json_is_one_document_with_lists_joined(void **state)
{
	(void)state;
	assert_int_equal(mohar("verify probe f --challenge c --json"), EXIT_DONE);
	assert_string_equal(out_text,
		"{\"format\":\"none \\\"quoted\\\"\",\"counter\":7,\"keys\":[{\"label\":\"one\",\"local\":true},"
		"{\"label\":\"two\",\"local\":false}],\"between\":\"x\",\"raw\":{\"a\":[1,2]},"
		"\"result\":\"valid\"}\n");
	assert_string_equal(err_out, "");
	assert_int_equal(mohar("nonsense --json"), EXIT_USAGE);
	has(out_text, "{\"result\":\"usage\",\"why\":");
}

static void
people_get_lines_and_a_table_without_colour_in_a_pipe(void **state)
{
	(void)state;
	assert_int_equal(mohar("verify probe f --challenge c"), EXIT_DONE);
	assert_string_equal(out_text,
		"format: none \"quoted\"\ncounter: 7\nkeys:\n  label  local\n  one    yes\n  two    no\n"
		"between: x\nraw: {\n  \"a\": [\n    1,\n    2\n  ]\n}\nresult: valid\n");
	assert_null(strchr(out_text, '\033'));
}

static void
a_refusal_gives_code_reason_and_closed_document(void **state)
{
	(void)state;
	assert_int_equal(mohar("verify anything --json"), EXIT_REFUSED);
	assert_string_equal(out_text, "{\"open\":[{}],\"result\":\"refused\",\"why\":\"RFC 6960 2.2: revoked\"}\n");
	has(err_out, "mohar verify: refused: RFC 6960 2.2: revoked");
	assert_int_equal(mohar("status"), EXIT_UNREACHABLE);
	has(err_out, "mohar status: unreachable");
}

static void
help_is_made_from_the_tables(void **state)
{
	(void)state;
	assert_int_equal(mohar("--help"), EXIT_DONE);
	has(out_text, "verify probe FILE...   a probe");
	has(out_text, "card show [DIR]");
	assert_int_equal(mohar("verify --help"), EXIT_DONE);
	has(out_text, "Usage: mohar verify [OPTION...] FILE\n");
	has(out_text, "verify probe FILE...   a probe");
	assert_int_equal(mohar("card --help"), EXIT_DONE);
	has(out_text, "card show [DIR]   tokens");
	assert_int_equal(mohar("verify probe --help"), EXIT_DONE);
	has(out_text, "Usage: mohar verify probe [OPTION...] FILE...");
	has(out_text, "--challenge TEXT   base64url (needed) [MOHAR_TEST_CHALLENGE]");
	has(out_text, "--json");
	assert_int_equal(mohar("help verify probe"), EXIT_DONE);
	has(out_text, "Usage: mohar verify probe [OPTION...] FILE...");
	assert_int_equal(mohar("help status"), EXIT_DONE);
	has(out_text, "Usage: mohar status [OPTION...]");
	assert_int_equal(mohar("help card"), EXIT_DONE);
	has(out_text, "card show [DIR]   tokens");
	assert_int_equal(mohar("help nonsense"), EXIT_USAGE);
	assert_int_equal(mohar("help --json"), EXIT_DONE);
}

static void
a_reason_names_the_file_that_it_is_about(void **state)
{
	(void)state;
	assert_int_equal(cli_about("a.jwk", ERR_OK), ERR_OK);
	assert_int_equal(cli_about("a.jwk", err_because(ERR_MALFORMED, "line 1: '{' expected")), ERR_MALFORMED);
	assert_string_equal(err_why(), "a.jwk: line 1: '{' expected");
	err_forget();
	assert_int_equal(cli_about("a.jwk", ERR_IO), ERR_IO);
	has(err_why(), "a.jwk: ");
	err_forget();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_files_and_repeats_arrive),
		cmocka_unit_test(a_value_that_begins_with_dashes_is_taken),
		cmocka_unit_test(after_two_dashes_all_are_operands),
		cmocka_unit_test(a_variable_stands_in_for_an_absent_option),
		cmocka_unit_test(wrong_usage_is_2_and_names_the_nearest),
		cmocka_unit_test(too_few_and_too_many_operands_are_refused),
		cmocka_unit_test(an_option_given_twice_or_a_flag_with_a_value_is_refused),
		cmocka_unit_test(json_is_one_document_with_lists_joined),
		cmocka_unit_test(people_get_lines_and_a_table_without_colour_in_a_pipe),
		cmocka_unit_test(a_refusal_gives_code_reason_and_closed_document),
		cmocka_unit_test(help_is_made_from_the_tables),
		cmocka_unit_test(a_reason_names_the_file_that_it_is_about),
	};
	cli_tables_use(tables);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
