/* cbor: a strict reader of CBOR (RFC 8949) in the CTAP2 canonical form, over a reader. Used by everything that reads authenticator
 * bytes, before libcbor sees one: no indefinite lengths, shortest numbers, no tags, sorted unique map keys, a count no larger than the
 * bytes left, depth at most MAX_CBOR_DEPTH. Also writes the little CBOR that COSE keys and QR seals need. */
#ifndef MOHAR_WEBAUTHN_CBOR_H
#define MOHAR_WEBAUTHN_CBOR_H

#include "base/reader.h"
#include "base/writer.h"

enum { MAX_CBOR_DEPTH = 4, MAX_CBOR_ITEMS = 64 };

enum cbor_major {
	CBOR_UINT = 0,
	CBOR_NINT = 1,
	CBOR_BYTES = 2,
	CBOR_TEXT = 3,
	CBOR_ARRAY = 4,
	CBOR_MAP = 5,
	CBOR_SIMPLE = 7
};

/* One well-formed item from r to its end, skipped and checked; *item borrows its bytes. ERR_MALFORMED, ERR_TOO_LONG (depth, items). */
MUST_USE enum err cbor_item(struct reader *r, struct span *item);

/* The next item's head. For CBOR_BYTES and CBOR_TEXT take the bytes with reader_bytes(r, value). */
MUST_USE enum err cbor_head(struct reader *r, enum cbor_major *major, uint64_t *value);

/* The next item must be of that kind. */
MUST_USE enum err cbor_int(struct reader *r, int64_t *out); /* UINT or NINT within int64 */
MUST_USE enum err cbor_bytes(struct reader *r, struct span *out);
MUST_USE enum err cbor_text(struct reader *r, struct span *out); /* checked UTF-8 */
MUST_USE enum err cbor_array(struct reader *r, size_t *count);
MUST_USE enum err cbor_map(struct reader *r, size_t *pairs);

/* Writing, in canonical form; map keys are the caller's to order. */
void cbor_write_int(struct writer *w, int64_t n);
void cbor_write_bytes(struct writer *w, struct span bytes);
void cbor_write_text(struct writer *w, struct span text);
void cbor_write_array(struct writer *w, size_t count);
void cbor_write_map(struct writer *w, size_t pairs);
void cbor_write_tag(struct writer *w, uint64_t tag);

#endif
