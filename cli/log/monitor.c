#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "audit/frontier.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/reader.h"
#include "cli/cli.h"
#include "cli/log/client.h"
#include "cli/log/log.h"
#include "cli/log/surprise.h"

enum { MAX_STATE = 128 << 10, MAX_BODY = 8 << 20, MAX_WATCHED = 256 };

/* ---- what is kept from one run to the next ---- */
struct count {
	char *issuer, *profile; /* both empty: revocations */
	int64_t n;
};

struct state {
	int64_t version, size, private_size;
	char *origin, *checkpoint, *last, *hour;
	struct json_bytes roots; /* of the frontier, one after the other */
	struct json_list counts; /* struct count */
};

#define COUNT(member) offsetof(struct count, member)
#define STATE(member) offsetof(struct state, member)
static const struct json_row count_rows[] = {
	{"issuer", JSON_TEXT, JSON_REQUIRED, COUNT(issuer), 0, 64, NULL, 0},
	{"profile", JSON_TEXT, JSON_REQUIRED, COUNT(profile), 0, 64, NULL, 0},
	{"n", JSON_INT, JSON_REQUIRED, COUNT(n), 0, INT64_MAX >> 10, NULL, 0},
};
static const struct json_table count_table = {"count", count_rows, 3, sizeof(struct count), false};
static const struct json_row state_rows[] = {
	{"v", JSON_INT, JSON_REQUIRED, STATE(version), 1, 1, NULL, 0},
	{"origin", JSON_TEXT, JSON_REQUIRED, STATE(origin), 1, MAX_ORIGIN, NULL, 0},
	{"size", JSON_INT, JSON_REQUIRED, STATE(size), 0, INT64_MAX >> 10, NULL, 0},
	{"roots", JSON_BYTES, JSON_REQUIRED, STATE(roots), 0, MAX_FRONTIER *SHA256_LEN, NULL, 0},
	{"checkpoint", JSON_TEXT, JSON_REQUIRED, STATE(checkpoint), 0, MAX_CHECKPOINT, NULL, 0},
	{"private_size", JSON_INT, JSON_REQUIRED, STATE(private_size), 0, INT64_MAX >> 10, NULL, 0},
	{"last", JSON_TEXT, JSON_OPTIONAL, STATE(last), 20, 20, NULL, 0},
	{"hour", JSON_TEXT, JSON_OPTIONAL, STATE(hour), 20, 20, NULL, 0},
	{"counts", JSON_OBJECTS, JSON_REQUIRED, STATE(counts), 0, MAX_MONITOR_RULES + 1, &count_table, 0},
};
static const struct json_table state_table = {"monitor's state", state_rows, sizeof(state_rows) / sizeof(state_rows[0]),
	sizeof(struct state), false};

/* A run of the monitor. */
struct monitor {
	struct cli *c;
	struct monitor_policy policy;
	struct sha256 watched[MAX_WATCHED];
	size_t watched_count;
	struct frontier frontier;
	struct seen seen;
	char *checkpoint; /* owned; the note under which frontier was right */
	int64_t surprises, entries;
};

static void
monitor_free(struct monitor *m)
{
	monitor_policy_free(&m->policy);
	free(m->checkpoint);
}

static enum err
take_time(const char *text, unix_time *out)
{
	*out = 0;
	return text == NULL ? ERR_OK : time_read(span_of(text), out);
}

/* Counts go by name, so that a changed monitor.json does not mix them up. */
static void
take_counts(struct monitor *m, const struct state *s)
{
	const struct count *counts = s->counts.items;

	for (size_t i = 0; i < s->counts.count; i++) {
		const int n = counts[i].issuer[0] == '\0'
			? REVOCATIONS
			: monitor_rule_of(&m->policy, counts[i].issuer, counts[i].profile);

		if (n >= 0)
			m->seen.counts[n] = counts[i].n;
	}
}

static enum err
take_state(struct monitor *m, const char *path, const struct state *s, const char *origin)
{
	unix_time hour;

	REQUIRE_WHY(strcmp(s->origin, origin) == 0, ERR_CONFIG, "%s: is about another log, %s; this is %s", path,
		s->origin, origin);
	REQUIRE_WHY(s->roots.len == (size_t)__builtin_popcountll((unsigned long long)s->size) * SHA256_LEN, ERR_CONFIG,
		"%s: roots do not fit the size", path);
	TRY(take_time(s->last, &m->seen.last));
	TRY(take_time(s->hour, &hour));
	m->seen.hour = hour / SECONDS_AN_HOUR;
	m->seen.private_size = s->private_size;
	m->frontier.size = (uint64_t)s->size;
	m->frontier.count = s->roots.len / SHA256_LEN;
	if (s->roots.len > 0)
		memcpy(m->frontier.roots, s->roots.ptr, s->roots.len);
	take_counts(m, s);
	return span_text(span_of(s->checkpoint), &m->checkpoint);
}

/* Without a file yet, the monitor begins at the first entry. */
static enum err
read_state(struct monitor *m, const char *path, const char *origin)
{
	AUTO(writer) text = writer_new(MAX_STATE);
	struct state s;
	enum err e = file_read(path, MAX_STATE, &text);

	if (e == ERR_NOT_FOUND) {
		err_forget();
		return ERR_OK;
	}
	TRY(e);
	TRY(cli_about(path, json_decode(writer_span(&text), &state_table, &s)));
	e = take_state(m, path, &s, origin);
	json_free(&state_table, &s);
	return e;
}

static void
write_counts(const struct monitor *m, struct json_writer *j)
{
	const struct monitor_rule *rules = m->policy.certificates.items;

	json_array(j, "counts");
	for (size_t i = 0; i <= MAX_MONITOR_RULES; i++) {
		if (m->seen.counts[i] == 0)
			continue;
		json_object(j, NULL);
		json_text(j, "issuer", i == REVOCATIONS ? "" : rules[i].issuer);
		json_text(j, "profile", i == REVOCATIONS ? "" : rules[i].profile);
		json_int(j, "n", m->seen.counts[i]);
		json_object_end(j);
	}
	json_array_end(j);
}

static enum err
write_state(const struct monitor *m, const char *path, const char *origin)
{
	AUTO(writer) text = writer_new(MAX_STATE);
	struct json_writer j = json_to(&text);

	json_object(&j, NULL);
	json_int(&j, "v", 1);
	json_text(&j, "origin", origin);
	json_int(&j, "size", (int64_t)m->frontier.size);
	json_bytes64(&j, "roots", span_at(m->frontier.roots, m->frontier.count * SHA256_LEN));
	json_text(&j, "checkpoint", m->checkpoint == NULL ? "" : m->checkpoint);
	json_int(&j, "private_size", m->seen.private_size);
	if (m->seen.last > 0)
		json_time(&j, "last", m->seen.last);
	if (m->seen.hour > 0)
		json_time(&j, "hour", m->seen.hour * SECONDS_AN_HOUR);
	write_counts(m, &j);
	json_object_end(&j);
	writer_u8(&text, '\n');
	TRY(writer_done(&text));
	return file_write(path, writer_span(&text), 0644);
}

/* ---- one look at the log ---- */
static void
tell(void *monitor, uint64_t index, const char *kind, const char *why)
{
	struct monitor *m = monitor;

	m->surprises++;
	cli_item(m->c, "surprises");
	cli_text(m->c, "surprise", kind);
	cli_int(m->c, "entry", (int64_t)index);
	cli_text(m->c, "why", why);
	cli_item_end(m->c);
}

/* The log no longer continues what was seen of it: both its words are the evidence. */
static void
tell_fork(struct monitor *m, const struct log_client *l, const char *kind, const char *why)
{
	m->surprises++;
	cli_item(m->c, "surprises");
	cli_text(m->c, "surprise", kind);
	cli_text(m->c, "why", why);
	cli_text(m->c, "before", m->checkpoint == NULL ? "" : m->checkpoint);
	cli_text(m->c, "now", (const char *)writer_span(&l->note).ptr);
	cli_item_end(m->c);
}

static enum err
read_bundle(const struct watching *w, struct log_client *l, struct monitor *m)
{
	AUTO(writer) body = writer_new(MAX_BODY);
	const uint64_t bundle = m->frontier.size / TILE_WIDTH;
	const uint64_t known = m->frontier.size % TILE_WIDTH;
	struct reader r;
	unsigned count;

	TRY(log_client_entries(l, bundle, &count, &body));
	r = reader_over(writer_span(&body));
	for (unsigned i = 0; i < count; i++) {
		struct span entry;

		REQUIRE_WHY(reader_block16(&r, MAX_ENTRY, &entry) == ERR_OK, ERR_MISMATCH,
			"log: bundle %llu ends early", (unsigned long long)bundle);
		if (i < known)
			continue;
		entry_judge(w, &m->seen, m->frontier.size, entry);
		frontier_add(&m->frontier, leaf_hash(entry));
		m->entries++;
	}
	return reader_done(&r);
}

/* Is what was kept, and what came since, what the log signs now? */
static bool
continues(struct monitor *m, const struct log_client *l)
{
	const struct sha256 root = frontier_root(&m->frontier);

	if (span_equal(sha256_span(&root), sha256_span(&l->head.root)))
		return true;
	tell_fork(m, l, "log-forked",
		"the entries do not hash to the root that the log signed: it shows different people different trees, or was rewritten");
	return false;
}

static enum err
look(struct monitor *m, struct log_client *l)
{
	const struct watching w = {&m->policy, cli_now(m->c), m->watched, m->watched_count, tell, m};
	const struct monitor before = *m;

	if (l->head.size < m->frontier.size) {
		tell_fork(m, l, "log-shrunk", "the log has lost entries that it had");
		return ERR_OK;
	}
	while (m->frontier.size < l->head.size) {
		TRY(read_bundle(&w, l, m));
		cli_progress(m->c, "%llu of %llu entries", (unsigned long long)m->frontier.size,
			(unsigned long long)l->head.size);
	}
	if (!continues(m, l)) {
		m->frontier = before.frontier; /* what was right stays */
		m->seen = before.seen;
		return ERR_OK;
	}
	quiet_judge(&w, &m->seen, m->frontier.size);
	free(m->checkpoint);
	m->checkpoint = NULL;
	return span_text(writer_span(&l->note), &m->checkpoint);
}

static enum err
look_and_keep(struct monitor *m, bool first)
{
	AUTO(log_client) l = {0};
	const char *state = cli_value(m->c, "--state");

	TRY(log_options_open(m->c, &l));
	if (first)
		TRY(read_state(m, state, l.head.origin));
	TRY(look(m, &l));
	return write_state(m, state, l.head.origin);
}

/* ---- the verb ---- */
static enum err
read_watched(struct monitor *m)
{
	const char *text;

	for (; (text = cli_value_at(m->c, "--key", m->watched_count)) != NULL; m->watched_count++) {
		REQUIRE_WHY(m->watched_count < MAX_WATCHED, ERR_TOO_LONG, "more than %d keys to watch", MAX_WATCHED);
		REQUIRE_WHY(base64url_exactly(span_of(text), m->watched[m->watched_count].bytes, SHA256_LEN) == ERR_OK,
			ERR_MALFORMED, "--key %s: expected a key's SHA-256 (of its SubjectPublicKeyInfo) in base64url",
			text);
	}
	return ERR_OK;
}

static volatile sig_atomic_t told_to_stop;

static void
stop(int number)
{
	(void)number;
	told_to_stop = 1;
}

/* Looks again and again, until something surprises or somebody says that it is enough. A log that cannot be reached for a while is waited for. */
static enum err
follow(struct monitor *m, int64_t seconds)
{
	const struct sigaction action = {.sa_handler = stop};
	bool first = true;

	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
	while (told_to_stop == 0 && m->surprises == 0) {
		const enum err e = look_and_keep(m, first);

		if (e == ERR_UNAVAILABLE && !first)
			cli_progress(m->c, "%s", err_why());
		else
			TRY(e);
		err_forget();
		first = false;
		if (m->surprises == 0)
			(void)nanosleep(&(const struct timespec){.tv_sec = seconds}, NULL);
	}
	return ERR_OK;
}

static enum err
run(struct monitor *m, int64_t seconds)
{
	TRY(monitor_policy_read(cli_value(m->c, "--rules"), &m->policy));
	TRY(read_watched(m));
	return seconds > 0 ? follow(m, seconds) : look_and_keep(m, true);
}

int
run_monitor(struct cli *c)
{
	__attribute__((cleanup(monitor_free))) struct monitor m = {.c = c};
	const char *every = cli_value(c, "--follow");
	char *end = NULL;
	const long seconds = every == NULL ? 0 : strtol(every, &end, 10);
	enum err e;

	cli_begin(c);
	if (every != NULL && (seconds < 1 || seconds > 86400 || *end != '\0'))
		return cli_end(c, "refused", "--follow wants seconds, from 1 to 86400", EXIT_USAGE);
	e = run(&m, seconds);
	cli_int(c, "size", (int64_t)m.frontier.size);
	cli_int(c, "entries", m.entries);
	if (e != ERR_OK)
		return log_verdict(c, e, "valid");
	if (m.surprises == 0)
		return cli_end(c, "valid", NULL, EXIT_DONE);
	return cli_end(c, "invalid", "the log holds what monitor.json does not call usual: see surprises",
		EXIT_REFUSED);
}
