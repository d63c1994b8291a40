/* Custodians' decisions against kill -9 and time: the worker dies after each line that an approval writes, and in the middle of each; keys.json changes in between. */
#include "asked.h"

#include <signal.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"

enum { MAX_LINES = 64, MAX_TEXT = 1 << 20 };

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

/* ---- the disk as it was ---- */

static void
run(const char *command)
{
	assert_int_equal(system(command), 0);
}

static void
disk_keep(const struct rig *r)
{
	char command[256];

	(void)snprintf(command, sizeof(command),
		"cd '%s' && rm -rf kept && mkdir kept && cp -a token journal journal.operations.* kept/", r->dir);
	run(command);
}

static void
disk_back(const struct rig *r)
{
	char command[256];

	(void)snprintf(command, sizeof(command),
		"cd '%s' && rm -rf token journal journal.operations.* && cp -a kept/* .", r->dir);
	run(command);
}

/* ---- death after each line ---- */

struct death {
	struct rig *r;
	struct asked asked;
	struct writer journal;  /* of the whole act */
	size_t ends[MAX_LINES]; /* of its lines */
	size_t lines, proposed; /* how many there are; the number of the line "propose" */
};

static const char *
line_at(const struct death *d, size_t i)
{
	return (const char *)d->journal.ptr + (i == 0 ? 0 : d->ends[i - 1]);
}

static bool
line_is(const struct death *d, size_t i, const char *act)
{
	char wanted[64];
	const char *found;

	(void)snprintf(wanted, sizeof(wanted), "\"act\":\"%s\"", act);
	found = strstr(line_at(d, i), wanted);
	return found != NULL && found < (const char *)d->journal.ptr + d->ends[i];
}

static void
journal_learn(struct death *d)
{
	char path[128];

	rig_path(d->r, "journal", path);
	d->journal = writer_new(MAX_TEXT);
	assert_ok(file_read(path, MAX_TEXT, &d->journal));
	for (size_t i = 0; i < d->journal.len; i++)
		if (d->journal.ptr[i] == '\n') {
			assert_in_range(d->lines, 0, MAX_LINES - 1);
			d->ends[d->lines++] = i + 1;
		}
	for (size_t i = 0; i < d->lines; i++)
		if (line_is(d, i, "propose"))
			d->proposed = i;
	assert_true(d->proposed > 0);
}

/* As if the worker had died when the journal was that long. */
static void
die_at(const struct death *d, size_t len)
{
	char path[128];

	disk_back(d->r);
	rig_path(d->r, "journal", path);
	assert_ok(file_write(path, span_at(d->journal.ptr, len), 0600));
	rig_start(d->r);
}

/* From there on: whoever has approved is known, the k-th signs, and nobody after. */
static void
goes_on(const struct death *d, size_t lines)
{
	size_t approved = 0;
	bool executed = false;
	int64_t missing = -1;

	for (size_t i = 0; i < lines; i++) {
		approved += line_is(d, i, "approve");
		executed = executed || line_is(d, i, "execute");
	}
	if (executed) {
		for (int i = 0; i < CUSTODIANS; i++)
			assert_err(asked_approve(d->r, i, &d->asked, &missing), ERR_USED);
		return;
	}
	if (approved == 1)
		assert_err(asked_approve(d->r, 0, &d->asked, &missing), ERR_USED);
	if (approved == 0) {
		assert_ok(asked_approve(d->r, 0, &d->asked, &missing));
		assert_int_equal(missing, 1);
	}
	assert_ok(asked_approve(d->r, 1, &d->asked, &missing)); /* again, if it had come before: it is done now */
	assert_int_equal(missing, 0);
	for (int i = 0; i < CUSTODIANS; i++)
		assert_err(asked_approve(d->r, i, &d->asked, &missing), ERR_USED);
}

CASE(death_after_any_line_of_an_approval_neither_loses_nor_doubles_it)
{
	struct death d = {.r = rig_fresh(state, "root-ca")};
	int64_t missing;

	d.asked = asked_new(d.r);
	assert_ok(asked_approve(d.r, 0, &d.asked, &missing));
	assert_ok(asked_approve(d.r, 1, &d.asked, &missing));
	assert_int_equal(missing, 0);
	rig_stop(d.r, SIGKILL);
	disk_keep(d.r);
	journal_learn(&d);
	assert_int_equal(d.lines - d.proposed, 5); /* propose, approve, approve, sign, execute */
	for (size_t i = d.proposed; i < d.lines; i++) {
		const size_t next = i + 1 < d.lines ? d.ends[i + 1] : d.ends[i];

		die_at(&d, d.ends[i]);
		goes_on(&d, i + 1);
		rig_stop(d.r, SIGKILL);
		if (next == d.ends[i])
			continue;
		die_at(&d, d.ends[i] + (next - d.ends[i]) / 2); /* and within the next line */
		goes_on(&d, i + 1);
		rig_stop(d.r, SIGKILL);
	}
	writer_free(&d.journal);
	asked_free(&d.asked);
	rig_free(&d.r);
}

/* ---- keys.json in between ---- */

static const char three[] = "[\"custodian-1\", \"custodian-2\", \"custodian-3\"]",
		  two[] = "[\"custodian-1\", \"custodian-2\"]";

static void
policy_without_the_third(const struct rig *r, struct writer *text)
{
	rig_keys_read(r, text);
	text_exchange("\"version\": 1", "\"version\": 2", text);
	text_exchange(three, two, text);
}

CASE(an_approval_by_a_custodian_who_is_removed_meanwhile_counts_for_nothing)
{
	struct rig *r = rig_fresh(state, "root-ca");
	AUTO(asked) before = asked_new(r);
	AUTO(writer) next = writer_new(MAX_TEXT);
	AUTO(writer) nothing = writer_new(1024);
	int64_t missing;

	assert_ok(asked_approve(r, 2, &before, &missing));
	assert_int_equal(missing, 1);
	policy_without_the_third(r, &next);
	assert_ok(rig_approve(r, r->keyring, "policy", NULL, writer_span(&next), &nothing));
	assert_int_not_equal(asked_approve(r, 0, &before, &missing), ERR_OK); /* at once */
	rig_again(r);
	assert_int_not_equal(asked_approve(r, 0, &before, &missing), ERR_OK); /* after a start under the old one */
	rig_stop(r, SIGKILL);
	rig_keys_write(r, &next);
	rig_start(r);
	assert_err(asked_approve(r, 0, &before, &missing), ERR_REVOKED);
	AUTO(asked) after = asked_new(r);
	assert_err(asked_approve(r, 2, &after, &missing), ERR_REFUSED);
	assert_ok(asked_approve(r, 0, &after, &missing));
	assert_ok(asked_approve(r, 1, &after, &missing));
	assert_int_equal(missing, 0);
	rig_free(&r);
}

/* The token knows the approved keys.json before the journal does. */
CASE(death_between_the_seal_of_a_policy_and_its_line_leaves_one_policy_to_come)
{
	struct rig *r = rig_fresh(state, "root-ca");
	struct death d = {.r = r};
	AUTO(writer) next = writer_new(MAX_TEXT);
	AUTO(writer) other = writer_new(MAX_TEXT);
	AUTO(writer) nothing = writer_new(1024);
	struct hsm_proposal p;

	policy_without_the_third(r, &next);
	assert_ok(rig_approve(r, r->keyring, "policy", NULL, writer_span(&next), &nothing));
	rig_stop(r, SIGKILL);
	disk_keep(r);
	journal_learn(&d);
	assert_true(line_is(&d, d.lines - 1, "execute"));
	die_at(&d, d.ends[d.lines - 2]);
	asked_object(r, &other);
	assert_err(keyring_propose(r->keyring, "sign", "root-ca", writer_span(&other), SPAN(""), &p), ERR_REFUSED);
	writer_reset(&other);
	writer_bytes(&other, writer_span(&next));
	writer_text(&other, "\n"); /* another version 2 */
	assert_err(keyring_propose(r->keyring, "policy", NULL, writer_span(&other), SPAN(""), &p), ERR_REFUSED);
	rig_stop(r, SIGKILL);
	rig_keys_write(r, &other);
	assert_int_equal(rig_run(r, "serve"), 1);
	rig_keys_write(r, &next);
	rig_start(r);
	AUTO(asked) after = asked_new(r);
	writer_free(&d.journal);
	rig_free(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(death_after_any_line_of_an_approval_neither_loses_nor_doubles_it),
		cmocka_unit_test(an_approval_by_a_custodian_who_is_removed_meanwhile_counts_for_nothing),
		cmocka_unit_test(death_between_the_seal_of_a_policy_and_its_line_leaves_one_policy_to_come),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
