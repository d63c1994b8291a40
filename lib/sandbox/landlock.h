/* landlock: the file system's side of the sandbox (Linux Landlock, landlock(7)). Used by sandbox only. */
#ifndef MOHAR_SANDBOX_LANDLOCK_H
#define MOHAR_SANDBOX_LANDLOCK_H

#include "sandbox/sandbox.h"

/* Leaves the whole process only s->read, s->write, and what libraries read for themselves. Paths that are not there are passed over.
 * ERR_UNSUPPORTED: the kernel has none; ERR_UNAVAILABLE otherwise. */
MUST_USE enum err landlock_enter(const struct sandbox *s);

#endif
