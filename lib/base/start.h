/* start: how a daemon is called. Used by every main.c: `mohar-Xd [MODE] --config FILE [--unprotected]`, where no mode means serve. Wrong usage prints the modes and exits 2. */
#ifndef MOHAR_BASE_START_H
#define MOHAR_BASE_START_H

#include "base/err.h"

#include <stdbool.h>

/* A way to start: its name, one line of help, and what it does with the settings file and the words that follow. Returns an exit code. The first row is the mode meant when none is named. */
struct start_mode {
	const char *name;
	const char *help;
	int (*run)(const char *config, int argc, char **argv);
};

/* Reads the command line, opens the log under program's name, runs the mode. modes ends with {0}. Returns the exit code for main. */
int start(const char *program, const struct start_mode *modes, int argc, char **argv);

/* Did --unprotected stand behind --config FILE? Every mode takes it; it is for the sandbox, and not among the words that the mode sees. */
bool start_unprotected(void);

/* The one line for a start that failed: what, text of e and the remembered reason, on standard error. Returns 1, or 3 if a service was not reachable. */
int start_failed(const char *what, enum err e);

#endif
