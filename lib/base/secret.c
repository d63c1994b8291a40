#include "base/secret.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "base/vault.h"

struct secret {
	uint8_t *ptr; /* in the vault */
	size_t len, room;
};

enum err
secret_new(size_t len, struct secret **out)
{
	struct secret *s = calloc(1, sizeof(*s));

	REQUIRE(s != NULL, ERR_NO_MEMORY);
	s->len = s->room = len;
	s->ptr = vault_take(len);
	if (s->ptr == NULL) {
		free(s);
		return err_because(ERR_NO_MEMORY, "no room for another secret of %zu bytes in the locked memory", len);
	}
	*out = s;
	return ERR_OK;
}

enum err
secret_locked(void)
{
	return vault_locked();
}

enum err
secret_copy(struct span bytes, struct secret **out)
{
	TRY(secret_new(bytes.len, out));
	if (bytes.len > 0)
		memcpy((*out)->ptr, bytes.ptr, bytes.len);
	return ERR_OK;
}

/* Fills s up to its length or the end of fd. */
static enum err
fill(int fd, struct secret *s, size_t *len)
{
	size_t have = 0;

	while (have < s->len) {
		const ssize_t n = read(fd, s->ptr + have, s->len - have);

		if (n < 0 && errno == EINTR)
			continue;
		REQUIRE_WHY(n >= 0, ERR_IO, "reading a secret: %s", strerror(errno));
		if (n == 0)
			break;
		have += (size_t)n;
	}
	*len = have;
	return ERR_OK;
}

enum err
secret_read(int fd, size_t max, struct secret **out)
{
	struct secret *s = NULL;
	size_t len = 0;
	enum err e = max < SIZE_MAX - 2 ? secret_new(max + 2, &s)
					: ERR_TOO_LONG; /* newline, and one to see what is beyond */

	if (e == ERR_OK)
		e = fill(fd, s, &len);
	close(fd);
	if (e == ERR_OK) {
		if (len > 0 && s->ptr[len - 1] == '\n')
			s->ptr[--len] = 0;
		if (len > max)
			e = err_because(ERR_TOO_LONG, "a secret of more than %zu bytes", max);
	}
	if (e != ERR_OK) {
		secret_free(&s);
		return e;
	}
	s->len = len;
	*out = s;
	return ERR_OK;
}

struct span
secret_span(const struct secret *s)
{
	return s == NULL ? (struct span){NULL, 0} : span_at(s->ptr, s->len);
}

uint8_t *
secret_bytes(struct secret *s)
{
	return s->ptr;
}

bool
secret_equal(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || CRYPTO_memcmp(a.ptr, b.ptr, a.len) == 0);
}

void
secret_free(struct secret **s)
{
	if (*s == NULL)
		return;
	vault_give((*s)->ptr, (*s)->room);
	free(*s);
	*s = NULL;
}
