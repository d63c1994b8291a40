#include "tests/unit/lib/test.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "signer/log/kept.h"
#include "signer/log/news.h"
#include "tests/unit/signer/log/country.h"
#include "tests/unit/lib/db/scratch.h"

static char folder[] = "/tmp/mohar-kept-XXXXXX";

/* A log that keeps what it signed in folder. */
static enum err
open_kept(struct tlog **out)
{
	static char conninfo[300];
	const struct clock now = clock_system();
	static struct clock clock;
	const struct tlog_options options = {.database = conninfo,
		.key_label = "log",
		.origin = origin,
		.schemas = schemas,
		.clock = &clock,
		.kept = folder};

	clock = now;
	(void)snprintf(conninfo, sizeof(conninfo), "%s user=mohar_signerd", scratch_conninfo());
	return tlog_open(&options, out);
}

static void
put_back(const char *state)
{
	char sql[400];

	(void)ask("ALTER TABLE log.leaf DISABLE TRIGGER ALL; ALTER TABLE log.tile DISABLE TRIGGER ALL;"
		  "ALTER TABLE log.checkpoint DISABLE TRIGGER ALL; ALTER TABLE log.tree DISABLE TRIGGER ALL");
	(void)snprintf(sql, sizeof(sql), "UPDATE log.tree SET size = %s WHERE id = 0", state);
	(void)ask(sql);
}

CASE(a_database_that_holds_less_than_was_signed_is_neither_grown_nor_signed_nor_served)
{
	NEEDS_POSTGRES();
	struct tlog *l = NULL, *again = NULL;
	char all[24];
	size_t count;

	assert_ok(open_kept(&l));
	(void)act("ca", LOG_TREE_PUBLIC, "{}");
	(void)act("idp", LOG_TREE_PRIVATE, "{}");
	sequence_all(l);
	(void)snprintf(all, sizeof(all), "%lld", (long long)ask_number("SELECT size FROM log.tree WHERE id = 0"));
	put_back("size - 1");
	(void)act("ca", LOG_TREE_PUBLIC, "{}");
	assert_err(sequencer_batch(l, &count), ERR_CORRUPT);
	assert_non_null(strstr(err_why(), "it is an older copy"));
	assert_int_equal(ask_number("SELECT count(*) FROM ca.outbox"), 1);
	assert_err(open_kept(&again), ERR_CORRUPT);
	assert_null(again);
	put_back(all);
	sequence_all(l);
	assert_int_equal(ask_number("SELECT count(*) FROM ca.outbox"), 0);
	tlog_free(&l);
	assert_ok(open_kept(&l));
	tlog_free(&l);
}

CASE(a_tree_of_the_same_size_that_is_another_is_not_served)
{
	NEEDS_POSTGRES();
	struct tlog *l = NULL;

	assert_ok(open_kept(&l));
	(void)act("ca", LOG_TREE_PUBLIC, "{}");
	sequence_all(l);
	tlog_free(&l);
	put_back("size");
	(void)ask("UPDATE log.tile SET hashes = set_byte(hashes, 0, get_byte(hashes, 0) # 1) WHERE tree = 0");
	assert_err(open_kept(&l), ERR_CORRUPT);
	assert_non_null(strstr(err_why(), "is not the one of size"));
	(void)ask("UPDATE log.tile SET hashes = set_byte(hashes, 0, get_byte(hashes, 0) # 1) WHERE tree = 0");
	assert_ok(open_kept(&l));
	tlog_free(&l);
}

CASE(another_logs_checkpoint_is_not_taken_for_ours)
{
	NEEDS_POSTGRES();
	char path[64];
	struct tlog *l = NULL;

	(void)snprintf(path, sizeof(path), "%s/public.checkpoint", folder);
	assert_ok(file_write(path, SPAN("other.example/log\n1\nAAAA\n\n"), 0600));
	assert_int_not_equal(open_kept(&l), ERR_OK);
	assert_null(l);
	assert_int_equal(unlink(path), 0);
}

/* What news_tell writes is looked at through a pipe. */
static void
told(const struct news *n, char *out, size_t room)
{
	const int kept = dup(STDERR_FILENO);
	int ends[2];
	ssize_t len;

	assert_int_equal(pipe(ends), 0);
	assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
	news_tell(n);
	assert_true(dup2(kept, STDERR_FILENO) >= 0);
	(void)close(kept);
	(void)close(ends[1]);
	(void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
	len = read(ends[0], out, room - 1);
	(void)close(ends[0]);
	out[len < 0 ? 0 : len] = '\0';
}

CASE(grave_events_are_told_and_everyday_ones_are_not)
{
	AUTO(news) n = news_new();
	char text[4096];

	news_add(&n, SPAN("{\"v\":1,\"id\":\"a\",\"source\":\"ca\",\"type\":\"certificate.issued\",\"public\":{}}"));
	news_add(&n, SPAN("{\"v\":1,\"id\":\"b\",\"source\":\"ca\",\"type\":\"certificate.revoked\",\"public\":{}}"));
	news_add(&n, SPAN("{\"v\":1,\"id\":\"c\",\"source\":\"idp\",\"type\":\"something.new\",\"public\":{}}"));
	news_add(&n, SPAN("no entry"));
	told(&n, text, sizeof(text));
	assert_null(strstr(text, "certificate.issued"));
	assert_non_null(strstr(text, " info certificate.revoked: {"));
	assert_non_null(strstr(text, " info something.new: {"));
	assert_null(strstr(text, "no entry"));
}

static int
setup(void **state)
{
	return mkdtemp(folder) == NULL ? -1 : country_setup(state);
}

static int
teardown(void **state)
{
	static const char *const trees[] = {"public", "private"};
	char path[64];

	for (size_t i = 0; i < 2; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s.checkpoint", folder, trees[i]);
		(void)unlink(path);
	}
	(void)rmdir(folder);
	return country_teardown(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_database_that_holds_less_than_was_signed_is_neither_grown_nor_signed_nor_served),
		cmocka_unit_test(a_tree_of_the_same_size_that_is_another_is_not_served),
		cmocka_unit_test(another_logs_checkpoint_is_not_taken_for_ours),
		cmocka_unit_test(grave_events_are_told_and_everyday_ones_are_not),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
