/* kept: the newest signed checkpoints beside the database, in files of this daemon's own (setting log_kept). Used by the sequencer, so that a database that was restored to an
 * earlier moment is not signed once more at a size that was signed before: two trees of one size under one name are a fork (C2SP tlog-checkpoint), which nobody can take back. */
#ifndef MOHAR_SIGNER_LOG_KEPT_H
#define MOHAR_SIGNER_LOG_KEPT_H

#include "signer/log/log.h"

/* Reads what was kept; nothing, if there is none yet or log_kept is not set. ERR_MISMATCH, ERR_BAD_SIGNATURE, ERR_MALFORMED if a file is not this log's. */
MUST_USE enum err kept_open(struct tlog *l);

/* Does the database hold at least the trees that were signed? ERR_CORRUPT, and the reason says how much is missing. */
MUST_USE enum err kept_check(struct tlog *l, struct db *db);

/* Keeps a tree's checkpoint, if it is newer, on the disk: before it is shown to anybody. ERR_IO. */
MUST_USE enum err kept_note(struct tlog *l, enum log_tree tree, const struct checkpoint *c, struct span note);

#endif
