/* syscalls: the kernel's side of the sandbox (seccomp, by libseccomp). Used by sandbox only. */
#ifndef MOHAR_SANDBOX_SYSCALLS_H
#define MOHAR_SANDBOX_SYSCALLS_H

#include "sandbox/sandbox.h"

/* Leaves every thread of the process (TSYNC) what a server needs. The rest answers ENOSYS, so that the C library takes its older way; what only an attacker
 * wants (another program, another process's memory, modules, mounts, keys) kills. ERR_UNAVAILABLE. */
MUST_USE enum err syscalls_enter(const struct sandbox *s);

/* Is this name one of those that kill? No extra file may allow it. */
bool syscall_is_deadly(const char *name);

#endif
