/* The journal and the record of operations as files: what is in them after crashes, full disks and foreign hands. */
#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "hsm/evidence/record.h"
#include "json/json.h"

enum { WRITERS = 8, EACH = 25, MIB = 1 << 20, NOW = 1800000000 };

struct place {
	char dir[40], journal[64], operations[64];
	struct journal j;
	struct records r;
	struct record_mark closed, kept;
};

static int
set_up(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	(void)snprintf(p->dir, sizeof(p->dir), "/tmp/mohar-record-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	(void)snprintf(p->journal, sizeof(p->journal), "%s/journal", p->dir);
	(void)snprintf(p->operations, sizeof(p->operations), "%s/operations", p->dir);
	(void)signal(SIGXFSZ, SIG_IGN);
	*state = p;
	return 0;
}

static int
tear_down(void **state)
{
	struct place *p = *state;
	char command[64];

	(void)snprintf(command, sizeof(command), "rm -rf '%s'", p->dir);
	assert_int_equal(system(command), 0);
	free(p);
	return 0;
}

static enum err
replay(void *context, const struct journal_line *line)
{
	return record_replay(context, line);
}

static enum err
try_open(struct place *p, int64_t full)
{
	p->closed = (struct record_mark){0};
	assert_ok(journal_open(p->journal, replay, &p->closed, &p->j));
	return record_open(p->operations, full, &p->closed, &p->kept, &p->j, &p->r);
}

static void
open_both(struct place *p, int64_t full)
{
	assert_ok(try_open(p, full));
}

static void
close_both(struct place *p)
{
	record_close(&p->r);
	journal_close(&p->j);
}

static const struct record done = {.op = "SIGN", .key = "log", .uid = 7003, .detail = "checkpoint"};

static void
write_many(struct place *p, int count)
{
	for (int i = 0; i < count; i++)
		assert_ok(record_write(&p->r, &done));
}

static void
segment(const struct place *p, int number, char out[96])
{
	(void)snprintf(out, 96, "%s.%06d", p->operations, number);
}

/* Lines of a segment after the head given; *from is then where the chain stands. */
static uint64_t
lines_of(const struct place *p, int number, struct chain_head *from)
{
	struct chain_walk w = {.what = "operations", .from = *from};
	char path[96];

	segment(p, number, path);
	assert_ok(chain_walk(path, &w));
	assert_false(w.torn);
	*from = w.head;
	return w.lines;
}

/* ---- the journal ---- */

static void *
appender(void *context)
{
	const struct journal_entry e = {.act = "sign", .key = "citizen-ca", .detail = "one of many"};

	for (int i = 0; i < EACH; i++)
		if (journal_append(context, &e, NOW) != ERR_OK)
			return context;
	return NULL;
}

CASE(lines_appended_at_once_are_all_in_the_chain)
{
	struct place *p = *state;
	pthread_t threads[WRITERS];
	struct chain_walk w = {.what = "journal"};
	void *failed;

	assert_ok(journal_open(p->journal, NULL, NULL, &p->j));
	for (int i = 0; i < WRITERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, appender, &p->j), 0);
	for (int i = 0; i < WRITERS; i++) {
		assert_int_equal(pthread_join(threads[i], &failed), 0);
		assert_null(failed);
	}
	assert_ok(chain_walk(p->journal, &w));
	assert_int_equal(w.lines, WRITERS * EACH);
	w.from = journal_head(&p->j);
	assert_true(chain_head_equal(&w.head, &w.from));
	journal_close(&p->j);
}

static void
limit_files(rlim_t bytes)
{
	const struct rlimit limit = {bytes, RLIM_INFINITY};

	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

CASE(a_journal_on_a_full_disk_appends_nothing_and_goes_on_afterwards)
{
	struct place *p = *state;
	const struct journal_entry e = {.act = "generate", .key = "log"};
	struct chain_walk w = {.what = "journal"};
	struct stat before, after;

	assert_ok(journal_open(p->journal, NULL, NULL, &p->j));
	assert_ok(journal_append(&p->j, &e, NOW));
	assert_int_equal(stat(p->journal, &before), 0);
	limit_files((rlim_t)before.st_size + 40);
	assert_err(journal_append(&p->j, &e, NOW), ERR_IO);
	limit_files(RLIM_INFINITY);
	assert_int_equal(stat(p->journal, &after), 0);
	assert_int_equal(after.st_size, before.st_size);
	assert_ok(journal_append(&p->j, &e, NOW));
	journal_close(&p->j);
	assert_ok(chain_walk(p->journal, &w));
	assert_int_equal(w.lines, 2);
}

/* ---- the record ---- */

CASE(a_record_says_what_was_done_by_whom)
{
	struct place *p = *state;
	AUTO(writer) text = writer_new(MIB);
	const struct sha256 hash = sha256_of(SPAN("abc"));
	const struct record r = {.op = "SIGN",
		.key = "log",
		.uid = 7003,
		.object = &hash,
		.detail = "a \"b\" \\ \x01 \xff é",
		.outcome = ERR_REFUSED};
	char path[96], *json, *end;

	open_both(p, MIB);
	assert_ok(record_write(&p->r, &r));
	segment(p, 1, path);
	assert_ok(file_read(path, MIB, &text));
	json = (char *)text.ptr + CHAIN_HASH_TEXT + 1;
	assert_memory_equal(json, "{\"n\":1,\"at\":", 12);
	end = strchr(json + 12, ',');
	assert_int_equal(end - json - 12, 13); /* milliseconds */
	assert_string_equal(end,
		",\"op\":\"SIGN\",\"key\":\"log\",\"uid\":7003,\"sha256\":\"ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0\","
		"\"detail\":\"a \\\"b\\\" \\\\ \\u0001 ? é\",\"outcome\":\"REFUSED\"}\n");
	close_both(p);
}

CASE(a_full_segment_is_closed_by_the_journal_and_the_next_follows_from_it)
{
	struct place *p = *state;
	struct chain_head head = {0};
	uint64_t lines = 0;

	open_both(p, 800);
	write_many(p, 12);
	assert_int_equal(p->r.segment, 3);
	for (int i = 1; i <= 3; i++)
		lines += lines_of(p, i, &head);
	assert_int_equal(lines, 12);
	close_both(p);
	open_both(p, 800); /* nothing is known but what the journal says */
	assert_int_equal(p->r.segment, 3);
	assert_int_equal(p->r.head.count, 12);
	write_many(p, 1);
	assert_int_equal(lines_of(p, 3, &(struct chain_head){p->closed.head.count, p->closed.head.hash}), 3);
	close_both(p);
}

CASE(when_no_file_is_left_the_worker_says_so_and_goes_on_in_the_last)
{
	struct place *p = *state;

	open_both(p, 200);
	write_many(p, 2 * RECORD_SPARES);
	assert_true(record_is_used_up(&p->r));
	close_both(p);
	open_both(p, 200);
	assert_false(record_is_used_up(&p->r));
	write_many(p, 1);
	assert_int_equal(p->r.segment, RECORD_SPARES + 1);
	close_both(p);
}

CASE(a_record_cut_by_a_crash_is_taken_away)
{
	struct place *p = *state;
	struct chain_head head = {0};
	char path[96];
	int fd;

	open_both(p, MIB);
	write_many(p, 3);
	close_both(p);
	segment(p, 1, path);
	fd = open(path, O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, "0123abcd {\"n\"", 13), 13);
	(void)close(fd);
	open_both(p, MIB);
	write_many(p, 1);
	assert_int_equal(lines_of(p, 1, &head), 4);
	close_both(p);
}

CASE(a_tail_that_the_token_remembers_is_missed)
{
	struct place *p = *state;
	char path[96];

	open_both(p, MIB);
	write_many(p, 3);
	record_flush(&p->r);
	p->kept = record_kept(&p->r);
	write_many(p, 2);
	close_both(p);
	open_both(p, MIB); /* from the mark on */
	assert_int_equal(p->r.head.count, 5);
	close_both(p);
	segment(p, 1, path);
	assert_int_equal(truncate(path, 200), 0);
	assert_err(try_open(p, MIB), ERR_CORRUPT);
	journal_close(&p->j);
	p->kept = (struct record_mark){.segment = 7};
	assert_err(try_open(p, MIB), ERR_CORRUPT);
	journal_close(&p->j);
}

CASE(a_changed_record_after_the_mark_is_noticed_at_the_start)
{
	struct place *p = *state;
	AUTO(writer) text = writer_new(MIB);
	char path[96];

	open_both(p, MIB);
	write_many(p, 2);
	record_flush(&p->r);
	p->kept = record_kept(&p->r);
	write_many(p, 2);
	close_both(p);
	segment(p, 1, path);
	assert_ok(file_read(path, MIB, &text));
	memcpy(strstr((char *)text.ptr + p->kept.size, "7003"), "7001", 4);
	assert_ok(file_write(path, writer_span(&text), 0600));
	assert_err(try_open(p, MIB), ERR_CORRUPT);
	assert_non_null(strstr(err_why(), "record 3"));
	journal_close(&p->j);
}

CASE(a_segment_that_the_journal_knows_nothing_of_is_refused)
{
	struct place *p = *state;
	char path[96];

	segment(p, 2, path);
	assert_ok(file_write(path, SPAN("x\n"), 0600));
	assert_err(try_open(p, MIB), ERR_CORRUPT);
	journal_close(&p->j);
}

CASE(on_a_full_disk_nothing_is_recorded_in_part)
{
	struct place *p = *state;
	struct chain_head head = {0};

	open_both(p, MIB);
	write_many(p, 1);
	limit_files((rlim_t)p->r.size + 20);
	assert_err(record_write(&p->r, &done), ERR_IO);
	assert_err(record_write(&p->r, &done), ERR_IO);
	limit_files(RLIM_INFINITY);
	write_many(p, 1);
	assert_int_equal(lines_of(p, 1, &head), 2);
	close_both(p);
}

CASE(a_flood_of_one_refusal_is_a_few_lines_with_its_count)
{
	struct place *p = *state;
	struct record r = {.op = "SIGN", .key = "log", .uid = 7009, .detail = "no", .outcome = ERR_REFUSED};
	const struct timespec second = {1, 100000000};
	AUTO(writer) text = writer_new(MIB);
	uint64_t told = 0, lines = 0;
	char path[96];

	open_both(p, MIB);
	for (int i = 0; i < 5000; i++)
		assert_ok(record_write(&p->r, &r));
	r.outcome = ERR_TOO_MANY; /* another one is told at once */
	assert_ok(record_write(&p->r, &r));
	(void)nanosleep(&second, NULL);
	record_flush(&p->r);
	segment(p, 1, path);
	assert_ok(file_read(path, MIB, &text));
	for (char *line = strtok((char *)text.ptr, "\n"); line != NULL; line = strtok(NULL, "\n"), lines++) {
		const char *count = strstr(line, "\"count\":");

		if (strstr(line, "\"REFUSED\"") != NULL)
			told += count == NULL ? 1 : strtoull(count + 8, NULL, 10);
	}
	assert_int_equal(told, 5000);
	assert_in_range(lines, 3, 8);
	close_both(p);
}

CASE(a_record_costs_less_than_8_microseconds)
{
	struct place *p = *state;
	const char *sanitize = getenv("MOHAR_SANITIZE");
	const struct sha256 hash = sha256_of(SPAN("abc"));
	struct record r = done;
	int64_t began, best = INT64_MAX, took;

	if (sanitize != NULL && sanitize[0] != '\0')
		skip();
	r.object = &hash;
	open_both(p, 64 * MIB);
	for (int round = 0; round < 20 && best > 80000; round++) {
		began = clock_ticks();
		for (int i = 0; i < 10000; i++)
			assert_ok(record_write(&p->r, &r));
		took = clock_ticks() - began;
		best = took < best ? took : best;
	}
	print_message("a record: %.2f microseconds\n", (double)best / 1e4);
	assert_in_range(best, 0, 80000);
	close_both(p);
}

CASE(a_start_with_a_full_segment_takes_less_than_150_ms)
{
	struct place *p = *state;
	const char *sanitize = getenv("MOHAR_SANITIZE");
	const struct sha256 hash = sha256_of(SPAN("abc"));
	struct record r = done;
	int64_t began, whole, marked;

	if (sanitize != NULL && sanitize[0] != '\0')
		skip();
	r.object = &hash;
	open_both(p, 65 * MIB);
	while (p->r.size < 64 * MIB)
		assert_ok(record_write(&p->r, &r));
	record_flush(&p->r);
	close_both(p);
	began = clock_ticks();
	open_both(p, 65 * MIB);
	whole = clock_ticks() - began;
	p->kept = record_kept(&p->r);
	close_both(p);
	began = clock_ticks();
	open_both(p, 65 * MIB);
	marked = clock_ticks() - began;
	print_message("64 MiB: from its beginning %.0f ms, from the token's mark %.1f ms\n", (double)whole / 1e3,
		(double)marked / 1e3);
	assert_in_range(marked, 0, 150000);
	close_both(p);
}

#define WITH_PLACE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_PLACE(lines_appended_at_once_are_all_in_the_chain),
		WITH_PLACE(a_journal_on_a_full_disk_appends_nothing_and_goes_on_afterwards),
		WITH_PLACE(a_record_says_what_was_done_by_whom),
		WITH_PLACE(a_full_segment_is_closed_by_the_journal_and_the_next_follows_from_it),
		WITH_PLACE(when_no_file_is_left_the_worker_says_so_and_goes_on_in_the_last),
		WITH_PLACE(a_record_cut_by_a_crash_is_taken_away),
		WITH_PLACE(a_tail_that_the_token_remembers_is_missed),
		WITH_PLACE(a_changed_record_after_the_mark_is_noticed_at_the_start),
		WITH_PLACE(a_segment_that_the_journal_knows_nothing_of_is_refused),
		WITH_PLACE(on_a_full_disk_nothing_is_recorded_in_part),
		WITH_PLACE(a_flood_of_one_refusal_is_a_few_lines_with_its_count),
		WITH_PLACE(a_record_costs_less_than_8_microseconds),
		WITH_PLACE(a_start_with_a_full_segment_takes_less_than_150_ms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
