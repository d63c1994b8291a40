/* secret: bytes that must not be printed, dumped, swapped or left behind. Used for PINs, codes, keys, cookies.
 * Opaque on purpose: the only ways out are secret_span() (visible where it is used) and secret_equal(). */
#ifndef MOHAR_BASE_SECRET_H
#define MOHAR_BASE_SECRET_H

#include "base/span.h"

struct secret;

/* len zero bytes in the vault (base/vault.h): locked, not dumped, zero in a forked child, and wiped when freed. All secrets of a process together are at most
 * 48 KiB. The caller owns *out. ERR_NO_MEMORY. */
MUST_USE enum err secret_new(size_t len, struct secret **out);

/* A copy of bytes. The caller owns *out and should wipe its own copy. ERR_NO_MEMORY. */
MUST_USE enum err secret_copy(struct span bytes, struct secret **out);

/* Reads fd to its end (at most max bytes), drops one trailing newline, closes fd. For PINs by pipe. ERR_IO, ERR_TOO_LONG. */
MUST_USE enum err secret_read(int fd, size_t max, struct secret **out);

/* Is the memory that secrets live in locked? It is used all the same; whether to go on is for the sandbox to say. ERR_UNAVAILABLE with the reason. */
MUST_USE enum err secret_locked(void);

/* The bytes, borrowed; writable through secret_bytes(). */
struct span secret_span(const struct secret *s);
uint8_t *secret_bytes(struct secret *s);

/* Constant in time for equal lengths. */
bool secret_equal(struct span a, struct span b);

/* Wipes, unlocks, frees, nulls. NULL inside is fine. */
void secret_free(struct secret **s);

#endif
