/* chain: lines of which each holds the hash of all before it: `HASH JSON`, HASH = hex SHA-256 over the previous line's 32 hash bytes (zeros before the
 * first) and the JSON text. Whoever changes, drops or exchanges a line breaks every later one. Used by mohar-hsmd's journal and record of operations, and by
 * `mohar log verify --journal`. */
#ifndef MOHAR_AUDIT_CHAIN_H
#define MOHAR_AUDIT_CHAIN_H

#include <sys/types.h>

#include "base/digest.h"
#include "base/writer.h"

enum { CHAIN_HASH_TEXT = 2 * SHA256_LEN, MAX_CHAIN_LINE = 16 << 10 };

/* Where a chain stands: after so many lines, its hash. All zeros: before the first. */
struct chain_head {
	uint64_t count;
	struct sha256 hash;
};

bool chain_head_equal(const struct chain_head *a, const struct chain_head *b);

/* The hash of the line that says json, after previous. */
struct sha256 chain_next(const struct sha256 *previous, struct span json);

/* Told of each line in order, after its hash was found right: head stands after it. An error ends the walk. */
typedef enum err chain_visit(void *context, const struct chain_head *head, struct span json);

struct chain_walk {
	const char *what;       /* names the file in errors: "journal" */
	struct chain_head from; /* where the first line read follows on */
	off_t at;               /* and where that line begins: bytes */
	chain_visit *visit;     /* NULL: nobody is told */
	void *context;
	/* found: */
	struct chain_head head;
	off_t whole;    /* end of the last complete line */
	uint64_t lines; /* read */
	bool torn;      /* bytes without a newline after it: a crash cut the last line */
};

/* Reads the file to its end. ERR_CORRUPT names file and line; ERR_IO; what visit returned. */
MUST_USE enum err chain_walk(const char *path, struct chain_walk *w);

#endif
