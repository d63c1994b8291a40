/* `mohar log verify --journal`: what it says of evidence that somebody has laid hands on. */
#include "tests/unit/lib/test.h"

#include <fcntl.h>

#include "audit/chain.h"
#include "base/encode.h"
#include "base/file.h"
#include "cli/cli.h"

enum { SEGMENTS = 3, RECORDS = 5, MAX_TEXT = 1 << 20 };

static char folder[] = "/tmp/mohar-evidence-XXXXXX";
static char journal[64], operations[64], said[64];
static struct writer words;

static void
line_add(struct writer *w, struct chain_head *head, const char *json)
{
	*head = (struct chain_head){head->count + 1, chain_next(&head->hash, span_of(json))};
	hex_write(w, sha256_span(&head->hash));
	writer_format(w, " %s\n", json);
}

static void
segment_path(int number, char out[96])
{
	(void)snprintf(out, 96, "%s.%06d", operations, number);
}

/* Three segments of five records, of which two are closed. */
static int
make(void **state __attribute__((unused)))
{
	AUTO(writer) acts = writer_new(MAX_TEXT);
	struct chain_head act = {0}, record = {0};
	char json[512], path[96];

	line_add(&acts, &act, "{\"n\":1,\"at\":\"2026-11-22T10:00:00Z\",\"act\":\"genesis\",\"detail\":\"main\"}");
	for (int number = 1; number <= SEGMENTS; number++) {
		AUTO(writer) segment = writer_new(MAX_TEXT);
		AUTO(writer) hash = writer_new(65);

		for (int i = 0; i < RECORDS; i++) {
			(void)snprintf(json, sizeof(json),
				"{\"n\":%d,\"at\":17953700%02d123,\"op\":\"SIGN\",\"key\":\"log\",\"uid\":7,\"outcome\":\"OK\"}",
				(int)record.count + 1, (int)record.count);
			line_add(&segment, &record, json);
		}
		segment_path(number, path);
		assert_ok(file_write(path, writer_span(&segment), 0600));
		hex_write(&hash, sha256_span(&record.hash));
		(void)snprintf(json, sizeof(json),
			"{\"n\":%d,\"at\":\"2026-11-22T10:00:0%dZ\",\"act\":\"segment\",\"sha256\":\"%s\",\"number\":%d,\"detail\":\"up to record %d\"}",
			number + 1, number, (const char *)writer_span(&hash).ptr, number, (int)record.count);
		if (number < SEGMENTS)
			line_add(&acts, &act, json);
	}
	assert_ok(file_write(journal, writer_span(&acts), 0600));
	return 0;
}

static int
setup(void **state __attribute__((unused)))
{
	if (mkdtemp(folder) == NULL)
		return -1;
	(void)snprintf(journal, sizeof(journal), "%s/journal", folder);
	(void)snprintf(operations, sizeof(operations), "%s/operations", folder);
	(void)snprintf(said, sizeof(said), "%s/said", folder);
	return 0;
}

static int
teardown(void **state __attribute__((unused)))
{
	char command[64];

	writer_free(&words);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

static int
verify(const char *first, const char *second)
{
	const char *const line[] = {"mohar", "log", "verify", "--json", "--journal", journal, "--operations", first,
		"--operations", second};
	const int argc = first == NULL ? 6 : second == NULL ? 8 : 10;
	char *argv[10];
	int code, out, fd;

	for (int i = 0; i < argc; i++)
		argv[i] = strdup(line[i]);
	(void)fflush(stdout);
	out = dup(STDOUT_FILENO);
	fd = open(said, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(dup2(fd, STDOUT_FILENO) >= 0);
	code = cli_main(argc, argv);
	(void)fflush(stdout);
	assert_true(dup2(out, STDOUT_FILENO) >= 0);
	close(out);
	close(fd);
	for (int i = 0; i < argc; i++)
		free(argv[i]);
	words.max = MAX_TEXT;
	writer_reset(&words);
	assert_ok(file_read(said, MAX_TEXT, &words));
	return code;
}

static void
assert_said(const char *text)
{
	if (strstr((const char *)writer_span(&words).ptr, text) == NULL)
		fail_msg("'%s' is not in: %s", text, (const char *)writer_span(&words).ptr);
}

static void
is_invalid(const char *why)
{
	assert_int_equal(verify(operations, NULL), 1);
	assert_said("\"result\":\"invalid\"");
	assert_said(why);
}

/* The lines of a segment or of the journal, each with its newline. */
struct lines {
	struct writer text;
	char *at[16];
	size_t len[16], count;
};

static void
lines_read(const char *path, struct lines *l)
{
	char *from, *end;

	*l = (struct lines){.text = writer_new(MAX_TEXT)};
	assert_ok(file_read(path, MAX_TEXT, &l->text));
	for (from = (char *)l->text.ptr; (end = strchr(from, '\n')) != NULL; from = end + 1) {
		l->at[l->count] = from;
		l->len[l->count++] = (size_t)(end + 1 - from);
	}
}

/* Writes the lines numbered in order, ended by -1, back. */
static void
lines_write(const char *path, struct lines *l, const int *order)
{
	AUTO(writer) text = writer_new(MAX_TEXT);

	for (; *order >= 0; order++)
		writer_bytes(&text, span_at(l->at[*order], l->len[*order]));
	assert_ok(file_write(path, writer_span(&text), 0600));
	writer_free(&l->text);
}

static void
reorder(int number, const int *order)
{
	struct lines l;
	char path[96];

	segment_path(number, path);
	lines_read(path, &l);
	lines_write(path, &l, order);
}

CASE(evidence_as_it_was_left_is_valid)
{
	assert_int_equal(verify(operations, NULL), 0);
	assert_said("\"result\":\"valid\"");
	assert_said("\"segments_closed\":2");
	assert_said("\"lines\":5,\"first\":\"2026-11-22T");
	assert_int_equal(verify(NULL, NULL), 0);
}

CASE(a_changed_byte_names_file_and_line)
{
	struct lines l;
	char path[96];

	segment_path(2, path);
	lines_read(path, &l);
	memcpy(strstr(l.at[3], "\"uid\":7"), "\"uid\":8", 7);
	lines_write(path, &l, (const int[]){0, 1, 2, 3, 4, -1});
	is_invalid("operations.000002: line 4 does not follow");
}

CASE(a_line_taken_away_is_missed)
{
	reorder(1, (const int[]){0, 1, 3, 4, -1});
	is_invalid("operations.000001: line 3 does not follow");
}

CASE(exchanged_lines_are_noticed)
{
	reorder(1, (const int[]){0, 2, 1, 3, 4, -1});
	is_invalid("operations.000001: line 2 does not follow");
}

CASE(a_closed_segment_that_ends_early_is_not_what_the_journal_says)
{
	reorder(1, (const int[]){0, 1, 2, 3, -1});
	is_invalid("operations.000001: after line 4 it does not end as the journal says");
}

CASE(a_segment_that_is_missing_is_named)
{
	char path[96], first[96], third[96];

	segment_path(1, first);
	segment_path(3, third);
	segment_path(2, path);
	assert_int_equal(unlink(path), 0);
	is_invalid("operations.000002: this segment is missing");
	assert_int_equal(verify(first, third), 1);
	assert_said("segment 2 is missing");
	assert_int_equal(verify(third, NULL), 0); /* one alone, where the journal says it begins */
}

CASE(a_journal_without_a_rotation_does_not_know_the_next_segment)
{
	struct lines l;

	lines_read(journal, &l);
	lines_write(journal, &l, (const int[]){0, 1, -1});
	is_invalid("operations.000003: it has records, but the journal does not say that segment 2 was closed");
}

CASE(a_changed_rotation_in_the_journal_names_its_line)
{
	struct lines l;

	lines_read(journal, &l);
	memcpy(strstr(l.at[2], "up to record 10"), "up to record 11", 15);
	lines_write(journal, &l, (const int[]){0, 1, 2, -1});
	is_invalid("journal: line 3 does not follow");
}

CASE(a_last_line_in_the_making_is_told_and_no_forgery)
{
	char path[96];
	int fd;

	segment_path(3, path);
	fd = open(path, O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, "0123", 4), 4);
	close(fd);
	assert_int_equal(verify(operations, NULL), 0);
	assert_said("\"torn\":true");
}

CASE(wrong_usage_says_what_goes_with_what)
{
	char *argv[] = {(char[]){"mohar"}, (char[]){"log"}, (char[]){"verify"}, (char[]){"--status"}};

	assert_int_equal(cli_main(4, argv), 2);
}

#define WITH_FILES(name) cmocka_unit_test_setup(name, make)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FILES(evidence_as_it_was_left_is_valid),
		WITH_FILES(a_changed_byte_names_file_and_line),
		WITH_FILES(a_line_taken_away_is_missed),
		WITH_FILES(exchanged_lines_are_noticed),
		WITH_FILES(a_closed_segment_that_ends_early_is_not_what_the_journal_says),
		WITH_FILES(a_segment_that_is_missing_is_named),
		WITH_FILES(a_journal_without_a_rotation_does_not_know_the_next_segment),
		WITH_FILES(a_changed_rotation_in_the_journal_names_its_line),
		WITH_FILES(a_last_line_in_the_making_is_told_and_no_forgery),
		WITH_FILES(wrong_usage_says_what_goes_with_what),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
