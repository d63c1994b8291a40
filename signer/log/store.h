/* store: the log's SQL, one row a statement, and the structs that rows land in. Used inside signer/log only. A schema whose outbox is taken is one row of
 * LOG_SCHEMAS. */
#ifndef MOHAR_SIGNER_LOG_STORE_H
#define MOHAR_SIGNER_LOG_STORE_H

#include "db/db.h"

/*      token   schema */
#define LOG_SCHEMAS(X) \
	X(CA, "ca")    \
	X(IDP, "idp")  \
	X(SIGNER, "signer")

enum log_schema {
#define X(token, name) LOG_SCHEMA_##token,
	LOG_SCHEMAS(X)
#undef X
		LOG_SCHEMA_COUNT
};

enum log_statement {
	LOG_LOCK, /* the one sequencer, until the transaction ends */
	LOG_TREE_SIZE,
	LOG_TREE_GROW,
	LOG_TILE_READ,
	LOG_TILE_WRITE,
	LOG_LEAF_ADD,
	LOG_LEAF_FIND,
	LOG_LEAF_RANGE,
	LOG_CHECKPOINT_ADD,
	LOG_CHECKPOINT_NEWEST,
	LOG_COSIGNATURE_ADD,
	LOG_COSIGNED,    /* the newest checkpoints beyond a size that somebody cosigned, with the lines */
	LOG_OPEN_SIGNER, /* salt and private part of our own events */
	LOG_TAKE,        /* + enum log_schema: the first rows of that outbox */
	LOG_DROP = LOG_TAKE + LOG_SCHEMA_COUNT,    /* + enum log_schema: rows that are logged leave it */
	LOG_WAITING = LOG_DROP + LOG_SCHEMA_COUNT, /* + enum log_schema: is this event in that outbox still? */
	LOG_STATEMENTS = LOG_WAITING + LOG_SCHEMA_COUNT
};
extern const struct db_statement log_statements[LOG_STATEMENTS];

struct log_number {
	int64_t n;
};

struct log_flag {
	bool yes;
};

/* A row of an outbox. */
struct log_taken {
	int64_t seq;
	struct uuid event;
	int64_t tree;
	struct json_bytes leaf, entry;
};

struct log_leaf {
	int64_t tree, index;
	struct json_bytes entry;
};

struct log_hashes {
	struct json_bytes hashes;
};

struct log_note {
	int64_t size;
	char *note;
};

struct log_cosigned {
	int64_t size;
	char *note, *lines;
};

struct log_opened {
	struct json_bytes salt, private_part;
};

/* The number of a schema by its name, LOG_SCHEMA_COUNT if it is not one of ours. */
enum log_schema log_schema_of(const char *name);

#endif
