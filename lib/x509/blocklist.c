#include "x509/blocklist.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"

enum { HEX_LINE = 2 * SHA256_LEN + 1 };

struct blocklist {
	const uint8_t *bytes; /* mapped */
	size_t len, count;
	size_t stride; /* SHA256_LEN or HEX_LINE */
};

static enum err
map(int fd, const char *path, struct blocklist *b)
{
	struct stat st;

	REQUIRE_WHY(fstat(fd, &st) == 0 && S_ISREG(st.st_mode), ERR_CONFIG, "%s: not a file", path);
	REQUIRE_WHY(st.st_size > 0, ERR_CONFIG, "%s: empty; leave the setting out instead", path);
	b->len = (size_t)st.st_size;
	void *at = mmap(NULL, b->len, PROT_READ, MAP_PRIVATE, fd, 0);

	REQUIRE_WHY(at != MAP_FAILED, ERR_IO, "%s: cannot be mapped", path);
	b->bytes = at;
	return ERR_OK;
}

static bool
is_hex_line(const uint8_t *line)
{
	for (size_t i = 0; i < HEX_LINE - 1; i++)
		if (!((line[i] >= '0' && line[i] <= '9') || (line[i] >= 'a' && line[i] <= 'f')))
			return false;
	return line[HEX_LINE - 1] == '\n';
}

static enum err
check(const char *path, struct blocklist *b)
{
	const bool text = b->len >= HEX_LINE && is_hex_line(b->bytes);

	b->stride = text ? HEX_LINE : SHA256_LEN;
	REQUIRE_WHY(b->len % b->stride == 0, ERR_CONFIG,
		"%s: neither lines of 64 lower-case hexadecimal digits nor records of 32 bytes", path);
	b->count = b->len / b->stride;
	for (size_t i = 0; i < b->count; i++) {
		const uint8_t *at = b->bytes + i * b->stride;

		REQUIRE_WHY(!text || is_hex_line(at), ERR_CONFIG,
			"%s:%zu: not a line of 64 lower-case hexadecimal digits", path, i + 1);
		REQUIRE_WHY(i == 0 || memcmp(at - b->stride, at, b->stride) < 0, ERR_CONFIG,
			"%s:%zu: not above the one before it; sort -u the file", path, i + 1);
	}
	return ERR_OK;
}

enum err
blocklist_open(const char *path, struct blocklist **out)
{
	struct blocklist *b;

	*out = NULL;
	if (path[0] == '\0')
		return ERR_OK;
	const int fd = open(path, O_RDONLY | O_CLOEXEC);

	REQUIRE_WHY(fd >= 0, ERR_CONFIG, "%s: the blocklist cannot be opened", path);
	b = calloc(1, sizeof(*b));
	enum err e = b ? map(fd, path, b) : ERR_NO_MEMORY;

	(void)close(fd);
	if (e == ERR_OK)
		e = check(path, b);
	if (e != ERR_OK) {
		blocklist_free(&b);
		return e;
	}
	*out = b;
	return ERR_OK;
}

void
blocklist_free(struct blocklist **b)
{
	if (*b && (*b)->bytes)
		(void)munmap((void *)(uintptr_t)(*b)->bytes, (*b)->len);
	free(*b);
	*b = NULL;
}

bool
blocklist_has(const struct blocklist *b, struct span spki_sha256)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t key[HEX_LINE];
	size_t low = 0, high = b ? b->count : 0;

	if (high == 0 || spki_sha256.len != SHA256_LEN)
		return false;
	for (size_t i = 0; i < SHA256_LEN; i++)
		if (b->stride == SHA256_LEN)
			key[i] = spki_sha256.ptr[i];
		else {
			key[2 * i] = (uint8_t)digits[spki_sha256.ptr[i] >> 4];
			key[2 * i + 1] = (uint8_t)digits[spki_sha256.ptr[i] & 15];
		}
	key[HEX_LINE - 1] = '\n';
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const int order = memcmp(b->bytes + middle * b->stride, key, b->stride);

		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

size_t
blocklist_count(const struct blocklist *b)
{
	return b ? b->count : 0;
}
