/* record: every operation that used a key, done or refused: one line each in files PATH.000001, PATH.000002 ..., one chain (audit/chain.h) from the first to the
 * last. A line is written before the answer leaves, so that a worker that is killed loses none, and is on the disk a second later at the most. A full segment
 * is closed by a line of the journal (act "segment"). Used by operation.c. Thread-safe.
 *
 * The sandbox lets a worker make no files, so the next few segments are opened, empty, at its start; when they are used up the worker asks to be replaced. */
#ifndef MOHAR_HSM_EVIDENCE_RECORD_H
#define MOHAR_HSM_EVIDENCE_RECORD_H

#include "base/err.h"
#include "hsm/evidence/journal.h"

enum { RECORD_SPARES = 4, MAX_REPEATED = 128 };

/* One operation. Texts borrowed. */
struct record {
	const char *op;
	const char *key; /* NULL: none was found */
	uid_t uid;
	const struct sha256
		*object;    /* SHA-256 of what was signed, unwrapped, ...; NULL: none, or it could be guessed */
	const char *detail; /* what it was, or why it was refused; UTF-8 */
	enum err outcome;
	uint64_t count; /* so many of these, all refused alike; 0: one */
};

/* Where the chain was on the disk: in which segment, after which line, at which byte. */
struct record_mark {
	int64_t segment; /* 0: nothing is known */
	struct chain_head head;
	int64_t size;
};

/* The same refusal again and again: counted, and told once a second. */
struct repeated {
	const char *op, *key; /* static, and of keys.json: compared by address; op NULL: free */
	uid_t uid;
	enum err outcome;
	uint64_t count; /* not told yet */
	int64_t second;
};

struct records {
	pthread_mutex_t lock;
	char *path; /* owned */
	struct journal *journal;
	int fds[RECORD_SPARES];
	size_t at;             /* of them */
	int64_t segment, full; /* the one at hand; bytes after which it is closed */
	struct chain_head head;
	int64_t size;
	struct record_mark kept; /* on the disk */
	bool broken;             /* the last flush failed: nothing is released until one works */
	bool torn;               /* a line that was written in part could not be cut off again */
	bool used_up;            /* no spare is left */
	struct repeated repeated[MAX_REPEATED];
};

/* What the journal says of closed segments: to be told of each of its lines. */
MUST_USE enum err record_replay(struct record_mark *closed, const struct journal_line *line);

/* Opens the segment after closed and some more, and checks it: from kept, where that is in it, else from its beginning. A last line without its newline was cut by a
 * crash and is taken away, with a warning. ERR_CORRUPT names file and line; ERR_IO. full: bytes of a segment. */
MUST_USE enum err record_open(const char *path, int64_t full, const struct record_mark *closed,
	const struct record_mark *kept, struct journal *journal, struct records *out);
void record_close(struct records *r);

/* Starts the thread that flushes once a second. */
MUST_USE enum err record_keep(struct records *r);

/* Writes a line. A refusal like one of the same second is only counted, and told by the next flush. ERR_IO: then nothing that should have been recorded may be released. */
MUST_USE enum err record_write(struct records *r, const struct record *record);

/* Tells what was only counted, and flushes to the disk. */
void record_flush(struct records *r);

struct record_mark record_kept(struct records *r);
struct chain_head record_head(struct records *r);

/* Must the worker be replaced, because it has no file left to go on in? */
bool record_is_used_up(struct records *r);

#endif
