#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err
failed(const char *path, const char *doing)
{
	const int reason = errno;

	return err_because(reason == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s: %s: %s", path, doing, strerror(reason));
}

static enum err
read_all(int fd, const char *path, size_t max, struct writer *out)
{
	uint8_t piece[4096];

	for (;;) {
		const ssize_t n = read(fd, piece, sizeof(piece));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return failed(path, "reading");
		if (n == 0)
			break;
		writer_bytes(out, span_at(piece, (size_t)n));
		REQUIRE_WHY(writer_done(out) != ERR_TOO_LONG, ERR_TOO_LONG, "%s: longer than %zu bytes", path, max);
		TRY(writer_done(out));
	}
	writer_bytes(out, SPAN("")); /* so that an empty file too is terminated */
	return writer_done(out);
}

enum err
file_read(const char *path, size_t max, struct writer *out)
{
	struct writer whole = writer_new(max);
	struct stat about;
	enum err e;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO in a file's place must not hang us */

	if (fd < 0)
		return failed(path, "opening");
	if (fstat(fd, &about) != 0)
		e = failed(path, "looking at");
	else if (!S_ISREG(about.st_mode))
		e = err_because(ERR_IO, "%s: not a regular file", path);
	else
		e = read_all(fd, path, max, &whole);
	close(fd);
	if (e != ERR_OK) {
		writer_free(&whole);
		return e;
	}
	writer_free(out);
	*out = whole;
	return ERR_OK;
}

static enum err
write_all(int fd, const char *path, struct span bytes)
{
	while (bytes.len > 0) {
		const ssize_t n = write(fd, bytes.ptr, bytes.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return failed(path, "writing");
		bytes.ptr += n;
		bytes.len -= (size_t)n;
	}
	return fsync(fd) == 0 ? ERR_OK : failed(path, "syncing");
}

/* Makes the rename itself survive a crash. */
static enum err
sync_folder(const char *path)
{
	char *copy = strdup(path); /* dirname writes into it */
	enum err e = ERR_OK;
	int fd;

	REQUIRE(copy != NULL, ERR_NO_MEMORY);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(copy);
	if (fd < 0)
		return failed(path, "opening the folder of");
	if (fsync(fd) != 0)
		e = failed(path, "syncing the folder of");
	close(fd);
	return e;
}

enum err
file_write(const char *path, struct span bytes, mode_t mode)
{
	char *beside = NULL;
	enum err e;
	int fd;

	REQUIRE(asprintf(&beside, "%s.XXXXXX", path) > 0, ERR_NO_MEMORY);
	fd = mkostemp(beside, O_CLOEXEC);
	if (fd < 0) {
		e = err_because(ERR_IO, "%s: making a file beside it: %s", path, strerror(errno));
		free(beside);
		return e;
	}
	e = write_all(fd, path, bytes);
	if (e == ERR_OK && fchmod(fd, mode) != 0)
		e = failed(path, "setting the mode of");
	if (close(fd) != 0 && e == ERR_OK)
		e = failed(path, "closing");
	if (e == ERR_OK && rename(beside, path) != 0)
		e = failed(path, "renaming to");
	if (e != ERR_OK)
		unlink(beside);
	free(beside);
	return e == ERR_OK ? sync_folder(path) : e;
}
