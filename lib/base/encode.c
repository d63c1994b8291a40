#include "base/encode.h"

#include <stdlib.h>

enum { FOREIGN = 0xff };

static const char base64_letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64url_letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char hex_letters[] = "0123456789abcdef";

/* The letters of up to three bytes. Returns how many are meant: 2, 3 or 4. */
static size_t
encode_group(const uint8_t *in, size_t len, const char *letters, char out[4])
{
	const uint32_t bits = (uint32_t)in[0] << 16 | (len > 1 ? (uint32_t)in[1] << 8 : 0) | (len > 2 ? in[2] : 0);

	for (size_t i = 0; i < 4; i++)
		out[i] = letters[bits >> (18 - 6 * i) & 0x3f];
	return len + 1;
}

static void
encode(struct writer *w, struct span bytes, const char *letters, bool padded)
{
	enum { GROUPS = 64 };
	char text[4 * GROUPS]; /* handed on in large pieces: one copy instead of one call a group */
	size_t have = 0;

	for (size_t i = 0; i < bytes.len; i += 3) {
		const size_t len = bytes.len - i < 3 ? bytes.len - i : 3;
		const size_t made = encode_group(bytes.ptr + i, len, letters, text + have);

		for (size_t k = made; k < 4; k++)
			text[have + k] = '=';
		have += padded ? 4 : made;
		if (have > sizeof(text) - 4) {
			writer_bytes(w, span_at(text, have));
			have = 0;
		}
	}
	writer_bytes(w, span_at(text, have));
}

void
base64url_write(struct writer *w, struct span bytes)
{
	encode(w, bytes, base64url_letters, false);
}

void
base64_write(struct writer *w, struct span bytes)
{
	encode(w, bytes, base64_letters, true);
}

void
hex_write(struct writer *w, struct span bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		const char pair[2] = {hex_letters[bytes.ptr[i] >> 4], hex_letters[bytes.ptr[i] & 0x0f]};

		writer_bytes(w, span_at(pair, sizeof(pair)));
	}
}

/* The value of a base64 letter; the alphabets differ in 62 and 63 only. */
static uint8_t
value_of(uint8_t c, const char *letters)
{
	if (c >= 'A' && c <= 'Z')
		return (uint8_t)(c - 'A');
	if (c >= 'a' && c <= 'z')
		return (uint8_t)(c - 'a' + 26);
	if (c >= '0' && c <= '9')
		return (uint8_t)(c - '0' + 52);
	if (c == (uint8_t)letters[62])
		return 62;
	return c == (uint8_t)letters[63] ? 63 : FOREIGN;
}

/* Text without padding. The bits left over in the last letter must be zero (RFC 4648 3.5), or two texts had one value. */
static enum err
decode(struct span text, const char *letters, uint8_t *out, size_t room, size_t *len)
{
	uint32_t bits = 0;
	unsigned have = 0; /* bits not written yet */
	size_t made = 0;

	REQUIRE(text.len % 4 != 1, ERR_MALFORMED);
	REQUIRE(text.len / 4 * 3 + (text.len % 4) * 6 / 8 <= room, ERR_TOO_LONG);
	for (size_t i = 0; i < text.len; i++) {
		const uint8_t value = value_of(text.ptr[i], letters);

		REQUIRE(value != FOREIGN, ERR_MALFORMED);
		bits = bits << 6 | value;
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[made++] = (uint8_t)(bits >> have);
		}
	}
	REQUIRE((bits & ((1u << have) - 1)) == 0, ERR_MALFORMED);
	*len = made;
	return ERR_OK;
}

enum err
base64url_read(struct span text, uint8_t *out, size_t room, size_t *len)
{
	return decode(text, base64url_letters, out, room, len);
}

enum err
base64_read(struct span text, uint8_t *out, size_t room, size_t *len)
{
	REQUIRE(text.len % 4 == 0, ERR_MALFORMED);
	for (int i = 0; i < 2 && text.len > 0 && text.ptr[text.len - 1] == '='; i++)
		text.len--;
	return decode(text, base64_letters, out, room, len);
}

static uint8_t
nibble_of(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return (uint8_t)(c - '0');
	return c >= 'a' && c <= 'f' ? (uint8_t)(c - 'a' + 10) : FOREIGN;
}

enum err
hex_read(struct span text, uint8_t *out, size_t room, size_t *len)
{
	REQUIRE(text.len % 2 == 0, ERR_MALFORMED);
	REQUIRE(text.len / 2 <= room, ERR_TOO_LONG);
	for (size_t i = 0; i < text.len; i += 2) {
		const uint8_t high = nibble_of(text.ptr[i]), low = nibble_of(text.ptr[i + 1]);

		REQUIRE(high != FOREIGN && low != FOREIGN, ERR_MALFORMED);
		out[i / 2] = (uint8_t)(high << 4 | low);
	}
	*len = text.len / 2;
	return ERR_OK;
}

enum err
base64url_exactly(struct span text, uint8_t *out, size_t len)
{
	size_t got;

	REQUIRE(text.len == len / 3 * 4 + (len % 3 == 0 ? 0 : len % 3 + 1), ERR_MALFORMED);
	return base64url_read(text, out, len, &got);
}

enum err
base64url_take(struct span text, uint8_t **out, size_t *len)
{
	const size_t room = text.len / 4 * 3 + 3;
	uint8_t *bytes = malloc(room);
	enum err e;

	REQUIRE(bytes != NULL, ERR_NO_MEMORY);
	e = base64url_read(text, bytes, room, len);
	if (e != ERR_OK) {
		free(bytes);
		return e;
	}
	*out = bytes;
	return ERR_OK;
}
