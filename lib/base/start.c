#include "base/start.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"

static int
usage(const char *program, const struct start_mode *modes, FILE *to, int code)
{
	fprintf(to, "usage: %s [MODE] --config FILE [--unprotected]\n", program);
	for (const struct start_mode *m = modes; m->name != NULL; m++)
		fprintf(to, "  %-8s %s%s\n", m->name, m->help, m == modes ? " (the default)" : "");
	return code;
}

/* The row of that name; the last one, {0}, if there is none. */
static const struct start_mode *
mode_named(const struct start_mode *modes, const char *name)
{
	const struct start_mode *m = modes;

	while (m->name != NULL && strcmp(m->name, name) != 0)
		m++;
	return m;
}

static bool unprotected;

bool
start_unprotected(void)
{
	return unprotected;
}

/* Takes the word that is for every mode out of the others. How many are left. */
static int
words_take(int argc, char **argv)
{
	int left = 0;

	for (int i = 0; i < argc; i++)
		if (strcmp(argv[i], "--unprotected") == 0)
			unprotected = true;
		else
			argv[left++] = argv[i];
	return left;
}

int
start(const char *program, const struct start_mode *modes, int argc, char **argv)
{
	const struct start_mode *mode = modes;
	int at = 1;

	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
		return usage(program, modes, stdout, 0);
	if (at < argc && argv[at][0] != '-')
		mode = mode_named(modes, argv[at++]);
	if (mode->name == NULL || at + 1 >= argc || strcmp(argv[at], "--config") != 0)
		return usage(program, modes, stderr, 2);
	log_open(program, LOG_LEVEL_INFO);
	return mode->run(argv[at + 1], words_take(argc - at - 2, argv + at + 2), argv + at + 2);
}

int
start_failed(const char *what, enum err e)
{
	log_refusal(what, e, "- the daemon does not start");
	return err_exit(e);
}
