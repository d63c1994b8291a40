/* ceremony_account: a script that will be held, or the transcript of one that was, told on paper: who takes part, what is brought along, the tree of keys and certificates,
 * every step, where people sign. Used by `mohar ceremony show`. */
#ifndef MOHAR_CLI_CEREMONY_ACCOUNT_H
#define MOHAR_CLI_CEREMONY_ACCOUNT_H

#include "cli/ceremony/paper.h"
#include "cli/ceremony/script.h"
#include "policy/keys_file.h"
#include "verify/transcript.h"

struct account {
	const struct script *script;         /* NULL: of a transcript */
	const struct transcript *transcript; /* NULL: of a script */
	const struct keys_file *keys;        /* NULL: not at hand; of a transcript they are */
	const char *log;                     /* what is known of the transparency log, in words; NULL: nothing */
};

/* All of it. */
void account_write(const struct account *a, struct paper *p);

/* One step of either, as far as both have it. Borrowed. */
struct account_step {
	const char *what, *say, *token, *key, *issuer, *profile, *input;
	const struct script_step *planned;  /* NULL: of a transcript */
	const struct transcript_step *done; /* NULL: of a script */
};
size_t account_steps(const struct account *a);
struct account_step account_step_at(const struct account *a, size_t i);

/* The drawn tree of keys and certificates (tree.c). */
void account_tree(const struct account *a, struct paper *p);

/* Who takes part, each person once with all their roles; and where they sign (people.c). */
void account_people(const struct account *a, struct paper *p);
void account_boxes(const struct account *a, struct paper *p);

#endif
