#include "rig.h"

#include <signal.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"

/* Each case has a token of its own; each refusal is one line, exit code 1, and nothing half-made. */
static int
set_up(void **state)
{
	*state = rig_new();
	return 0;
}

static int
tear_down(void **state)
{
	rig_free((struct rig **)state);
	return 0;
}

static void
put(struct rig *r, const char *name, const char *text)
{
	char path[128];

	rig_path(r, name, path);
	assert_ok(file_write(path, span_of(text), 0600));
}

CASE(a_wrong_pin_is_tried_once_and_told)
{
	struct rig *r = rig_of(state);

	assert_int_equal(rig_run(r, "genesis"), 0);
	put(r, "pin", "11111111");
	assert_int_equal(rig_run(r, "serve"), 1);
	assert_true(rig_said(r, "the token refuses the PIN"));
	assert_int_equal(rig_run(r, "check"), 1);
}

CASE(a_pin_that_others_can_read_is_refused)
{
	struct rig *r = rig_of(state);
	char path[128];

	rig_path(r, "pin", path);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(rig_run(r, "genesis"), 1);
	assert_true(rig_said(r, "readable by nobody else"));
}

CASE(a_missing_token_is_named)
{
	struct rig *r = rig_of(state);

	rig_set(r, "token", "elsewhere");
	assert_int_equal(rig_run(r, "serve"), 1);
	assert_true(rig_said(r, "there is no token 'elsewhere'"));
}

CASE(a_missing_module_is_named)
{
	struct rig *r = rig_of(state);

	rig_set(r, "module", "/nowhere/libhsm.so");
	assert_int_equal(rig_run(r, "serve"), 1);
	assert_true(rig_said(r, "/nowhere/libhsm.so"));
}

CASE(without_genesis_nothing_is_served)
{
	struct rig *r = rig_of(state);

	assert_int_equal(rig_run(r, "serve"), 1);
	assert_true(rig_said(r, "has had no genesis"));
}

CASE(genesis_comes_once)
{
	struct rig *r = rig_of(state);

	assert_int_equal(rig_run(r, "genesis"), 0);
	assert_int_equal(rig_run(r, "genesis"), 1);
	assert_true(rig_said(r, "the token is not empty"));
}

CASE(another_keys_json_is_refused)
{
	struct rig *r = rig_of(state);
	AUTO(writer) text = writer_new(1 << 20);
	char path[128];

	assert_int_equal(rig_run(r, "genesis"), 0);
	rig_path(r, "keys.json", path);
	assert_ok(file_read(path, 1 << 20, &text));
	writer_text(&text, "\n");
	assert_ok(file_write(path, writer_span(&text), 0644));
	assert_int_equal(rig_run(r, "serve"), 1);
	assert_true(rig_said(r, "is not the one that genesis sealed"));
}

CASE(an_unknown_member_of_keys_json_is_named)
{
	struct rig *r = rig_of(state);
	AUTO(writer) text = writer_new(1 << 20);
	char path[128];

	rig_path(r, "keys.json", path);
	assert_ok(file_read(path, 1 << 20, &text));
	memcpy(strstr((char *)text.ptr, "\"version\""), "\"verzion\"", 9);
	assert_ok(file_write(path, writer_span(&text), 0644));
	assert_int_equal(rig_run(r, "genesis"), 1);
	assert_true(rig_said(r, "keys.json"));
	assert_true(rig_said(r, "verzion"));
}

CASE(an_unknown_setting_is_named)
{
	struct rig *r = rig_of(state);

	rig_set(r, "sockett", "x");
	assert_int_equal(rig_run(r, "check"), 1);
	assert_true(rig_said(r, "unknown setting 'sockett'"));
}

CASE(a_second_mohar_hsmd_on_the_same_socket_is_refused)
{
	struct rig *r = rig_of(state);

	rig_up(r, NULL);
	assert_int_equal(rig_run(r, "serve"), 1);
	assert_true(rig_said(r, "another mohar-hsmd is serving there"));
}

CASE(a_changed_journal_line_is_noticed)
{
	struct rig *r = rig_of(state);
	AUTO(writer) text = writer_new(1 << 20);
	char path[128];

	rig_up(r, NULL);
	rig_generate(r, "status");
	rig_stop(r, SIGTERM);
	rig_path(r, "journal", path);
	assert_ok(file_read(path, 1 << 20, &text));
	memcpy(strstr((char *)text.ptr, "generate"), "Generate", 8);
	assert_ok(file_write(path, writer_span(&text), 0600));
	assert_int_equal(rig_run(r, "serve"), 1);
	assert_true(rig_said(r, "does not follow from those before it"));
}

CASE(a_shortened_journal_is_noticed)
{
	struct rig *r = rig_of(state);
	AUTO(writer) text = writer_new(1 << 20);
	char path[128];

	rig_up(r, NULL);
	rig_generate(r, "status");
	rig_stop(r, SIGTERM);
	rig_path(r, "journal", path);
	assert_ok(file_read(path, 1 << 20, &text));
	text.len = (size_t)((uint8_t *)strchr((char *)text.ptr, '\n') - text.ptr) + 1; /* genesis only */
	assert_ok(file_write(path, writer_span(&text), 0600));
	assert_int_equal(rig_run(r, "check"), 1);
	assert_true(rig_said(r, "lacks what the token remembers"));
}

CASE(a_line_cut_by_a_crash_is_taken_away)
{
	struct rig *r = rig_of(state);
	AUTO(writer) text = writer_new(1 << 20);
	char path[128];

	rig_up(r, NULL);
	rig_stop(r, SIGTERM);
	rig_path(r, "journal", path);
	assert_ok(file_read(path, 1 << 20, &text));
	writer_text(&text, "0123456789abcdef {\"n\":");
	assert_ok(file_write(path, writer_span(&text), 0600));
	rig_start(r);
	rig_stop(r, SIGTERM);
	assert_true(rig_said(r, "was cut short by a crash"));
	assert_int_equal(rig_run(r, "check"), 0);
}

CASE(keys_are_there_again_after_kill_9)
{
	struct rig *r = rig_of(state);
	AUTO(writer) before = writer_new(1024);
	AUTO(writer) after = writer_new(1024);

	rig_up(r, NULL);
	rig_generate(r, NULL);
	assert_ok(keyring_pubkey(r->keyring, "log", &before));
	rig_stop(r, SIGKILL);
	rig_start(r);
	assert_ok(keyring_pubkey(r->keyring, "log", &after));
	assert_true(span_equal(writer_span(&before), writer_span(&after)));
}

/* Until the first answer, with every key on the token. */
CASE(it_is_up_in_150_milliseconds)
{
	struct rig *r = rig_of(state);
	int64_t best = INT64_MAX;

	rig_up(r, NULL);
	rig_generate(r, NULL);
	for (int i = 0; i < 3; i++) {
		int64_t begin;

		rig_stop(r, SIGTERM);
		begin = clock_ticks();
		rig_start(r);
		if (clock_ticks() - begin < best)
			best = clock_ticks() - begin;
	}
	print_message("up in %lld ms\n", (long long)best / 1000);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	assert_in_range(best, 1, 150000);
#endif
}

#define WITH_RIG(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_RIG(a_wrong_pin_is_tried_once_and_told),
		WITH_RIG(a_pin_that_others_can_read_is_refused),
		WITH_RIG(a_missing_token_is_named),
		WITH_RIG(a_missing_module_is_named),
		WITH_RIG(without_genesis_nothing_is_served),
		WITH_RIG(genesis_comes_once),
		WITH_RIG(another_keys_json_is_refused),
		WITH_RIG(an_unknown_member_of_keys_json_is_named),
		WITH_RIG(an_unknown_setting_is_named),
		WITH_RIG(a_second_mohar_hsmd_on_the_same_socket_is_refused),
		WITH_RIG(a_changed_journal_line_is_noticed),
		WITH_RIG(a_shortened_journal_is_noticed),
		WITH_RIG(a_line_cut_by_a_crash_is_taken_away),
		WITH_RIG(keys_are_there_again_after_kill_9),
		WITH_RIG(it_is_up_in_150_milliseconds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
