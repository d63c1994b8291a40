#include "cli/log/journal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/chain.h"
#include "base/encode.h"
#include "keyring/keyring.h"

enum { MAX_SEGMENTS = 100000, MAX_PATH_TEXT = 4096, MAX_STATUS = 1 << 20 };

/* The chain of operations at the end of each segment, as the journal says. */
struct ends {
	struct chain_head *of; /* owned; of[0]: before the first */
	size_t count;          /* of segments that are closed */
};

/* Heads that mohar-hsmd says it has: each must be in the files. */
struct wanted {
	struct chain_head head;
	bool asked, seen;
};

/* What is kept of one file on the way. */
struct passage {
	struct ends *ends; /* the journal's: filled; else NULL */
	struct wanted *wanted;
	char first[64], last[64]; /* times */
};

/* ---- a line's members ---- */

struct line {
	char *at, *act, *detail, *sha256;
	int64_t number;
};
static const struct json_row line_rows[] = {
	{"at", JSON_TEXT, JSON_REQUIRED, offsetof(struct line, at), .max = 32},
	{"act", JSON_TEXT, JSON_REQUIRED, offsetof(struct line, act), .max = 32},
	{"detail", JSON_TEXT, JSON_OPTIONAL, offsetof(struct line, detail), .max = MAX_CHAIN_LINE},
	{"sha256", JSON_TEXT, JSON_OPTIONAL, offsetof(struct line, sha256), .max = 64},
	{"number", JSON_INT, JSON_OPTIONAL, offsetof(struct line, number), .min = 0, .max = 1LL << 50},
};
static const struct json_table line_table = {"journal line", line_rows, 5, sizeof(struct line), true};

static enum err
ends_add(struct ends *ends, const struct line *l)
{
	static const char until[] = "up to record ";
	struct chain_head *more, *end;

	REQUIRE(l->sha256 != NULL && l->detail != NULL && strncmp(l->detail, until, sizeof(until) - 1) == 0 &&
			l->number == (int64_t)ends->count + 1 && ends->count < MAX_SEGMENTS,
		ERR_CORRUPT);
	more = reallocarray(ends->of, ends->count + 2, sizeof(*more));
	REQUIRE(more != NULL, ERR_NO_MEMORY);
	ends->of = more;
	end = &more[ends->count + 1];
	end->count = strtoull(l->detail + sizeof(until) - 1, NULL, 10);
	TRY(hex_read(span_of(l->sha256), end->hash.bytes, SHA256_LEN, &(size_t){0}));
	ends->count++;
	return ERR_OK;
}

/* The time of a line: text in the journal, milliseconds in the record of operations. */
static void
time_take(struct span json, char out[64])
{
	const char *at = memmem(json.ptr, json.len, "\"at\":", 5);
	const char *const end = (const char *)json.ptr + json.len;
	AUTO(writer) w = writer_new(64);

	if (at == NULL || end - at < 30)
		return;
	at += 5;
	if (*at == '"')
		writer_bytes(&w, span_at(at + 1, 20));
	else
		time_write(&w, strtoll(at, NULL, 10) / 1000);
	(void)snprintf(out, 64, "%s", (const char *)writer_span(&w).ptr);
}

static enum err
visit(void *context, const struct chain_head *head, struct span json)
{
	struct passage *p = context;
	struct line l;
	enum err e = ERR_OK;

	if (p->first[0] == '\0')
		time_take(json, p->first);
	time_take(json, p->last);
	if (p->wanted->asked && p->wanted->head.count == head->count)
		p->wanted->seen = chain_head_equal(&p->wanted->head, head);
	if (p->ends == NULL || memmem(json.ptr, json.len, "\"act\":\"segment\"", 15) == NULL)
		return ERR_OK;
	TRY(json_decode(json, &line_table, &l));
	if (strcmp(l.act, "segment") == 0)
		e = ends_add(p->ends, &l);
	json_free(&line_table, &l);
	REQUIRE_WHY(e == ERR_OK, e, "the end of a segment is out of form in line %" PRIu64, head->count);
	return ERR_OK;
}

static void
tell_file(struct cli *c, const char *path, const struct chain_walk *w, const struct passage *p)
{
	cli_item(c, "files");
	cli_text(c, "file", path);
	cli_int(c, "lines", (int64_t)w->lines);
	cli_text(c, "first", p->first);
	cli_text(c, "last", p->last);
	cli_bool(c, "torn", w->torn);
	cli_hex(c, "head", sha256_span(&w->head.hash));
	cli_item_end(c);
}

static enum err
missing(const struct wanted *wanted, const char *what, const char *path)
{
	REQUIRE_WHY(!wanted->asked || wanted->seen, ERR_CORRUPT,
		"%s %s: it lacks line %" PRIu64 " as mohar-hsmd knows it: its end was cut off, or it is another's",
		what, path, wanted->head.count);
	return ERR_OK;
}

static enum err
verify_journal(struct cli *c, struct ends *ends, struct wanted *wanted)
{
	struct passage p = {.ends = ends, .wanted = wanted};
	struct chain_walk w = {.what = "journal", .visit = visit, .context = &p};
	const char *path = cli_value(c, "--journal");

	ends->of = calloc(1, sizeof(*ends->of));
	REQUIRE(ends->of != NULL, ERR_NO_MEMORY);
	TRY(chain_walk(path, &w));
	tell_file(c, path, &w, &p);
	return missing(wanted, "journal", path);
}

/* ---- segments ---- */

/* The number at the end of a segment's path; 0: there is none. */
static size_t
number_of(const char *path)
{
	const char *dot = strrchr(path, '.');
	const size_t digits = dot == NULL ? 0 : strspn(dot + 1, "0123456789");

	return digits >= 6 && digits < 12 && dot[1 + digits] == '\0' ? (size_t)strtoull(dot + 1, NULL, 10) : 0;
}

static enum err
verify_segment(struct cli *c, const struct ends *ends, size_t number, const char *path, struct wanted *wanted)
{
	struct passage p = {.wanted = wanted};
	struct chain_walk w = {.what = "operations", .visit = visit, .context = &p};

	REQUIRE_WHY(number <= ends->count + 1, ERR_CORRUPT,
		"operations %s: the journal does not say that segment %zu was closed", path, number - 1);
	REQUIRE_WHY(access(path, F_OK) == 0, ERR_CORRUPT, "operations %s: this segment is missing", path);
	w.from = ends->of[number - 1];
	TRY(chain_walk(path, &w));
	tell_file(c, path, &w, &p);
	REQUIRE_WHY(number > ends->count || chain_head_equal(&w.head, &ends->of[number]), ERR_CORRUPT,
		"operations %s: after line %" PRIu64 " it does not end as the journal says (record %" PRIu64 ")", path,
		w.lines, number > ends->count ? 0 : ends->of[number].count);
	return number > ends->count ? missing(wanted, "operations", path) : ERR_OK;
}

/* The files made ready for later hold nothing yet. */
static enum err
no_more(const struct ends *ends, const char *stem)
{
	char path[MAX_PATH_TEXT];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s.%06zu", stem, ends->count + 2);
	REQUIRE_WHY(stat(path, &st) != 0 || st.st_size == 0, ERR_CORRUPT,
		"operations %s: it has records, but the journal does not say that segment %zu was closed", path,
		ends->count + 1);
	return ERR_OK;
}

static enum err
verify_stem(struct cli *c, const struct ends *ends, const char *stem, struct wanted *wanted)
{
	char path[MAX_PATH_TEXT];

	for (size_t number = 1; number <= ends->count + 1; number++) {
		REQUIRE((size_t)snprintf(path, sizeof(path), "%s.%06zu", stem, number) < sizeof(path), ERR_TOO_LONG);
		TRY(verify_segment(c, ends, number, path, wanted));
		cli_progress(c, "segment %zu of %zu", number, ends->count + 1);
	}
	return no_more(ends, stem);
}

/* Segments one by one: in their order, none left out between them. */
static enum err
verify_operations(struct cli *c, const struct ends *ends, struct wanted *wanted)
{
	const char *path;
	size_t last = 0;

	for (size_t i = 0; (path = cli_value_at(c, "--operations", i)) != NULL; i++) {
		const size_t number = number_of(path);

		if (number == 0) {
			TRY(verify_stem(c, ends, path, wanted));
			continue;
		}
		REQUIRE_WHY(last == 0 || number == last + 1, ERR_CORRUPT,
			"operations %s: segment %zu is missing before it (give them in their order)", path, last + 1);
		TRY(verify_segment(c, ends, number, path, wanted));
		last = number;
	}
	return ERR_OK;
}

/* ---- what mohar-hsmd itself says ---- */

struct chain_told {
	int64_t lines, records;
	char *head;
};
struct status_told {
	struct chain_told journal, operations;
};
static const struct json_row journal_rows[] = {
	{"lines", JSON_INT, JSON_REQUIRED, offsetof(struct chain_told, lines), .min = 0, .max = 1LL << 50},
	{"head", JSON_TEXT, JSON_REQUIRED, offsetof(struct chain_told, head), .max = 64},
};
static const struct json_table journal_table = {"journal", journal_rows, 2, sizeof(struct chain_told), true};
static const struct json_row operations_rows[] = {
	{"records", JSON_INT, JSON_REQUIRED, offsetof(struct chain_told, records), .min = 0, .max = 1LL << 50},
	{"head", JSON_TEXT, JSON_REQUIRED, offsetof(struct chain_told, head), .max = 64},
};
static const struct json_table operations_table = {"operations", operations_rows, 2, sizeof(struct chain_told), true};
static const struct json_row status_rows[] = {
	{"journal", JSON_OBJECT, JSON_REQUIRED, offsetof(struct status_told, journal), .table = &journal_table},
	{"operations", JSON_OBJECT, JSON_REQUIRED, offsetof(struct status_told, operations),
		.table = &operations_table},
};
static const struct json_table status_table = {"status of mohar-hsmd", status_rows, 2, sizeof(struct status_told),
	true};

static enum err
want(struct wanted *w, int64_t count, const char *head)
{
	size_t len;

	w->head.count = (uint64_t)count;
	w->asked = true;
	w->seen = count == 0;
	TRY(hex_read(span_of(head), w->head.hash.bytes, SHA256_LEN, &len));
	REQUIRE(len == SHA256_LEN, ERR_MALFORMED);
	return ERR_OK;
}

/* Before the files are read: they may grow meanwhile, but not shrink. */
static enum err
ask(struct cli *c, struct wanted *journal, struct wanted *operations)
{
	AUTO(writer) json = writer_new(MAX_STATUS);
	AUTO(keyring) *k = NULL;
	struct status_told told;
	enum err e;

	REQUIRE_WHY(cli_value(c, "--hsm-socket") != NULL, ERR_NOT_FOUND, "--status needs --hsm-socket");
	TRY(keyring_open(cli_value(c, "--hsm-socket"), 1, &k));
	TRY(keyring_status(k, &json));
	TRY(json_decode(writer_span(&json), &status_table, &told));
	e = want(journal, told.journal.lines, told.journal.head);
	if (e == ERR_OK)
		e = want(operations, told.operations.records, told.operations.head);
	json_free(&status_table, &told);
	return e;
}

enum err
journal_verify(struct cli *c)
{
	struct wanted journal = {0}, operations = {0};
	struct ends ends = {0};
	enum err e = ERR_OK;

	if (cli_flag(c, "--status"))
		e = ask(c, &journal, &operations);
	if (e == ERR_OK)
		e = verify_journal(c, &ends, &journal);
	if (e == ERR_OK) {
		cli_int(c, "segments_closed", (int64_t)ends.count);
		e = verify_operations(c, &ends, &operations);
	}
	free(ends.of);
	return e;
}
