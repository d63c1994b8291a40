#include "hsm/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/log.h"
#include "base/reader.h"
#include "json/json.h"

enum { HASH_TEXT = 2 * SHA256_LEN };

static struct sha256
link_of(const struct sha256 *previous, struct span json)
{
	const struct span parts[] = {sha256_span(previous), json};

	return sha256_of_parts(parts, 2);
}

/* One line without its newline, after previous. */
static enum err
line_check(struct span line, const struct sha256 *previous, struct sha256 *out)
{
	struct reader r = reader_over(line);
	struct span text;
	struct sha256 said;
	size_t len;

	TRY(reader_bytes(&r, HASH_TEXT, &text));
	TRY(hex_read(text, said.bytes, sizeof(said.bytes), &len));
	TRY(reader_bytes(&r, 1, &text));
	*out = link_of(previous, r.left);
	REQUIRE(memcmp(out->bytes, said.bytes, SHA256_LEN) == 0, ERR_CORRUPT);
	return ERR_OK;
}

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
	{"sha256", JSON_TEXT, JSON_OPTIONAL, offsetof(struct told, sha256), .max = HASH_TEXT},
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

/* What a walk over the file found. */
struct walk {
	journal_replay *replay; /* NULL: nobody is told */
	void *context;
	struct journal_head head;
	off_t whole;                     /* bytes in complete lines */
	bool torn;                       /* something after them */
	const struct journal_head *look; /* is this head among them? NULL: not asked */
	bool seen;
};

static enum err
walk(FILE *f, const char *path, struct walk *w)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t len;
	enum err e = ERR_OK;

	w->seen = w->look != NULL && w->look->count == 0;
	while (e == ERR_OK && (len = getline(&line, &room, f)) > 0) {
		struct sha256 hash;

		if (line[len - 1] != '\n') {
			w->torn = true;
			break;
		}
		if (line_check(span_at(line, (size_t)len - 1), &w->head.hash, &hash) != ERR_OK) {
			e = err_because(ERR_CORRUPT,
				"journal %s: line %" PRIu64
				" does not follow from those before it: it was changed, or lines were "
				"taken away. Keep the file for the auditor and restore its backup",
				path, w->head.count + 1);
			break;
		}
		w->head = (struct journal_head){w->head.count + 1, hash};
		w->whole += len;
		if (w->replay != NULL)
			e = line_replay(span_at(line + HASH_TEXT + 1, (size_t)len - HASH_TEXT - 2), w->replay,
				w->context);
		if (w->look != NULL && w->look->count == w->head.count)
			w->seen = memcmp(w->look->hash.bytes, hash.bytes, SHA256_LEN) == 0;
	}
	free(line);
	return e;
}

static enum err
walk_path(const char *path, struct walk *w)
{
	FILE *f = fopen(path, "re");
	enum err e;

	REQUIRE_WHY(f != NULL, ERR_IO, "journal %s: %s; set 'journal' to the file that genesis began", path,
		strerror(errno));
	e = walk(f, path, w);
	(void)fclose(f);
	return e;
}

static enum err
journal_start(struct journal *j, journal_replay *replay, void *context)
{
	struct walk w = {.replay = replay, .context = context};

	REQUIRE_WHY(flock(j->fd, LOCK_EX | LOCK_NB) == 0, ERR_EXISTS,
		"journal %s: another mohar-hsmd has it; stop that one first", j->path);
	TRY(walk_path(j->path, &w));
	if (w.torn) {
		log_warn("journal", "%s: the last line was cut short by a crash and is taken away", j->path);
		REQUIRE_WHY(ftruncate(j->fd, w.whole) == 0, ERR_IO, "journal %s: %s", j->path, strerror(errno));
	}
	j->head = w.head;
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
journal_holds(const char *path, const struct journal_head *head)
{
	struct walk w = {.look = head};

	TRY(walk_path(path, &w));
	REQUIRE_WHY(w.seen, ERR_CORRUPT,
		"journal %s: it lacks what the token remembers (line %" PRIu64
		"): lines were taken away, or it is another "
		"token's. Restore its backup",
		path, head->count);
	return ERR_OK;
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

/* Under the lock. A line that did not get onto the disk whole is cut off again, so that the next one finds a clean end. */
static enum err
line_append(struct journal *j, struct span line)
{
	const off_t before = lseek(j->fd, 0, SEEK_END);

	if (write(j->fd, line.ptr, line.len) == (ssize_t)line.len && fdatasync(j->fd) == 0)
		return ERR_OK;
	(void)err_because(ERR_IO, "journal %s: %s", j->path, strerror(errno));
	if (before >= 0 && ftruncate(j->fd, before) != 0)
		log_error("journal", "%s: a broken last line stays: %s", j->path, strerror(errno));
	return ERR_IO;
}

enum err
journal_append(struct journal *j, const struct journal_entry *e, unix_time now)
{
	AUTO(writer) json = writer_new(MAX_JOURNAL_LINE);
	AUTO(writer) line = writer_new(MAX_JOURNAL_LINE + HASH_TEXT + 2);
	struct sha256 hash;
	enum err result;

	(void)pthread_mutex_lock(&j->lock);
	entry_write(&json, e, j->head.count + 1, now);
	hash = link_of(&j->head.hash, writer_span(&json));
	hex_write(&line, sha256_span(&hash));
	writer_u8(&line, ' ');
	writer_bytes(&line, writer_span(&json));
	writer_u8(&line, '\n');
	result = writer_done(&json);
	if (result == ERR_OK)
		result = line_append(j, writer_span(&line));
	if (result == ERR_OK)
		j->head = (struct journal_head){j->head.count + 1, hash};
	(void)pthread_mutex_unlock(&j->lock);
	return result;
}

struct journal_head
journal_head(struct journal *j)
{
	struct journal_head head;

	(void)pthread_mutex_lock(&j->lock);
	head = j->head;
	(void)pthread_mutex_unlock(&j->lock);
	return head;
}
