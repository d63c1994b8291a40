/* Whoever owns the disk of mohar-hsmd, and a disk that is full: what becomes of journal and record, and that nothing leaves without its line. */
#include "asked.h"
#include "person.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "audit/chain.h"
#include "base/encode.h"
#include "base/file.h"
#include "load.h"

enum { MAX_TEXT = 1 << 20, MAX_ENDS = 256 };

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

/* ---- lines ---- */

struct text {
	struct writer bytes;
	size_t ends[MAX_ENDS], lines;
};

static void
text_read(const struct rig *r, const char *name, struct text *t)
{
	char path[128];

	*t = (struct text){.bytes = writer_new(MAX_TEXT)};
	rig_path(r, name, path);
	assert_ok(file_read(path, MAX_TEXT, &t->bytes));
	for (size_t i = 0; i < t->bytes.len && t->lines < MAX_ENDS; i++)
		if (t->bytes.ptr[i] == '\n')
			t->ends[t->lines++] = i + 1;
	assert_true(t->lines > 2);
}

static struct span
text_line(const struct text *t, size_t i)
{
	const size_t from = i == 0 ? 0 : t->ends[i - 1];

	return span_at(t->bytes.ptr + from, t->ends[i] - from);
}

static void
text_put(const struct rig *r, const char *name, struct span bytes)
{
	char path[128];

	rig_path(r, name, path);
	assert_ok(file_write(path, bytes, 0600));
}

/* A line that follows from what is there. */
static void
line_forge(struct writer *text, const char *json)
{
	struct sha256 last = {{0}}, hash;
	const char *at;
	size_t len;

	(void)writer_span(text);
	if (text->len > 0) {
		text->ptr[text->len - 1] = '\0';
		at = strrchr((const char *)text->ptr, '\n');
		text->ptr[text->len - 1] = '\n';
		assert_ok(hex_read(span_at(at == NULL ? (const char *)text->ptr : at + 1, 64), last.bytes, SHA256_LEN,
			&len));
	}
	hash = sha256_of_parts((const struct span[]){sha256_span(&last), span_of(json)}, 2);
	hex_write(text, sha256_span(&hash));
	writer_format(text, " %s\n", json);
}

/* ---- what somebody does to a file ---- */

static void
cut_newline(const struct text *t, struct writer *out)
{
	writer_bytes(out, span_at(t->bytes.ptr, t->bytes.len - 1));
}

static void
cut_line(const struct text *t, struct writer *out)
{
	writer_bytes(out, span_at(t->bytes.ptr, t->ends[t->lines - 2]));
}

static void
cut_most(const struct text *t, struct writer *out)
{
	writer_bytes(out, text_line(t, 0));
}

static void
cut_all(const struct text *t, struct writer *out)
{
	(void)t;
	(void)out;
}

/* One digit of a time, and every hash after it made anew: a chain that is whole. */
static void
edit_and_rehash(const struct text *t, struct writer *out)
{
	for (size_t i = 0; i < t->lines; i++) {
		const struct span line = text_line(t, i);
		char json[8192], *at;

		(void)snprintf(json, sizeof(json), "%.*s", (int)(line.len - 66), (const char *)line.ptr + 65);
		at = strstr(json, "\"at\":");
		assert_non_null(at);
		if (i == 1)
			at[8] = at[8] == '9' ? '8' : '9';
		line_forge(out, json);
	}
}

static void
edit(const struct text *t, struct writer *out)
{
	writer_bytes(out, writer_span((struct writer *)(uintptr_t)&t->bytes));
	out->ptr[t->ends[1] + 80] ^= 1;
}

static void
exchange(const struct text *t, struct writer *out)
{
	for (size_t i = 0; i < t->lines; i++)
		writer_bytes(out, text_line(t, i == 2 ? 3 : i == 3 ? 2 : i));
}

static void
drop_one(const struct text *t, struct writer *out)
{
	for (size_t i = 0; i < t->lines; i++)
		if (i != 2)
			writer_bytes(out, text_line(t, i));
}

static void
twice(const struct text *t, struct writer *out)
{
	writer_bytes(out, writer_span((struct writer *)(uintptr_t)&t->bytes));
	writer_bytes(out, text_line(t, t->lines - 1));
}

static const struct harm {
	const char *name;
	void (*do_it)(const struct text *t, struct writer *out);
	bool whole; /* as a chain it is well: only the token knows better */
} harms[] = {
	{"the last newline is cut off", cut_newline, true},
	{"the last line is cut off", cut_line, true},
	{"all but the first line is cut off", cut_most, true},
	{"everything is cut off", cut_all, true},
	{"a line is edited and the chain made anew", edit_and_rehash, true},
	{"a byte is changed", edit, false},
	{"two lines are exchanged", exchange, false},
	{"a line is taken out", drop_one, false},
	{"the last line stands there twice", twice, false},
};
enum { HARMS = sizeof(harms) / sizeof(harms[0]) };

/* ---- the journal ---- */

static enum err
mac(struct rig *r)
{
	uint8_t tag[32];

	return keyring_mac(r->keyring, "number-index", SPAN("00000000000"), tag);
}

static int
verify(const struct rig *r)
{
	const char *build = getenv("MOHAR_BUILD");
	char command[1024];

	(void)snprintf(command, sizeof(command),
		"'%s/bin/mohar' log verify --journal '%s/journal' --operations '%s/journal.operations.000001' >/dev/null 2>&1",
		build == NULL ? "build" : build, r->dir, r->dir);
	return system(command);
}

static bool
can_verify(void)
{
	const char *build = getenv("MOHAR_BUILD");
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/bin/mohar", build == NULL ? "build" : build);
	return access(path, X_OK) == 0;
}

/* Nothing is served but what leads to a restore; or nothing at all. */
static void
is_not_served(struct rig *r, const struct harm *h)
{
	AUTO(writer) json = writer_new(MAX_TEXT);

	if (!h->whole) {
		if (rig_run(r, "serve") != 1)
			fail_msg("it serves, though %s", h->name);
		return;
	}
	rig_start(r);
	assert_ok(keyring_status(r->keyring, &json));
	if (strstr((const char *)writer_span(&json).ptr, "\"state\":\"restore\"") == NULL)
		fail_msg("it does not ask for a restore, though %s", h->name);
	assert_err(mac(r), ERR_UNAVAILABLE);
	rig_stop(r, SIGKILL);
}

CASE(a_journal_cut_edited_exchanged_or_made_anew_serves_nothing)
{
	struct rig *r = rig_of(state);
	char command[256];
	struct text good;

	rig_up(r, NULL);
	rig_generate(r, "number-index");
	rig_generate(r, "log");
	rig_generate(r, "status");
	rig_stop(r, SIGTERM); /* the token knows all of it */
	(void)snprintf(command, sizeof(command), "cd '%s' && cp -a token kept", r->dir);
	assert_int_equal(system(command), 0);
	text_read(r, "journal", &good);
	for (size_t i = 0; i < HARMS; i++) {
		AUTO(writer) bad = writer_new(MAX_TEXT);

		harms[i].do_it(&good, &bad);
		text_put(r, "journal", writer_span(&bad));
		if (can_verify() && bad.len > 0)
			assert_int_equal(verify(r) == 0, harms[i].whole);
		is_not_served(r, &harms[i]);
		(void)snprintf(command, sizeof(command), "cd '%s' && rm -rf token && cp -a kept token", r->dir);
		assert_int_equal(system(command), 0);
	}
	text_put(r, "journal", writer_span(&good.bytes));
	rig_start(r);
	writer_free(&good.bytes);
}

/* Lines behind what the token knows: they can stop things, and let nothing happen. */
CASE(lines_forged_behind_the_end_make_nobody_a_custodian_and_no_proposal_longer)
{
	struct rig *r = rig_fresh(state, "root-ca");
	AUTO(asked) a = asked_new(r);
	AUTO(writer) id = writer_new(64);
	char json[1024];
	struct text t;
	int64_t missing;

	assert_ok(asked_approve(r, 0, &a, &missing));
	rig_stop(r, SIGKILL);
	text_read(r, "journal", &t);
	hex_write(&id, span_at(a.p.id, HSM_NONCE_LEN));
	(void)snprintf(json, sizeof(json),
		"{\"n\":99,\"at\":\"2026-01-01T00:00:00Z\",\"act\":\"approve\",\"id\":\"%s\",\"detail\":\"custodian-2\\n{}\"}",
		(const char *)writer_span(&id).ptr);
	line_forge(&t.bytes, json);
	(void)snprintf(json, sizeof(json),
		"{\"n\":99,\"at\":\"2026-01-01T00:00:00Z\",\"act\":\"propose\",\"type\":\"sign\",\"key\":\"root-ca\",\"id\":\"%s\",\"sha256\":\"%064d\",\"number\":99999999999,\"detail\":\"%064d %064d\"}",
		(const char *)writer_span(&id).ptr, 0, 0, 0);
	line_forge(&t.bytes, json);
	text_put(r, "journal", writer_span(&t.bytes));
	rig_start(r);
	assert_err(asked_approve(r, 0, &a, &missing), ERR_USED);
	assert_ok(asked_approve(r, 2, &a, &missing));
	assert_int_equal(missing, 0);
	writer_free(&t.bytes);
	rig_free(&r);
}

CASE(a_journal_that_somebody_else_writes_while_it_is_served_takes_no_grave_act_any_more)
{
	struct rig *r = rig_fresh(state, "log");
	AUTO(writer) json = writer_new(1 << 16);
	char path[128];
	struct text t;

	text_read(r, "journal", &t);
	line_forge(&t.bytes, "{\"n\":99,\"at\":\"2026-01-01T00:00:00Z\",\"act\":\"note\"}");
	rig_path(r, "journal", path);
	const int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC); /* the same file */

	assert_int_equal(write(fd, t.bytes.ptr, t.bytes.len), t.bytes.len);
	assert_err(keyring_generate(r->keyring, "status", &json), ERR_IO);
	assert_int_equal(ftruncate(fd, (off_t)t.ends[t.lines - 1]), 0);
	assert_ok(keyring_generate(r->keyring, "status", &json));
	assert_int_equal(ftruncate(fd, (off_t)t.ends[t.lines - 1]), 0);
	assert_err(keyring_generate(r->keyring, "number-index", &json), ERR_IO);
	(void)close(fd);
	writer_free(&t.bytes);
	rig_free(&r);
}

/* ---- a full disk ---- */

/* Answered OK, and lines that say so. */
static size_t
lines_of(const char *path, const char *text)
{
	AUTO(writer) bytes = writer_new(16 << 20);
	size_t count = 0;

	assert_ok(file_read(path, 16 << 20, &bytes));
	for (const char *at = (const char *)writer_span(&bytes).ptr; (at = strstr(at, text)) != NULL; at++)
		count++;
	return count;
}

static void
fill(const char *dir, char path[160])
{
	static const char zeros[4096];
	int fd;

	(void)snprintf(path, 160, "%s/filler", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	while (write(fd, zeros, sizeof(zeros)) > 0)
		;
	assert_int_equal(errno, ENOSPC);
	(void)close(fd);
}

/* Signs for a citizen, which is a line of the record, until the disk says no, and then some more. */
static size_t
sign_until_full(struct keyring *signer, const struct person *p)
{
	const struct digests d = digests_some(32, 1);
	size_t done = 0, refused = 0;

	for (int i = 0; i < 2000 && refused < 20; i++) {
		AUTO(writer) signatures = writer_new(4096);
		const enum err e = person_sign(signer, p, &d, NULL, &signatures);

		done += e == ERR_OK;
		refused += e == ERR_IO;
		if (e != ERR_OK) {
			assert_err(e, ERR_IO);
			assert_int_equal(signatures.len, 0);
		}
	}
	assert_int_equal(refused, 20);
	return done;
}

CASE(on_a_full_disk_nothing_leaves_without_its_line_and_all_goes_on_when_there_is_room)
{
	struct rig *r = rig_of(state);
	char dir[128], path[160], filler[160];
	struct keyring *signer;
	struct person p;
	size_t done;

	rig_path(r, "disk", dir);
	if (mkdir(dir, 0755) != 0 || mount("tmpfs", dir, "tmpfs", 0, "size=128k") != 0) {
		print_message("skipped: a small file system needs root\n");
		skip();
	}
	rig_set(r, "journal", "disk/journal");
	rig_up(r, NULL);
	rig_generate(r, "citizen-keys");
	rig_generate(r, "citizen-seal");
	signer = rig_keyring(r, UID_SIGNER);
	person_birth(r, signer, &p);
	fill(dir, filler);
	done = sign_until_full(signer, &p);
	(void)snprintf(path, sizeof(path), "%s/journal.operations.000001", dir);
	assert_int_equal(lines_of(path, "\"op\":\"ACTIVATE\",\"key\":\"citizen-keys\",\"uid\""), done);
	for (int i = 0; i < 100; i++) { /* a page may have had room for some lines */
		AUTO(writer) blob = writer_new(MAX_BLOB);

		if (keyring_retire(signer, "citizen-keys", writer_span(&p.blob)) != ERR_OK)
			break;
	}
	assert_int_equal(unlink(filler), 0);
	assert_ok(keyring_retire(signer, "citizen-keys", writer_span(&p.blob)));
	rig_again(r);
	keyring_free(&signer);
	signer = rig_keyring(r, UID_SIGNER);
	assert_err(person_sign(signer, &p,
			   &(struct digests){.bytes = SPAN("01234567890123456789012345678901"), .each = 32, .count = 1},
			   NULL, &(struct writer){.max = 4096}),
		ERR_REVOKED);
	keyring_free(&signer);
	person_free(&p);
	rig_stop(r, SIGTERM);
	assert_int_equal(umount2(dir, MNT_DETACH), 0);
}

CASE(a_file_that_may_not_grow_is_a_full_disk_and_not_the_workers_death)
{
	struct rig *r = rig_fresh(state, "log");
	AUTO(writer) json = writer_new(1 << 16);
	const pid_t worker = rig_worker(r);
	struct rlimit limit, before;
	struct stat st;
	char path[128];

	rig_path(r, "journal", path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(prlimit(worker, RLIMIT_FSIZE, NULL, &before), 0);
	limit = (struct rlimit){.rlim_cur = (rlim_t)st.st_size + 100, .rlim_max = before.rlim_max};
	assert_int_equal(prlimit(worker, RLIMIT_FSIZE, &limit, NULL), 0);
	assert_err(keyring_generate(r->keyring, "status", &json), ERR_IO);
	assert_int_equal(rig_worker(r), worker);
	assert_int_equal(prlimit(worker, RLIMIT_FSIZE, &before, NULL), 0);
	assert_ok(keyring_generate(r->keyring, "status", &json));
	rig_again(r);
	rig_free(&r);
}

int
main(void)
{
#define CASE_OF(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE_OF(a_journal_cut_edited_exchanged_or_made_anew_serves_nothing),
		CASE_OF(lines_forged_behind_the_end_make_nobody_a_custodian_and_no_proposal_longer),
		CASE_OF(a_journal_that_somebody_else_writes_while_it_is_served_takes_no_grave_act_any_more),
		CASE_OF(on_a_full_disk_nothing_leaves_without_its_line_and_all_goes_on_when_there_is_room),
		CASE_OF(a_file_that_may_not_grow_is_a_full_disk_and_not_the_workers_death),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
