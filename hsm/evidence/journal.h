/* journal: what mohar-hsmd did that matters, in a file of its own that only grows: a chain (audit/chain.h) whose head the token keeps, which tells of a cut
 * tail. What routine work is done with keys is in the record of operations (record.h). Used by the worker. Thread-safe: those who append at the same time
 * share one flush to the disk. */
#ifndef MOHAR_HSM_EVIDENCE_JOURNAL_H
#define MOHAR_HSM_EVIDENCE_JOURNAL_H

#include <pthread.h>
#include <sys/types.h>

#include "audit/chain.h"
#include "base/clock.h"

enum { MAX_JOURNAL_LINE = 4096, JOURNAL_ID_LEN = 16 };

struct journal {
	pthread_mutex_t lock;
	pthread_cond_t flushed;
	int fd;
	struct chain_head head, kept; /* written; and of that, on the disk */
	off_t size, kept_size;
	bool flushing;     /* one of those who wait is at it */
	uint64_t failures; /* flushes that failed: what they were for was cut off again */
	bool torn;         /* something could not be cut off yet */
	char *path;        /* owned */
};

/* One entry. Texts borrowed; NULL or 0 is left out. */
struct journal_entry {
	const char *act; /* "start", "genesis", "generate", "sign", "segment" */
	const char *key;
	const char *type; /* of the object */
	const char *detail;
	const struct sha256 *object; /* SHA-256 of what was signed */
	struct span id;              /* of a citizen's key, of a proposal: written as hex; empty: none */
	int64_t number;              /* a generation, a time: what the act says; 0: none */
	bool has_uid;
	uid_t uid;
};

/* One line as it is read again at the start. Texts borrowed for the call; NULL where the line has none. */
struct journal_line {
	const char *act, *key, *type, *detail;
	struct sha256 object;
	bool has_object;
	uint8_t id[JOURNAL_ID_LEN];
	bool has_id;
	int64_t number;
	unix_time at;
};

/* Told of each line, in order, so that what must be remembered across starts is: retired keys, open proposals. An error ends the start. */
typedef enum err journal_replay(void *context, const struct journal_line *line);

/* Opens (makes) the file, locks it against a second mohar-hsmd, checks every line, and tells replay (NULL: nobody) of each. A last line without its newline was cut by a crash and is taken away, with a
 * warning. ERR_CORRUPT names the line; ERR_IO; ERR_EXISTS if another process has it. */
MUST_USE enum err journal_open(const char *path, journal_replay *replay, void *context, struct journal *out);
void journal_close(struct journal *j);

/* Does the file hold head: its hash after its count of lines? ERR_CORRUPT if not: lines are missing or the file is another's. */
MUST_USE enum err journal_holds(const char *path, const struct chain_head *head);

/* Tells replay of each line, and changes nothing: also while a mohar-hsmd writes. ERR_CORRUPT, ERR_IO, and what replay returns. */
MUST_USE enum err journal_read(const char *path, journal_replay *replay, void *context);

/* Appends and flushes to the disk. ERR_IO: then nothing that should have been recorded may happen; so too if the file is not as long as it was left. */
MUST_USE enum err journal_append(struct journal *j, const struct journal_entry *e, unix_time now);

/* As far as it is on the disk. */
struct chain_head journal_head(struct journal *j);

#endif
