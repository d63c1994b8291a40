/* pile: the files of one `mohar verify` call, each known by what it is: what is to be judged, and what helps to judge it. Used by verify.c. */
#ifndef MOHAR_CLI_VERIFY_PILE_H
#define MOHAR_CLI_VERIFY_PILE_H

#include "cli/cli.h"
#include "verify/decision.h"

enum { MAX_PILE = 256, MAX_PILE_FILE = 8 << 20 };

enum paper_kind {
	PAPER_DECISION,
	PAPER_STATUS,
	PAPER_RECEIPT,
	PAPER_CHECKPOINT,
	PAPER_CERTIFICATE,
	PAPER_BUNDLE,
	PAPER_STRANGE
};

struct paper {
	enum paper_kind kind;
	const char *name;    /* the file's path, borrowed */
	struct writer bytes; /* owned */
	bool judged;         /* named by the user, not out of a bundle */
};

struct pile {
	struct paper papers[MAX_PILE];
	size_t count;
	struct trust trust;
	bool trusted;          /* a key set was given */
	struct writer anchors; /* PEM text of --trust files that are certificates */
};

/* What the bytes are, by their form alone. */
enum paper_kind paper_kind_of(struct span bytes);

/* Adds a file the user named, a bundle (--offline), a trust file. ERR_NOT_FOUND, ERR_MALFORMED, ERR_TOO_LONG with a reason that names it. */
MUST_USE enum err pile_add(struct pile *p, const char *path);
MUST_USE enum err pile_bundle(struct pile *p, const char *path);
MUST_USE enum err pile_trust(struct pile *p, const char *path);
void pile_free(struct pile *p);

#endif
