#include "webauthn/cbor.h"

#include <string.h>

/* RFC 8949 3: the low five bits of the first byte. */
enum { IN_PLACE = 24, ONE_BYTE = 24, TWO_BYTES = 25, FOUR_BYTES = 26, EIGHT_BYTES = 27 };
enum { SIMPLE_FALSE = 20, SIMPLE_TRUE = 21, SIMPLE_NULL = 22 };

/* The number of a head, in the shortest form only. */
static enum err
head_value(struct reader *r, uint8_t info, uint64_t *value)
{
	uint8_t n8;
	uint16_t n16;
	uint32_t n32;

	switch (info) {
	case ONE_BYTE:
		TRY(reader_u8(r, &n8));
		REQUIRE(n8 >= IN_PLACE, ERR_MALFORMED);
		*value = n8;
		return ERR_OK;
	case TWO_BYTES:
		TRY(reader_u16(r, &n16));
		REQUIRE(n16 > UINT8_MAX, ERR_MALFORMED);
		*value = n16;
		return ERR_OK;
	case FOUR_BYTES:
		TRY(reader_u32(r, &n32));
		REQUIRE(n32 > UINT16_MAX, ERR_MALFORMED);
		*value = n32;
		return ERR_OK;
	case EIGHT_BYTES:
		TRY(reader_u64(r, value));
		REQUIRE(*value > UINT32_MAX, ERR_MALFORMED);
		return ERR_OK;
	default: /* 28 to 30 are reserved, 31 is an indefinite length */
		REQUIRE(info < IN_PLACE, ERR_MALFORMED);
		*value = info;
		return ERR_OK;
	}
}

/* What a head promises cannot exceed what is there: nothing is ever allocated by a number that a peer wrote. */
static bool
head_fits(enum cbor_major major, uint64_t value, size_t left)
{
	switch (major) {
	case CBOR_UINT:
	case CBOR_NINT:
		return true;
	case CBOR_BYTES:
	case CBOR_TEXT:
	case CBOR_ARRAY:
		return value <= left;
	case CBOR_MAP:
		return value <= left / 2;
	case CBOR_SIMPLE:
		return value == SIMPLE_FALSE || value == SIMPLE_TRUE || value == SIMPLE_NULL;
	}
	return false; /* 6, a tag */
}

enum err
cbor_head(struct reader *r, enum cbor_major *major, uint64_t *value)
{
	struct reader ahead = *r; /* so that a refusal leaves the caller's cursor alone */
	uint8_t first;
	uint64_t n;

	TRY(reader_u8(&ahead, &first));
	/* A simple value is never longer than its first byte; 25 to 27 would be floating point, which nothing here uses. */
	REQUIRE(first >> 5 != CBOR_SIMPLE || (first & 0x1f) < IN_PLACE, ERR_MALFORMED);
	TRY(head_value(&ahead, first & 0x1f, &n));
	REQUIRE(head_fits(first >> 5, n, ahead.left.len), ERR_MALFORMED);
	*major = first >> 5;
	*value = n;
	*r = ahead;
	return ERR_OK;
}

static enum err skip(struct reader *r, unsigned depth, unsigned *items);

/* CTAP2 canonical order of two encoded keys: lower major type, then shorter, then bytewise. */
static bool
key_precedes(struct span a, struct span b)
{
	if (a.ptr[0] >> 5 != b.ptr[0] >> 5)
		return a.ptr[0] >> 5 < b.ptr[0] >> 5;
	if (a.len != b.len)
		return a.len < b.len;
	return memcmp(a.ptr, b.ptr, a.len) < 0;
}

static enum err
skip_key(struct reader *r, unsigned depth, unsigned *items, struct span *key)
{
	const uint8_t *start = r->left.ptr;
	uint8_t first;
	struct reader ahead = *r;

	TRY(reader_u8(&ahead, &first));
	REQUIRE(first >> 5 == CBOR_UINT || first >> 5 == CBOR_NINT || first >> 5 == CBOR_TEXT, ERR_MALFORMED);
	TRY(skip(r, depth, items));
	*key = span_at(start, (size_t)(r->left.ptr - start));
	return ERR_OK;
}

static enum err
skip_map(struct reader *r, uint64_t pairs, unsigned depth, unsigned *items)
{
	struct span before = {NULL, 0}, key;

	for (uint64_t i = 0; i < pairs; i++) {
		TRY(skip_key(r, depth, items, &key));
		REQUIRE(i == 0 || key_precedes(before, key), ERR_MALFORMED); /* unsorted, or there twice */
		before = key;
		TRY(skip(r, depth, items));
	}
	return ERR_OK;
}

/* One item. depth: how many arrays and maps it stands in. */
static enum err
skip(struct reader *r, unsigned depth, unsigned *items)
{
	enum cbor_major major;
	uint64_t value;
	struct span bytes;

	REQUIRE(++*items <= MAX_CBOR_ITEMS, ERR_TOO_LONG);
	TRY(cbor_head(r, &major, &value));
	switch (major) {
	case CBOR_BYTES:
		return reader_bytes(r, value, &bytes);
	case CBOR_TEXT:
		TRY(reader_bytes(r, value, &bytes));
		REQUIRE(span_is_text(bytes), ERR_MALFORMED);
		return ERR_OK;
	case CBOR_ARRAY:
		REQUIRE(depth < MAX_CBOR_DEPTH, ERR_TOO_LONG);
		for (uint64_t i = 0; i < value; i++)
			TRY(skip(r, depth + 1, items));
		return ERR_OK;
	case CBOR_MAP:
		REQUIRE(depth < MAX_CBOR_DEPTH, ERR_TOO_LONG);
		return skip_map(r, value, depth + 1, items);
	default:
		return ERR_OK;
	}
}

enum err
cbor_item(struct reader *r, struct span *item)
{
	struct reader ahead = *r;
	unsigned items = 0;

	TRY(skip(&ahead, 0, &items));
	*item = span_at(r->left.ptr, r->left.len - ahead.left.len);
	*r = ahead;
	return ERR_OK;
}

/* A head of that kind; the cursor stays where it was if it is of another. */
static enum err
expect(struct reader *r, enum cbor_major wanted, uint64_t *value)
{
	struct reader ahead = *r;
	enum cbor_major major;

	TRY(cbor_head(&ahead, &major, value));
	REQUIRE(major == wanted, ERR_MALFORMED);
	*r = ahead;
	return ERR_OK;
}

enum err
cbor_int(struct reader *r, int64_t *out)
{
	struct reader ahead = *r;
	enum cbor_major major;
	uint64_t value;

	TRY(cbor_head(&ahead, &major, &value));
	REQUIRE(major == CBOR_UINT || major == CBOR_NINT, ERR_MALFORMED);
	REQUIRE(value <= INT64_MAX, ERR_MALFORMED);
	*out = major == CBOR_UINT ? (int64_t)value : -1 - (int64_t)value;
	*r = ahead;
	return ERR_OK;
}

enum err
cbor_bytes(struct reader *r, struct span *out)
{
	uint64_t len;

	TRY(expect(r, CBOR_BYTES, &len));
	return reader_bytes(r, len, out);
}

enum err
cbor_text(struct reader *r, struct span *out)
{
	struct reader ahead = *r;
	struct span text;
	uint64_t len;

	TRY(expect(&ahead, CBOR_TEXT, &len));
	TRY(reader_bytes(&ahead, len, &text));
	REQUIRE(span_is_text(text), ERR_MALFORMED);
	*out = text;
	*r = ahead;
	return ERR_OK;
}

enum err
cbor_array(struct reader *r, size_t *count)
{
	uint64_t value;

	TRY(expect(r, CBOR_ARRAY, &value));
	*count = value;
	return ERR_OK;
}

enum err
cbor_map(struct reader *r, size_t *pairs)
{
	uint64_t value;

	TRY(expect(r, CBOR_MAP, &value));
	*pairs = value;
	return ERR_OK;
}

/* A head in the shortest form. */
static void
write_head(struct writer *w, unsigned major, uint64_t value)
{
	const uint8_t first = (uint8_t)(major << 5);

	if (value < IN_PLACE) {
		writer_u8(w, first | (uint8_t)value);
	} else if (value <= UINT8_MAX) {
		writer_u8(w, first | ONE_BYTE);
		writer_u8(w, (uint8_t)value);
	} else if (value <= UINT16_MAX) {
		writer_u8(w, first | TWO_BYTES);
		writer_u16(w, (uint16_t)value);
	} else if (value <= UINT32_MAX) {
		writer_u8(w, first | FOUR_BYTES);
		writer_u32(w, (uint32_t)value);
	} else {
		writer_u8(w, first | EIGHT_BYTES);
		writer_u64(w, value);
	}
}

void
cbor_write_int(struct writer *w, int64_t n)
{
	if (n >= 0)
		write_head(w, CBOR_UINT, (uint64_t)n);
	else
		write_head(w, CBOR_NINT, (uint64_t)(-1 - n));
}

void
cbor_write_bytes(struct writer *w, struct span bytes)
{
	write_head(w, CBOR_BYTES, bytes.len);
	writer_bytes(w, bytes);
}

void
cbor_write_text(struct writer *w, struct span text)
{
	write_head(w, CBOR_TEXT, text.len);
	writer_bytes(w, text);
}

void
cbor_write_array(struct writer *w, size_t count)
{
	write_head(w, CBOR_ARRAY, count);
}

void
cbor_write_map(struct writer *w, size_t pairs)
{
	write_head(w, CBOR_MAP, pairs);
}

void
cbor_write_tag(struct writer *w, uint64_t tag)
{
	enum { CBOR_TAG = 6 }; /* written for COSE seals, never accepted by the reader */

	write_head(w, CBOR_TAG, tag);
}
