/* frame: what the files of the command's frame share: a parsed command line, the table of tables, help and suggestions.
 * Used by cli.c, options.c, help.c and tell.c; verbs see cli.h only. */
#ifndef MOHAR_CLI_FRAME_H
#define MOHAR_CLI_FRAME_H

#include <stdio.h>

#include "cli/cli.h"

enum { MAX_CLI_VALUES = 128, MAX_CLI_TOLD = 1 << 20 };

struct cli_given {
	const struct cli_option *option;
	const char *value;
};

struct cli_told;

struct cli {
	const struct cli_verb *verb;
	struct cli_given given[MAX_CLI_VALUES];
	size_t given_count;
	const char *files[MAX_CLI_FILES];
	size_t file_count;
	bool json, help;
	bool has_at;
	unix_time at;
	struct cli_told *told; /* owned; what the verb said so far */
	size_t told_count, told_room;
};

/* The tables that are linked in, NULL-terminated (verbs.c). cli_tables_use() puts others in their place, for tests; NULL: the real ones again. */
const struct cli_verb *const *cli_tables(void);
void cli_tables_use(const struct cli_verb *const *tables);

/* Calls visit for every verb of every table, in the order of the tables. */
void cli_each(void (*visit)(void *context, const struct cli_verb *verb), void *context);

/* Reads what stands after the verb. False: wrong usage, and why holds one line. */
bool cli_options_read(struct cli *c, int argc, char **argv, struct writer *why);

/* The name among those offered that text was probably meant to be; forget it by starting with {0}. */
struct cli_nearest {
	const char *text;
	const char *name; /* the best so far, borrowed; NULL: none is near */
	size_t distance;
};
void cli_nearest_offer(struct cli_nearest *n, const char *name);

/* Help texts, generated from the tables. */
void cli_help_all(FILE *to);
void cli_help_group(FILE *to, const char *group);
void cli_help_verb(FILE *to, const struct cli_verb *verb);

/* "mohar verify webauthn" */
void cli_verb_title(const struct cli_verb *verb, struct writer *w);

/* Escape sequences if to is a terminal that wants colour, else "". */
enum cli_paint { PAINT_NONE, PAINT_BOLD, PAINT_DIM, PAINT_GOOD, PAINT_BAD, PAINT_DOUBT };
const char *cli_paint(FILE *to, enum cli_paint paint);

void cli_told_free(struct cli *c);

#endif
