/* load: clients of mohar-hsmd, each a process with a connection and a task of its own, that ask without pause and look hard at every answer: signing tokens, unwrapping data
 * keys, signing for a citizen. Used by the tests of recovery under load. */
#ifndef MOHAR_TEST_LOAD_H
#define MOHAR_TEST_LOAD_H

#include <stdatomic.h>

#include "person.h"

enum { MAX_CLIENTS = 64, LOAD_TASKS = 3, LOAD_WHY = 160 };

/* What one of them has met; in memory that is shared with it. */
struct client {
	pid_t pid;
	atomic_ulong done;       /* answered, and right */
	atomic_ulong refused;    /* answered UNAVAILABLE, CRYPTO ... */
	atomic_ulong wrong;      /* a signature that does not verify, another data key: must never be */
	_Atomic int64_t longest; /* ticks that an answer took */
	char why[LOAD_WHY];      /* of the last that was refused */
};

struct load {
	struct rig *rig;
	size_t count;
	struct client *clients; /* shared */
	atomic_bool *stop;      /* shared */
	struct person citizen;
	struct writer blob; /* of a data key */
	uint8_t data_key[32];
};

/* Keys must have been made. Starts them. Signatures that are good are noted by the hash of what was signed, 32 bytes each, in the files acks.N of the rig's folder. */
void load_start(struct load *l, struct rig *r, size_t count);
/* Stops and waits for them. */
void load_stop(struct load *l);
void load_free(struct load *l);

struct load_sum {
	unsigned long done, refused, wrong;
	int64_t longest;
};
struct load_sum load_sum(const struct load *l);
/* Prints why, of those who were refused anything. */
void load_tell(const struct load *l);

/* How many good signatures were released that the record of operations does not know. */
size_t load_unrecorded(const struct load *l);

/* The worker that the supervisor has now; 0: none at this moment. And its resident memory in KiB. */
pid_t rig_worker(const struct rig *r);
long rig_resident(const struct rig *r);
/* A number of STATUS. */
unsigned long rig_number(struct rig *r, const char *name);

#endif
