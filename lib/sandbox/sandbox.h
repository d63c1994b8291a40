/* sandbox: what a daemon gives up before it serves: new privileges, core dumps and ptrace, most of the file system (Landlock), most system calls (seccomp).
 * Used by every main.c once, after files are opened and before threads start. Refuses to go on if it cannot be had. */
#ifndef MOHAR_SANDBOX_SANDBOX_H
#define MOHAR_SANDBOX_SANDBOX_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct sandbox {
	const char *const *read;  /* NULL-terminated paths (files or folders) that stay readable; may be NULL */
	const char *const *write; /* and writable (sockets to connect to count as write) */
	bool network;             /* sockets of the internet families */
	bool listen;              /* bind and accept new sockets after this */
};

/* Applies all of it to the whole process. A kernel without Landlock is told loudly once and tolerated only if MOHAR_SANDBOX=weak is set in the environment;
 * otherwise ERR_UNAVAILABLE, and main must not serve. */
MUST_USE enum err sandbox_enter(const struct sandbox *s);

/* No core dumps, not ptraceable, no new privileges: the first lines of every main. */
MUST_USE enum err sandbox_harden(void);

#endif
