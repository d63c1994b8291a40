/* reader: a cursor over bytes that came from outside. Used by every parser of a binary format.
 * Nothing is copied: what it hands out points into the bytes it was given, and lives as long as they do. */
#ifndef MOHAR_BASE_READER_H
#define MOHAR_BASE_READER_H

#include "base/span.h"

struct reader {
	struct span left; /* not read yet */
};

/* Starts at the first byte of bytes. Cannot fail. */
struct reader reader_over(struct span bytes);

/* The next len bytes, borrowed. ERR_MALFORMED if fewer are left; the cursor then stays where it was. */
MUST_USE enum err reader_bytes(struct reader *r, size_t len, struct span *out);

/* The next big-endian number of 1, 2, 4 or 8 bytes. Errors as reader_bytes. */
MUST_USE enum err reader_u8(struct reader *r, uint8_t *out);
MUST_USE enum err reader_u16(struct reader *r, uint16_t *out);
MUST_USE enum err reader_u32(struct reader *r, uint32_t *out);
MUST_USE enum err reader_u64(struct reader *r, uint64_t *out);

/* A u16 (or u32) length and that many bytes, at most max of them: ERR_TOO_LONG beyond it. */
MUST_USE enum err reader_block16(struct reader *r, size_t max, struct span *out);
MUST_USE enum err reader_block32(struct reader *r, size_t max, struct span *out);

/* The text up to (not including) the next byte end, which is skipped; ERR_MALFORMED if end does not come. */
MUST_USE enum err reader_until(struct reader *r, uint8_t end, struct span *out);

/* Ends a parse: ERR_MALFORMED if anything is left over. */
MUST_USE enum err reader_done(const struct reader *r);

#endif
