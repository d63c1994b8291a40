/* file: whole files, read and written safely. Used for configuration, policies, certificates, transcripts. */
#ifndef MOHAR_BASE_FILE_H
#define MOHAR_BASE_FILE_H

#include <sys/types.h>

#include "base/writer.h"

/* The whole file, at most max bytes, NUL-terminated one past the end. ERR_NOT_FOUND, ERR_TOO_LONG, ERR_IO; the reason names the path. */
MUST_USE enum err file_read(const char *path, size_t max, struct writer *out);

/* Writes bytes to path so that a crash leaves the old file or the new one, never half: temporary file beside it, fsync, rename,
 * fsync of the folder. ERR_IO; the reason names the path. */
MUST_USE enum err file_write(const char *path, struct span bytes, mode_t mode);

#endif
