/* tell: what a verb said, kept until its end, then printed as one JSON document or as lines and tables for people, so that both always say the
 * same. Used by tell.c (collecting), told_json.c and told_people.c (printing). */
#ifndef MOHAR_CLI_TELL_H
#define MOHAR_CLI_TELL_H

#include "cli/frame.h"

enum told_kind { TOLD_TEXT, TOLD_INT, TOLD_BOOL, TOLD_JSON, TOLD_ITEM, TOLD_END };

struct cli_told {
	enum told_kind kind;
	char *name;     /* owned */
	char *value;    /* owned text; NULL for TOLD_ITEM and TOLD_END */
	int64_t number; /* TOLD_INT, TOLD_BOOL */
	size_t end;     /* TOLD_ITEM: index of its TOLD_END */
	bool printed;   /* TOLD_ITEM: went out with its list already */
};

/* The index of the next item of the same list and parent after the item at i; end if it was the last. */
size_t told_next(const struct cli *c, size_t i, size_t end);

/* One document: the members in the order they were told, items of one list together, then result and why. */
void told_json(struct cli *c, const char *result, const char *why, FILE *to);

/* Lines "name: value"; on a terminal aligned. Lists of equal flat items as tables. A result other than "done" comes last. */
void told_people(struct cli *c, const char *result, FILE *to);

#endif
