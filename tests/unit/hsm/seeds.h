/* seeds: a good request of every operation, to be changed, cut and spliced. Used by test_enemy_frames.c. */
#ifndef MOHAR_TEST_SEEDS_H
#define MOHAR_TEST_SEEDS_H

#include "asked.h"
#include "person.h"

enum { MAX_SEEDS = 24, MAX_SEED = 1 << 17 };

struct seed {
	uint8_t op;
	struct writer body; /* its fields */
};

struct seeds {
	struct seed all[MAX_SEEDS];
	size_t count;
	struct asked asked;
};

/* What can be used up is: the activation was good once, the birth is of a key that is born, the approval is one of two. Every key of the rig must be there; signer and idp: those users'
 * keyrings; one signs, two may be retired. The caller frees with seeds_free. */
void seeds_make(struct seeds *s, struct rig *r, struct keyring *signer, struct keyring *idp, const struct person *one,
	const struct person *two);
void seeds_free(struct seeds *s);

#endif
