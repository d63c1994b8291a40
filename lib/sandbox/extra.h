/* extra: the system calls that a vendor's PKCS#11 library needs beside mohar's own list, from a named file. Used by mohar-hsmd's worker, and by syscalls. */
#ifndef MOHAR_SANDBOX_EXTRA_H
#define MOHAR_SANDBOX_EXTRA_H

#include "base/span.h"

enum { MAX_EXTRA_SYSCALLS = 64, MAX_EXTRA_FILE = 64 << 10 };

struct extra_syscalls {
	int numbers[MAX_EXTRA_SYSCALLS]; /* this architecture's */
	size_t count;
};

/* Lines `name # why it is needed`; a line may be empty or a comment. path is for the reasons only. ERR_CONFIG with file and line: an unknown name, one without a reason,
 * one that no extra file may allow (it would end the sandbox), too many. */
MUST_USE enum err extra_syscalls_parse(const char *path, struct span text, struct extra_syscalls *out);

/* The same from the file, which nobody but its owner may write, and which belongs to root or to us. ERR_CONFIG, ERR_NOT_FOUND. */
MUST_USE enum err extra_syscalls_read(const char *path, struct extra_syscalls *out);

#endif
