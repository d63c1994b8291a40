/* writer: bytes being made. Used by everything that builds a message. It grows up to the limit given at the start and
 * remembers its first failure, so that a message is written straight down and asked once, by writer_done(), whether it worked. */
#ifndef MOHAR_BASE_WRITER_H
#define MOHAR_BASE_WRITER_H

#include "base/span.h"

struct writer {
	uint8_t *ptr; /* owned */
	size_t len, room, max;
	enum err failed;
};

/* An empty writer of at most max bytes. Allocates nothing yet. */
struct writer writer_new(size_t max);

void writer_bytes(struct writer *w, struct span bytes);
void writer_text(struct writer *w, const char *text);
void writer_format(struct writer *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
void writer_u8(struct writer *w, uint8_t n);
void writer_u16(struct writer *w, uint16_t n);
void writer_u32(struct writer *w, uint32_t n);
void writer_u64(struct writer *w, uint64_t n);

/* A u16 (u32) length and the bytes; a length that does not fit fails the writer with ERR_TOO_LONG. */
void writer_block16(struct writer *w, struct span bytes);
void writer_block32(struct writer *w, struct span bytes);

/* What is written so far, borrowed until the next write. Always NUL-terminated one past the end (the NUL is not counted). */
struct span writer_span(const struct writer *w);

/* ERR_OK, or the first failure: ERR_TOO_LONG (past max), ERR_NO_MEMORY. */
MUST_USE enum err writer_done(const struct writer *w);

/* Forgets the content, keeps the memory. */
void writer_reset(struct writer *w);

/* Hands the bytes (NUL-terminated) to the caller, who frees them with free(); the writer is empty afterwards. Errors as writer_done. */
MUST_USE enum err writer_take(struct writer *w, uint8_t **ptr, size_t *len);

/* Wipes and frees; usable as AUTO(writer). */
void writer_free(struct writer *w);

#endif
