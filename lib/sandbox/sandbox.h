/* sandbox: what a daemon gives up before it serves: new privileges, core dumps and ptrace, most of the file system (Landlock), most system calls (seccomp).
 * Used by every main.c once, after files are opened and before threads start. Refuses to go on if it cannot be had. */
#ifndef MOHAR_SANDBOX_SANDBOX_H
#define MOHAR_SANDBOX_SANDBOX_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct extra_syscalls; /* sandbox/extra.h */

struct sandbox {
	const char *const *read;  /* NULL-terminated paths (files or folders) that stay readable; may be NULL */
	const char *const *write; /* and writable (sockets to connect to count as write) */
	bool network;             /* sockets of the internet families */
	bool listen;              /* bind and accept new sockets after this */
	bool datagrams_only; /* of new sockets without network only Unix datagrams (syslog): no other daemon, no database */
	bool unprotected; /* --unprotected was said: what cannot be had is told loudly, and done without */
	const struct extra_syscalls *extra; /* what a vendor's module needs beside the list; may be NULL */
};

/* Applies all of it to the whole process. ERR_UNAVAILABLE if the kernel lacks Landlock or refuses the filter, or if the memory for secrets is not locked: main
 * must not serve then. With s->unprotected each of these is one loud line, and the rest is applied all the same. */
MUST_USE enum err sandbox_enter(const struct sandbox *s);

/* What sandbox_enter went on without, "no Landlock, no seccomp filter"; "" if it had everything. For STATUS. */
const char *sandbox_missing(void);

/* No core dumps, not ptraceable, no new privileges: the first lines of every main. */
MUST_USE enum err sandbox_harden(void);

#endif
