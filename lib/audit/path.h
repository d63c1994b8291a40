/* path: the addresses of C2SP tlog-tiles below the log's prefix. Used by signerd to serve and by `mohar log` to ask. Pure. */
#ifndef MOHAR_AUDIT_PATH_H
#define MOHAR_AUDIT_PATH_H

#include "base/random.h"
#include "base/writer.h"

enum log_resource {
	LOG_CHECKPOINT,
	LOG_PRIVATE_CHECKPOINT,
	LOG_WITNESSED_CHECKPOINT,
	LOG_TILE,
	LOG_ENTRIES,
	LOG_RECEIPT
};

struct log_path {
	enum log_resource resource;
	unsigned level; /* LOG_TILE: 0 to 63 */
	uint64_t index;
	unsigned width;  /* 1 to 256; 256: the full one */
	char schema[16]; /* LOG_RECEIPT: whose event, "ca" */
	struct uuid event;
};

/* Reads "checkpoint", "private/checkpoint", "witnessed/checkpoint", "tile/L/N[.p/W]", "tile/entries/N[.p/W]"; beside the specification "receipt/SCHEMA/EVENT". One spelling for one thing: anything else is ERR_NOT_FOUND. */
MUST_USE enum err log_path_read(struct span rest, struct log_path *out);

void log_path_write(const struct log_path *p, struct writer *w);

#endif
