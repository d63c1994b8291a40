#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/frame.h"

enum { MAX_WHY = 1 << 10 };

const char *
cli_paint(FILE *to, enum cli_paint paint)
{
	static const char *const codes[] = {"\033[0m", "\033[1m", "\033[2m", "\033[1;32m", "\033[1;31m", "\033[1;33m"};
	const char *term = getenv("TERM");
	const bool wanted =
		isatty(fileno(to)) != 0 && getenv("NO_COLOR") == NULL && term != NULL && strcmp(term, "dumb") != 0;

	return wanted ? codes[paint] : "";
}

/* ---- which verb is meant ---- */

struct lookup {
	const char *group, *name;                 /* as typed; name may be NULL */
	const struct cli_verb *exact, *otherwise; /* otherwise: the group's verb without a name */
	bool group_known;
	struct cli_nearest nearest;
};

static bool
same(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static void
look(void *context, const struct cli_verb *verb)
{
	struct lookup *l = context;

	if (verb->group == NULL) {
		if (same(verb->name, l->group))
			l->exact = verb;
		return;
	}
	if (!same(verb->group, l->group))
		return;
	l->group_known = true;
	if (verb->name == NULL)
		l->otherwise = verb;
	else if (same(verb->name, l->name))
		l->exact = verb;
}

static void
offer_group(void *context, const struct cli_verb *verb)
{
	cli_nearest_offer(context, verb->group != NULL ? verb->group : verb->name);
}

static void
offer_name(void *context, const struct cli_verb *verb)
{
	struct lookup *l = context;

	if (same(verb->group, l->group) && verb->name != NULL)
		cli_nearest_offer(&l->nearest, verb->name);
}

/* Wrong usage in both forms: one line for people, one document for programs. */
static int
wrong(bool json, const char *title, const char *why)
{
	if (json) {
		AUTO(writer) w = writer_new(4 * MAX_WHY);
		struct json_writer j = json_to(&w);

		json_object(&j, NULL);
		json_text(&j, "result", "usage");
		json_text(&j, "why", why);
		json_object_end(&j);
		puts((const char *)writer_span(&w).ptr);
	}
	/* A suggestion ends as a question. */
	fprintf(stderr, "%s: %s%s '%s --help' tells more.\n", title, why, why[strlen(why) - 1] == '?' ? "" : ".",
		title);
	return EXIT_USAGE;
}

static bool
wants_json(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--json") == 0)
			return true;
	return false;
}

static int
unknown_verb(struct lookup *l, bool json)
{
	AUTO(writer) why = writer_new(MAX_WHY);
	AUTO(writer) title = writer_new(MAX_WHY);

	writer_text(&title, "mohar");
	if (l->group_known) {
		l->nearest = (struct cli_nearest){.text = l->name};
		cli_each(offer_name, l);
		writer_format(&title, " %s", l->group);
		writer_format(&why, "there is no verb '%s %s'", l->group, l->name);
		if (l->nearest.name != NULL)
			writer_format(&why, "; did you mean '%s %s'?", l->group, l->nearest.name);
	} else {
		l->nearest = (struct cli_nearest){.text = l->group};
		cli_each(offer_group, &l->nearest);
		writer_format(&why, "there is no verb '%s'", l->group);
		if (l->nearest.name != NULL)
			writer_format(&why, "; did you mean '%s'?", l->nearest.name);
	}
	return wrong(json, (const char *)writer_span(&title).ptr, (const char *)writer_span(&why).ptr);
}

static int
run(const struct cli_verb *verb, int argc, char **argv, bool json)
{
	AUTO(writer) why = writer_new(MAX_WHY);
	AUTO(writer) title = writer_new(MAX_WHY);
	struct cli c = {.verb = verb};

	cli_verb_title(verb, &title);
	if (!cli_options_read(&c, argc, argv, &why))
		return wrong(json, (const char *)writer_span(&title).ptr, (const char *)writer_span(&why).ptr);
	if (c.help) {
		cli_help_verb(stdout, verb);
		return EXIT_DONE;
	}
	err_forget();
	const int code = verb->run(&c);

	cli_told_free(&c);
	return code;
}

static bool
is_help(const char *argument)
{
	return same(argument, "--help") || same(argument, "-h") || same(argument, "help");
}

/* A group that is a verb by itself too (`mohar verify FILE...`) tells that verb's options first. */
static void
help_group(const struct lookup *l)
{
	if (l->otherwise != NULL) {
		cli_help_verb(stdout, l->otherwise);
		putchar('\n');
	}
	cli_help_group(stdout, l->group);
}

/* `mohar help card enrol` says what `mohar card enrol --help` says. */
static int
help_about(int argc, char **argv)
{
	char *words[] = {argv[0], argv[2], argc > 3 ? argv[3] : (char[]){"--help"},
		argc > 3 ? (char[]){"--help"} : NULL, NULL};

	return cli_main(argc > 3 ? 4 : 3, words);
}

int
cli_main(int argc, char **argv)
{
	const char *second = argc > 2 ? argv[2] : NULL;
	const bool json = wants_json(argc, argv);

	if (argc < 2) {
		cli_help_all(stderr);
		return EXIT_USAGE;
	}
	if (is_help(argv[1]) && second != NULL && second[0] != '-' && !is_help(second))
		return help_about(argc, argv);
	if (is_help(argv[1])) {
		cli_help_all(stdout);
		return EXIT_DONE;
	}
	struct lookup l = {.group = argv[1], .name = second};

	cli_each(look, &l);
	if (l.exact != NULL)
		return run(l.exact, argc - (l.exact->group != NULL ? 3 : 2), argv + (l.exact->group != NULL ? 3 : 2),
			json);
	if (l.group_known && is_help(second)) {
		help_group(&l);
		return EXIT_DONE;
	}
	if (l.group_known && second == NULL && l.otherwise == NULL) {
		cli_help_group(stderr, l.group);
		return EXIT_USAGE;
	}
	if (l.otherwise != NULL)
		return run(l.otherwise, argc - 2, argv + 2, json);
	if (l.group_known && second[0] == '-')
		return wrong(json, "mohar", "a verb is needed before the options");
	return unknown_verb(&l, json);
}
