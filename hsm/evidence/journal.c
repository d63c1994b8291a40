#include "hsm/evidence/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/log.h"
#include "json/json.h"

/* ---- a line's members ---- */

struct told {
	char *act, *key, *type, *detail, *sha256, *id, *at;
	int64_t number;
};
static const struct json_row told_rows[] = {
	{"act", JSON_TEXT, JSON_REQUIRED, offsetof(struct told, act), .max = 32},
	{"at", JSON_TEXT, JSON_REQUIRED, offsetof(struct told, at), .max = 32},
	{"key", JSON_TEXT, JSON_OPTIONAL, offsetof(struct told, key), .max = 64},
	{"type", JSON_TEXT, JSON_OPTIONAL, offsetof(struct told, type), .max = 64},
	{"detail", JSON_TEXT, JSON_OPTIONAL, offsetof(struct told, detail), .max = MAX_JOURNAL_LINE},
	{"sha256", JSON_TEXT, JSON_OPTIONAL, offsetof(struct told, sha256), .max = CHAIN_HASH_TEXT},
	{"id", JSON_TEXT, JSON_OPTIONAL, offsetof(struct told, id), .max = 2 * JOURNAL_ID_LEN},
	{"number", JSON_INT, JSON_OPTIONAL, offsetof(struct told, number), .min = 0, .max = 1LL << 50},
};
/* open: n and uid are for people */
static const struct json_table told_table = {"journal line", told_rows, sizeof(told_rows) / sizeof(told_rows[0]),
	sizeof(struct told), true};

static enum err
line_of(const struct told *t, struct journal_line *line)
{
	size_t len;

	*line = (struct journal_line){.act = t->act,
		.key = t->key,
		.type = t->type,
		.detail = t->detail,
		.has_object = t->sha256 != NULL,
		.has_id = t->id != NULL,
		.number = t->number};
	TRY(time_read(span_of(t->at), &line->at));
	if (line->has_object) {
		TRY(hex_read(span_of(t->sha256), line->object.bytes, SHA256_LEN, &len));
		REQUIRE(len == SHA256_LEN, ERR_CORRUPT);
	}
	if (line->has_id) {
		TRY(hex_read(span_of(t->id), line->id, JOURNAL_ID_LEN, &len));
		REQUIRE(len == JOURNAL_ID_LEN, ERR_CORRUPT);
	}
	return ERR_OK;
}

static enum err
line_replay(struct span json, journal_replay *replay, void *context)
{
	struct journal_line line;
	struct told t;
	enum err e;

	TRY(json_decode(json, &told_table, &t));
	e = line_of(&t, &line);
	if (e == ERR_OK)
		e = replay(context, &line);
	json_free(&told_table, &t);
	return e;
}

/* Who is told of the lines, and which head is looked for among them. */
struct walk {
	journal_replay *replay; /* NULL: nobody is told */
	void *context;
	const struct chain_head *look; /* NULL: not asked */
	bool seen;
};

static enum err
visit(void *context, const struct chain_head *head, struct span json)
{
	struct walk *w = context;

	if (w->look != NULL && w->look->count == head->count)
		w->seen = chain_head_equal(w->look, head);
	return w->replay == NULL ? ERR_OK : line_replay(json, w->replay, w->context);
}

static enum err
journal_start(struct journal *j, journal_replay *replay, void *context)
{
	struct walk told = {.replay = replay, .context = context};
	struct chain_walk w = {.what = "journal", .visit = visit, .context = &told};

	REQUIRE_WHY(flock(j->fd, LOCK_EX | LOCK_NB) == 0, ERR_EXISTS,
		"journal %s: another mohar-hsmd has it; stop that one first", j->path);
	TRY(chain_walk(j->path, &w));
	if (w.torn) {
		log_warn("journal", "%s: the last line was cut short by a crash and is taken away", j->path);
		REQUIRE_WHY(ftruncate(j->fd, w.whole) == 0, ERR_IO, "journal %s: %s", j->path, strerror(errno));
	}
	j->head = j->kept = w.head;
	j->size = j->kept_size = w.whole;
	return ERR_OK;
}

enum err
journal_open(const char *path, journal_replay *replay, void *context, struct journal *out)
{
	struct journal j = {.path = strdup(path)};
	enum err e;

	REQUIRE(j.path != NULL, ERR_NO_MEMORY);
	j.fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	e = j.fd >= 0 ? journal_start(&j, replay, context)
		      : err_because(ERR_IO, "journal %s: %s; set 'journal' to a file in a folder of mohar-hsmd's user",
				path, strerror(errno));
	if (e != ERR_OK) {
		journal_close(&j);
		return e;
	}
	(void)pthread_mutex_init(&j.lock, NULL);
	(void)pthread_cond_init(&j.flushed, NULL);
	*out = j;
	return ERR_OK;
}

void
journal_close(struct journal *j)
{
	if (j->fd >= 0)
		(void)close(j->fd);
	j->fd = -1;
	free(j->path);
	j->path = NULL;
}

enum err
journal_holds(const char *path, const struct chain_head *head)
{
	struct walk told = {.look = head, .seen = head->count == 0};
	struct chain_walk w = {.what = "journal", .visit = visit, .context = &told};
	const enum err e = chain_walk(path, &w);
	char why[192];

	if (e == ERR_IO) {
		(void)snprintf(why, sizeof(why), "%s", err_why());
		return err_because(ERR_IO, "%s; set 'journal' to the file that genesis began", why);
	}
	TRY(e);
	REQUIRE_WHY(told.seen, ERR_CORRUPT,
		"journal %s: it lacks what the token remembers (line %" PRIu64
		"): lines were taken away, or it is another "
		"token's. Restore its backup",
		path, head->count);
	return ERR_OK;
}

enum err
journal_read(const char *path, journal_replay *replay, void *context)
{
	struct walk told = {.replay = replay, .context = context};
	struct chain_walk w = {.what = "journal", .visit = visit, .context = &told};

	return chain_walk(path, &w);
}

static void
entry_write(struct writer *w, const struct journal_entry *e, uint64_t n, unix_time now)
{
	struct json_writer j = json_to(w);

	json_object(&j, NULL);
	json_int(&j, "n", (int64_t)n);
	json_time(&j, "at", now);
	json_text(&j, "act", e->act);
	json_text(&j, "key", e->key);
	json_text(&j, "type", e->type);
	if (e->object != NULL)
		json_hex(&j, "sha256", sha256_span(e->object));
	if (e->has_uid)
		json_int(&j, "uid", (int64_t)e->uid);
	if (e->id.len > 0)
		json_hex(&j, "id", e->id);
	if (e->number != 0)
		json_int(&j, "number", e->number);
	json_text(&j, "detail", e->detail);
	json_object_end(&j);
}

/* Under the lock: what is not on the disk is cut off again, so that the next line finds a clean end and nothing stands there that was told to be missing. */
static void
cut(struct journal *j, off_t size)
{
	j->torn = ftruncate(j->fd, size) != 0;
	if (j->torn)
		log_error("journal", "%s: a broken last line stays: %s", j->path, strerror(errno));
}

/* Under the lock. Whoever else writes this file, or cuts it, would make the chain break at our next line: then no line comes, and nothing that needs one happens. */
static enum err
is_ours(struct journal *j)
{
	struct stat st;

	if (j->torn)
		cut(j, j->size);
	REQUIRE_WHY(!j->torn && fstat(j->fd, &st) == 0, ERR_IO, "journal %s: %s", j->path, strerror(errno));
	REQUIRE_WHY(st.st_size == j->size, ERR_IO,
		"journal %s: it is not as mohar-hsmd left it: somebody else has written or cut it", j->path);
	return ERR_OK;
}

/* Under the lock. */
static enum err
line_write(struct journal *j, struct span line)
{
	TRY(is_ours(j));
	if (write(j->fd, line.ptr, line.len) == (ssize_t)line.len)
		return ERR_OK;
	(void)err_because(ERR_IO, "journal %s: %s", j->path, strerror(errno));
	cut(j, j->size);
	return ERR_IO;
}

/* Under the lock, which it leaves while it waits for the disk: whoever writes meanwhile shares the next flush. */
static void
flush(struct journal *j)
{
	const struct chain_head head = j->head;
	const off_t size = j->size;
	int failed;

	j->flushing = true;
	(void)pthread_mutex_unlock(&j->lock);
	failed = fdatasync(j->fd) == 0 ? 0 : errno;
	(void)pthread_mutex_lock(&j->lock);
	j->flushing = false;
	if (failed == 0) {
		j->kept = head;
		j->kept_size = size;
	} else {
		log_error("journal", "%s: %s", j->path, strerror(failed));
		j->failures++;
		j->head = j->kept;
		j->size = j->kept_size;
		cut(j, j->size);
	}
	(void)pthread_cond_broadcast(&j->flushed);
}

/* Under the lock: until the line that is there now is on the disk. */
static enum err
wait_for_disk(struct journal *j)
{
	const uint64_t mine = j->head.count, failures = j->failures;

	while (j->failures == failures && j->kept.count < mine) {
		if (j->flushing)
			(void)pthread_cond_wait(&j->flushed, &j->lock);
		else
			flush(j);
	}
	REQUIRE_WHY(j->failures == failures, ERR_IO, "journal %s: it could not be flushed to the disk", j->path);
	return ERR_OK;
}

static enum err
append(struct journal *j, const struct journal_entry *e, unix_time now)
{
	AUTO(writer) json = writer_new(MAX_JOURNAL_LINE);
	AUTO(writer) line = writer_new(MAX_JOURNAL_LINE + CHAIN_HASH_TEXT + 2);
	struct sha256 hash;

	entry_write(&json, e, j->head.count + 1, now);
	TRY(writer_done(&json));
	hash = chain_next(&j->head.hash, writer_span(&json));
	hex_write(&line, sha256_span(&hash));
	writer_u8(&line, ' ');
	writer_bytes(&line, writer_span(&json));
	writer_u8(&line, '\n');
	TRY(writer_done(&line));
	TRY(line_write(j, writer_span(&line)));
	j->head = (struct chain_head){j->head.count + 1, hash};
	j->size += (off_t)line.len;
	return wait_for_disk(j);
}

enum err
journal_append(struct journal *j, const struct journal_entry *e, unix_time now)
{
	enum err result;

	(void)pthread_mutex_lock(&j->lock);
	result = append(j, e, now);
	(void)pthread_mutex_unlock(&j->lock);
	return result;
}

struct chain_head
journal_head(struct journal *j)
{
	struct chain_head head;

	(void)pthread_mutex_lock(&j->lock);
	head = j->kept;
	(void)pthread_mutex_unlock(&j->lock);
	return head;
}
