#include "hsm/evidence/record.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "hsm/evidence/record_line.h"

enum { MAX_SEGMENT_PATH = 4096 };

static const char until[] = "up to record "; /* begins the detail of the journal's line */

static int64_t
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

enum err
record_replay(struct record_mark *closed, const struct journal_line *line)
{
	if (strcmp(line->act, "segment") != 0)
		return ERR_OK;
	REQUIRE_WHY(line->has_object && line->detail != NULL && strncmp(line->detail, until, sizeof(until) - 1) == 0 &&
			line->number == closed->segment + 1,
		ERR_CORRUPT, "journal: a segment's end out of form: number %" PRId64, line->number);
	closed->segment = line->number;
	closed->head.count = strtoull(line->detail + sizeof(until) - 1, NULL, 10);
	closed->head.hash = line->object;
	return ERR_OK;
}

/* ---- opening ---- */

static void
segment_path(const struct records *r, int64_t number, char out[MAX_SEGMENT_PATH])
{
	(void)snprintf(out, MAX_SEGMENT_PATH, "%s.%06" PRId64, r->path, number);
}

/* The names of new files must survive a crash as their content does. */
static enum err
folder_flush(const char *path)
{
	char folder[MAX_SEGMENT_PATH];
	char *slash;
	int fd, failed;

	(void)snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (slash == NULL)
		(void)snprintf(folder, sizeof(folder), ".");
	else
		slash[slash == folder] = '\0';
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	failed = fd >= 0 && fsync(fd) == 0 ? 0 : errno;
	if (fd >= 0)
		(void)close(fd);
	REQUIRE_WHY(failed == 0, ERR_IO, "operations: folder %s: %s", folder, strerror(failed));
	return ERR_OK;
}

static enum err
segments_open(struct records *r)
{
	bool made = false;

	for (size_t i = 0; i < RECORD_SPARES; i++) {
		char path[MAX_SEGMENT_PATH];
		struct stat st;

		segment_path(r, r->segment + (int64_t)i, path);
		made = made || access(path, F_OK) != 0;
		r->fds[i] = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		REQUIRE_WHY(r->fds[i] >= 0 && fstat(r->fds[i], &st) == 0, ERR_IO,
			"operations %s: %s; set 'operations' to a file in a folder of mohar-hsmd's user", path,
			strerror(errno));
		REQUIRE_WHY(i == 0 || st.st_size == 0, ERR_CORRUPT,
			"operations %s: it has records, but the journal does not say that the one before it is closed. Restore both",
			path);
	}
	return made ? folder_flush(r->path) : ERR_OK;
}

/* Does a line end where kept says, and does it begin with kept's hash? What stands before it was checked when it was written, and is by `mohar log verify`. */
static enum err
kept_check(const struct records *r, const char *path, const struct record_mark *kept)
{
	char tail[MAX_RECORD_LINE + 1], text[CHAIN_HASH_TEXT + 1];
	const off_t from = kept->size > MAX_RECORD_LINE ? (off_t)kept->size - MAX_RECORD_LINE : 0;
	const ssize_t len = pread(r->fds[0], tail, (size_t)(kept->size - from), from);
	ssize_t at = len - 1;

	while (at > 0 && tail[at - 1] != '\n')
		at--;
	for (size_t i = 0; i < SHA256_LEN; i++)
		(void)snprintf(text + 2 * i, 3, "%02x", kept->head.hash.bytes[i]);
	REQUIRE_WHY(len == kept->size - from && len - at > CHAIN_HASH_TEXT && tail[len - 1] == '\n' &&
			memcmp(tail + at, text, CHAIN_HASH_TEXT) == 0,
		ERR_CORRUPT,
		"operations %s: it lacks what the token remembers (record %" PRIu64
		"): lines were taken away. Restore its backup",
		path, kept->head.count);
	return ERR_OK;
}

static enum err
segment_check(struct records *r, const struct record_mark *closed, const struct record_mark *kept)
{
	struct chain_walk w = {.what = "operations", .from = closed->head};
	char path[MAX_SEGMENT_PATH];

	segment_path(r, r->segment, path);
	REQUIRE_WHY(kept->segment <= r->segment, ERR_CORRUPT,
		"operations: the token remembers segment %" PRId64 ", the journal only %" PRId64
		": restore the journal",
		kept->segment, r->segment);
	if (kept->segment == r->segment && kept->size > 0) {
		TRY(kept_check(r, path, kept));
		w.from = kept->head;
		w.at = (off_t)kept->size;
	}
	TRY(chain_walk(path, &w));
	if (w.torn) {
		log_warn("operations", "%s: the last line was cut short by a crash and is taken away", path);
		REQUIRE_WHY(ftruncate(r->fds[0], w.whole) == 0, ERR_IO, "operations %s: %s", path, strerror(errno));
	}
	r->head = w.head;
	r->size = w.whole;
	return ERR_OK;
}

enum err
record_open(const char *path, int64_t full, const struct record_mark *closed, const struct record_mark *kept,
	struct journal *journal, struct records *out)
{
	enum err e;

	*out = (struct records){.path = strdup(path),
		.journal = journal,
		.segment = closed->segment + 1,
		.full = full,
		.fds = {-1, -1, -1, -1}};
	REQUIRE(out->path != NULL, ERR_NO_MEMORY);
	(void)pthread_mutex_init(&out->lock, NULL);
	e = segments_open(out);
	if (e == ERR_OK)
		e = segment_check(out, closed, kept);
	if (e != ERR_OK) {
		record_close(out);
		return e;
	}
	record_flush(out);
	return ERR_OK;
}

void
record_close(struct records *r)
{
	for (size_t i = 0; i < RECORD_SPARES; i++)
		if (r->fds[i] >= 0) {
			(void)close(r->fds[i]);
			r->fds[i] = -1;
		}
	free(r->path);
	r->path = NULL;
}

/* ---- writing; all under the lock ---- */

/* What was written in part goes away before anything else is written. */
static bool
is_clean(struct records *r)
{
	if (r->torn && ftruncate(r->fds[r->at], (off_t)r->size) == 0)
		r->torn = false;
	return !r->torn && !r->broken;
}

static enum err
line_write(struct records *r, const struct record *record)
{
	char line[MAX_RECORD_LINE];
	struct chain_head next;
	const size_t len = record_line(line, record, &r->head, now_ms(), &next);

	REQUIRE_WHY(is_clean(r), ERR_IO, "the record of operations cannot be kept: see mohar-hsmd's log");
	if (write(r->fds[r->at], line, len) == (ssize_t)len) {
		r->head = next;
		r->size += (int64_t)len;
		return ERR_OK;
	}
	(void)err_because(ERR_IO, "operations %s: %s: nothing is released that is not recorded", r->path,
		strerror(errno));
	r->torn = true;
	(void)is_clean(r);
	return ERR_IO;
}

/* The end of a segment is in the journal before the next one begins. If it cannot be, this one grows. */
static void
segment_next(struct records *r)
{
	char detail[64];
	const struct journal_entry end = {.act = "segment",
		.number = r->segment,
		.object = &r->head.hash,
		.detail = detail};

	if (r->size < r->full || r->used_up)
		return;
	(void)snprintf(detail, sizeof(detail), "%s%" PRIu64, until, r->head.count);
	if (r->at + 1 == RECORD_SPARES) {
		r->used_up = true;
		return;
	}
	if (fdatasync(r->fds[r->at]) != 0 || journal_append(r->journal, &end, now_ms() / 1000) != ERR_OK) {
		log_refusal("operations", ERR_IO, "the full segment could not be closed");
		return;
	}
	r->at++;
	r->segment++;
	r->size = 0;
}

static bool
is_same(const struct repeated *x, const struct record *r)
{
	return x->op == r->op && x->key == r->key && x->uid == r->uid && x->outcome == r->outcome;
}

static enum err
repeated_tell(struct records *r, struct repeated *x)
{
	const struct record told = {.op = x->op,
		.key = x->key,
		.uid = x->uid,
		.outcome = x->outcome,
		.detail = "more of the same within a second",
		.count = x->count};

	x->op = NULL;
	return x->count == 0 ? ERR_OK : line_write(r, &told);
}

/* True: this second has one like it, and counts it. */
static bool
is_repeated(struct records *r, const struct record *record)
{
	const int64_t second = now_ms() / 1000;
	struct repeated *place = &r->repeated[0];

	for (size_t i = 0; i < MAX_REPEATED; i++) {
		struct repeated *x = &r->repeated[i];

		if (x->op != NULL && is_same(x, record) && x->second == second) {
			x->count++;
			return true;
		}
		if (place->op != NULL && (x->op == NULL || x->second < place->second || is_same(x, record)))
			place = x;
	}
	if (place->op != NULL && repeated_tell(r, place) != ERR_OK)
		return false;
	*place = (struct repeated){.op = record->op,
		.key = record->key,
		.uid = record->uid,
		.outcome = record->outcome,
		.second = second};
	return false;
}

enum err
record_write(struct records *r, const struct record *record)
{
	enum err e = ERR_OK;

	(void)pthread_mutex_lock(&r->lock);
	if (record->outcome == ERR_OK || !is_repeated(r, record))
		e = line_write(r, record);
	segment_next(r);
	(void)pthread_mutex_unlock(&r->lock);
	return e;
}

/* ---- the disk ---- */

static void
repeated_tell_all(struct records *r)
{
	const int64_t second = now_ms() / 1000;

	for (size_t i = 0; i < MAX_REPEATED; i++)
		if (r->repeated[i].op != NULL && r->repeated[i].second != second &&
			repeated_tell(r, &r->repeated[i]) != ERR_OK)
			log_refusal("operations", ERR_IO, "repeated refusals were not recorded");
}

void
record_flush(struct records *r)
{
	struct record_mark mark;
	bool changed;
	int fd, failed = 0;

	(void)pthread_mutex_lock(&r->lock);
	repeated_tell_all(r);
	mark = (struct record_mark){r->segment, r->head, r->size};
	changed = r->broken || mark.segment != r->kept.segment || !chain_head_equal(&mark.head, &r->kept.head);
	fd = r->fds[r->at];
	(void)pthread_mutex_unlock(&r->lock);
	if (!changed)
		return;
	if (fdatasync(fd) != 0)
		failed = errno;
	if (failed != 0)
		log_error("operations", "%s: %s: nothing is signed until this is mended", r->path, strerror(failed));
	(void)pthread_mutex_lock(&r->lock);
	r->broken = failed != 0;
	if (failed == 0)
		r->kept = mark;
	(void)pthread_mutex_unlock(&r->lock);
}

static void *
keeper_main(void *argument)
{
	const struct timespec pause = {0, 900000000};

	for (;;) {
		(void)nanosleep(&pause, NULL);
		record_flush(argument);
	}
	return NULL;
}

enum err
record_keep(struct records *r)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int failed = pthread_attr_init(&attributes);

	failed |= pthread_attr_setstacksize(&attributes, 256 << 10);
	failed |= pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	failed |= pthread_create(&thread, &attributes, keeper_main, r);
	REQUIRE_WHY(failed == 0, ERR_NO_MEMORY, "starting a thread: %s", strerror(failed));
	return ERR_OK;
}

struct record_mark
record_kept(struct records *r)
{
	struct record_mark mark;

	(void)pthread_mutex_lock(&r->lock);
	mark = r->kept;
	(void)pthread_mutex_unlock(&r->lock);
	return mark;
}

struct chain_head
record_head(struct records *r)
{
	struct chain_head head;

	(void)pthread_mutex_lock(&r->lock);
	head = r->head;
	(void)pthread_mutex_unlock(&r->lock);
	return head;
}

bool
record_is_used_up(struct records *r)
{
	bool used_up;

	(void)pthread_mutex_lock(&r->lock);
	used_up = r->used_up;
	(void)pthread_mutex_unlock(&r->lock);
	return used_up;
}
