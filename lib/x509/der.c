#include "x509/der.h"

/* X.690 10.1: the shortest form; four bytes of length are more than anything here has. */
static enum err
read_length(struct reader *r, size_t *out)
{
	uint8_t first, byte;
	size_t len = 0;

	TRY(reader_u8(r, &first));
	if (first < 0x80) {
		*out = first;
		return ERR_OK;
	}
	REQUIRE(first >= 0x81 && first <= 0x84, ERR_MALFORMED);
	for (unsigned i = first & 0x7f; i > 0; i--) {
		TRY(reader_u8(r, &byte));
		REQUIRE(len > 0 || byte > 0, ERR_MALFORMED);
		len = len << 8 | byte;
	}
	REQUIRE(len >= 0x80, ERR_MALFORMED);
	*out = len;
	return ERR_OK;
}

enum err
der_read(struct reader *r, uint8_t tag, struct span *contents)
{
	struct reader ahead = *r; /* so that a refusal leaves the caller's cursor alone */
	uint8_t found;
	size_t len;

	TRY(reader_u8(&ahead, &found));
	REQUIRE(found == tag, ERR_MALFORMED);
	TRY(read_length(&ahead, &len));
	TRY(reader_bytes(&ahead, len, contents));
	*r = ahead;
	return ERR_OK;
}

enum err
der_read_optional(struct reader *r, uint8_t tag, struct span *contents)
{
	*contents = (struct span){NULL, 0};
	if (r->left.len == 0 || r->left.ptr[0] != tag)
		return ERR_OK;
	return der_read(r, tag, contents);
}

enum err
der_read_any(struct reader *r, struct span *element)
{
	const uint8_t *const start = r->left.ptr;
	struct span contents;

	REQUIRE(r->left.len > 0, ERR_MALFORMED);
	REQUIRE((start[0] & 0x1f) != 0x1f, ERR_MALFORMED); /* no tag here is above 30 */
	TRY(der_read(r, start[0], &contents));
	*element = span_at(start, (size_t)(r->left.ptr - start));
	return ERR_OK;
}
