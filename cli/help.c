#include <string.h>

#include "cli/frame.h"

enum { MAX_TITLE = 512, HELP_GAP = 3 };

void
cli_verb_title(const struct cli_verb *verb, struct writer *w)
{
	writer_text(w, "mohar");
	if (verb->group != NULL)
		writer_format(w, " %s", verb->group);
	if (verb->name != NULL)
		writer_format(w, " %s", verb->name);
}

/* What a person types, without the program's name: "card enrol", "verify FILE...". */
static void
short_title(const struct cli_verb *verb, char out[MAX_TITLE])
{
	(void)snprintf(out, MAX_TITLE, "%s%s%s%s%s", verb->group != NULL ? verb->group : "",
		verb->group != NULL && verb->name != NULL ? " " : "", verb->name != NULL ? verb->name : "",
		verb->files != NULL ? " " : "", verb->files != NULL ? verb->files : "");
}

struct listing {
	FILE *to;
	const char *group; /* NULL: all */
	const char *last;  /* group of the row before */
	size_t width;
};

static bool
listed(const struct listing *l, const struct cli_verb *verb)
{
	return l->group == NULL || (verb->group != NULL && strcmp(verb->group, l->group) == 0);
}

static void
measure(void *context, const struct cli_verb *verb)
{
	struct listing *l = context;
	char title[MAX_TITLE];

	short_title(verb, title);
	if (listed(l, verb) && strlen(title) > l->width)
		l->width = strlen(title);
}

static void
print_row(void *context, const struct cli_verb *verb)
{
	struct listing *l = context;
	const char *group = verb->group != NULL ? verb->group : verb->name;
	char title[MAX_TITLE];

	if (!listed(l, verb))
		return;
	if (l->last != NULL && strcmp(l->last, group) != 0)
		fputc('\n', l->to);
	l->last = group;
	short_title(verb, title);
	fprintf(l->to, "  %s%-*s%s%*s%s\n", cli_paint(l->to, PAINT_BOLD), (int)l->width, title,
		cli_paint(l->to, PAINT_NONE), HELP_GAP, "", verb->help);
}

static void
print_listing(FILE *to, const char *group)
{
	struct listing l = {.to = to, .group = group};

	cli_each(measure, &l);
	cli_each(print_row, &l);
}

void
cli_help_all(FILE *to)
{
	fprintf(to, "%smohar%s, the national seal: one citizen, one identity, every decision checkable.\n\n",
		cli_paint(to, PAINT_BOLD), cli_paint(to, PAINT_NONE));
	fputs("Usage: mohar VERB [OPTION...] [OPERAND...]\n\n", to);
	print_listing(to, NULL);
	fputs("\nEvery verb takes --help and --json. It exits 0 when done (for verify: valid and nothing less), 1 when refused,\n"
	      "invalid or unknown, 2 for wrong usage, 3 when a service cannot be reached.\n",
		to);
}

void
cli_help_group(FILE *to, const char *group)
{
	fprintf(to, "Usage: mohar %s VERB [OPTION...] [OPERAND...]\n\n", group);
	print_listing(to, group);
	fprintf(to, "\n'mohar %s VERB --help' tells more.\n", group);
}

static void
option_title(const struct cli_option *o, char out[MAX_TITLE])
{
	(void)snprintf(out, MAX_TITLE, "%s%s%s", o->name, o->value != NULL ? " " : "",
		o->value != NULL ? o->value : "");
}

static size_t
options_width(const struct cli_option *o)
{
	size_t width = strlen("--json");
	char title[MAX_TITLE];

	for (; o != NULL && o->name != NULL; o++) {
		option_title(o, title);
		if (strlen(title) > width)
			width = strlen(title);
	}
	return width;
}

static void
print_option(FILE *to, const struct cli_option *o, size_t width)
{
	char title[MAX_TITLE];

	option_title(o, title);
	fprintf(to, "  %s%-*s%s%*s%s", cli_paint(to, PAINT_BOLD), (int)width, title, cli_paint(to, PAINT_NONE),
		HELP_GAP, "", o->help);
	if (o->required)
		fputs(" (needed)", to);
	if (o->repeated)
		fputs(" (may be repeated)", to);
	if (o->env != NULL)
		fprintf(to, " %s[%s]%s", cli_paint(to, PAINT_DIM), o->env, cli_paint(to, PAINT_NONE));
	fputc('\n', to);
}

void
cli_help_verb(FILE *to, const struct cli_verb *verb)
{
	static const struct cli_option json = {"--json", NULL, "one JSON document on standard output", NULL, false,
		false};
	AUTO(writer) title = writer_new(MAX_TITLE);
	const size_t width = options_width(verb->options);

	cli_verb_title(verb, &title);
	fprintf(to, "%s%s%s: %s\n\nUsage: %s [OPTION...]%s%s\n\n", cli_paint(to, PAINT_BOLD),
		(const char *)writer_span(&title).ptr, cli_paint(to, PAINT_NONE), verb->help,
		(const char *)writer_span(&title).ptr, verb->files != NULL ? " " : "",
		verb->files != NULL ? verb->files : "");
	for (const struct cli_option *o = verb->options; o != NULL && o->name != NULL; o++)
		print_option(to, o, width);
	print_option(to, &json, width);
}
