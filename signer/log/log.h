/* log: what the files of signer/log share behind struct tlog. */
#ifndef MOHAR_SIGNER_LOG_LOG_H
#define MOHAR_SIGNER_LOG_LOG_H

#include <pthread.h>

#include <openssl/evp.h>

#include "audit/checkpoint.h"
#include "audit/log_policy.h"
#include "db/db.h"
#include "signer/log/tlog.h"

enum { LOG_TREES = 2, LOG_POOL = 4, LOG_BATCH = 1024, MAX_KEPT_PATH = 4096 };

/* A tree's newest checkpoint as it is served. */
struct signed_head {
	uint64_t size;      /* 0: none yet */
	struct writer note; /* owned */
};

/* What was signed, as it is kept beside the database (log/kept.h). The sequencer's thread only. */
struct kept_head {
	uint64_t size; /* 0: nothing kept */
	struct sha256 root;
	bool holds; /* the tree was seen to contain it */
};

/* A witness, as its thread sees it. */
struct watch {
	struct tlog *log;
	const struct policy_actor *witness;
	uint64_t seen;     /* how much of this log it says that it has seen */
	uint64_t cosigned; /* the largest size that it cosigned for us */
	bool failed;
	pthread_t thread;
};

struct tlog {
	struct tlog_options options;
	char origins[LOG_TREES][MAX_ORIGIN + 1];
	struct db_pool *pool;
	struct writer spki;
	EVP_PKEY *key;         /* the public half */
	pthread_mutex_t mutex; /* owns heads and stopping; the rest does not change after tlog_open() */
	pthread_cond_t wake;
	struct signed_head heads[LOG_TREES];
	struct kept_head kept[LOG_TREES];
	struct signed_head witnessed; /* of the public tree: the newest one that the policy's quorum has cosigned */
	struct watch watches[MAX_COSIGNATURES];
	size_t watch_count;
	bool stopping, running;
	pthread_t thread; /* the sequencer */
};

/* A copy of the tree's newest note. ERR_UNAVAILABLE if there is none yet. */
MUST_USE enum err tlog_head(struct tlog *l, enum log_tree tree, uint64_t *size, struct writer *note);

/* The newest public checkpoint that the quorum of witnesses has cosigned, with their lines. ERR_UNAVAILABLE if there is none yet; ERR_NOT_FOUND if this log has no witnesses. */
MUST_USE enum err tlog_witnessed(struct tlog *l, uint64_t *size, struct writer *note);

/* Takes one piece from every outbox into the trees, in one transaction; *count tells how many leaves came. ERR_OK with none if another instance is at it. */
MUST_USE enum err sequencer_batch(struct tlog *l, size_t *count);
/* Signs what has grown since the newest checkpoint, and shows it. */
MUST_USE enum err sequencer_sign(struct tlog *l);
/* Reads the newest checkpoint of both trees into memory: another instance may have signed it. */
MUST_USE enum err sequencer_refresh(struct tlog *l);
/* The thread's body: batches, signs, sleeps, until stopping. */
void *sequencer_run(void *tlog);

#endif
