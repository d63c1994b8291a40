#include "base/reader.h"

#include <string.h>

struct reader
reader_over(struct span bytes)
{
	return (struct reader){.left = bytes};
}

/* ptr + 0 on NULL is undefined, so an empty reader never moves. */
static void
skip(struct reader *r, size_t len)
{
	if (len > 0)
		r->left.ptr += len;
	r->left.len -= len;
}

enum err
reader_bytes(struct reader *r, size_t len, struct span *out)
{
	REQUIRE(len <= r->left.len, ERR_MALFORMED);
	*out = span_at(r->left.ptr, len);
	skip(r, len);
	return ERR_OK;
}

/* Network order, 1 to 8 bytes. */
static enum err
read_number(struct reader *r, size_t width, uint64_t *out)
{
	struct span bytes;
	uint64_t n = 0;

	TRY(reader_bytes(r, width, &bytes));
	for (size_t i = 0; i < width; i++)
		n = n << 8 | bytes.ptr[i];
	*out = n;
	return ERR_OK;
}

enum err
reader_u8(struct reader *r, uint8_t *out)
{
	uint64_t n;

	TRY(read_number(r, 1, &n));
	*out = (uint8_t)n;
	return ERR_OK;
}

enum err
reader_u16(struct reader *r, uint16_t *out)
{
	uint64_t n;

	TRY(read_number(r, 2, &n));
	*out = (uint16_t)n;
	return ERR_OK;
}

enum err
reader_u32(struct reader *r, uint32_t *out)
{
	uint64_t n;

	TRY(read_number(r, 4, &n));
	*out = (uint32_t)n;
	return ERR_OK;
}

enum err
reader_u64(struct reader *r, uint64_t *out)
{
	return read_number(r, 8, out);
}

/* A length of width bytes and what it announces. */
static enum err
read_block(struct reader *r, size_t width, size_t max, struct span *out)
{
	struct reader ahead = *r; /* so that a refusal leaves the caller's cursor alone */
	uint64_t len;

	TRY(read_number(&ahead, width, &len));
	REQUIRE(len <= max, ERR_TOO_LONG);
	TRY(reader_bytes(&ahead, (size_t)len, out));
	*r = ahead;
	return ERR_OK;
}

enum err
reader_block16(struct reader *r, size_t max, struct span *out)
{
	return read_block(r, 2, max, out);
}

enum err
reader_block32(struct reader *r, size_t max, struct span *out)
{
	return read_block(r, 4, max, out);
}

enum err
reader_until(struct reader *r, uint8_t end, struct span *out)
{
	const uint8_t *at = r->left.len == 0 ? NULL : memchr(r->left.ptr, end, r->left.len);

	REQUIRE(at != NULL, ERR_MALFORMED);
	*out = span_at(r->left.ptr, (size_t)(at - r->left.ptr));
	skip(r, out->len + 1);
	return ERR_OK;
}

enum err
reader_done(const struct reader *r)
{
	REQUIRE(r->left.len == 0, ERR_MALFORMED);
	return ERR_OK;
}
