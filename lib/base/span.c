#include "base/span.h"

#include <stdlib.h>
#include <string.h>

struct span
span_of(const char *text)
{
	return text == NULL ? (struct span){NULL, 0} : span_at(text, strlen(text));
}

struct span
span_at(const void *ptr, size_t len)
{
	return (struct span){ptr, len};
}

bool
span_equal(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool
span_is(struct span a, const char *text)
{
	return span_equal(a, span_of(text));
}

bool
span_starts(struct span a, struct span prefix)
{
	return a.len >= prefix.len && (prefix.len == 0 || memcmp(a.ptr, prefix.ptr, prefix.len) == 0);
}

enum err
span_text(struct span a, char **out)
{
	char *text;

	REQUIRE(a.len == 0 || memchr(a.ptr, '\0', a.len) == NULL, ERR_MALFORMED);
	text = malloc(a.len + 1);
	REQUIRE(text != NULL, ERR_NO_MEMORY);
	if (a.len > 0)
		memcpy(text, a.ptr, a.len);
	text[a.len] = '\0';
	*out = text;
	return ERR_OK;
}

size_t
span_character(struct span a)
{
	const uint8_t first = a.len == 0 ? 0xff : a.ptr[0];
	uint8_t low = 0x80, high = 0xbf; /* the second byte's bounds; narrower after four first bytes (RFC 3629 4) */
	size_t len;

	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first <= 0xdf)
		len = 2;
	else if (first >= 0xe0 && first <= 0xef)
		len = 3;
	else if (first >= 0xf0 && first <= 0xf4)
		len = 4;
	else
		return 0;
	if (first == 0xe0)
		low = 0xa0;
	else if (first == 0xed)
		high = 0x9f;
	else if (first == 0xf0)
		low = 0x90;
	else if (first == 0xf4)
		high = 0x8f;
	if (a.len < len || a.ptr[1] < low || a.ptr[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((a.ptr[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

bool
span_is_text(struct span a)
{
	while (a.len > 0) {
		const size_t len = span_character(a);

		if (len == 0 || (a.ptr[0] < 0x20 && a.ptr[0] != '\t' && a.ptr[0] != '\n'))
			return false;
		a.ptr += len;
		a.len -= len;
	}
	return true;
}

/* The code point of the well-formed character of len bytes at p, of at most three bytes: what is beyond is none of those looked for. */
static unsigned
code_point(const uint8_t *p, size_t len)
{
	if (len == 1)
		return p[0];
	if (len == 2)
		return (p[0] & 0x1fU) << 6 | (p[1] & 0x3fU);
	return len == 3 ? (p[0] & 0x0fU) << 12 | (p[1] & 0x3fU) << 6 | (p[2] & 0x3fU) : 0xffffU;
}

static bool
misleads(unsigned c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

bool
span_is_line(struct span a)
{
	while (a.len > 0) {
		const size_t len = span_character(a);

		if (len == 0 || misleads(code_point(a.ptr, len)))
			return false;
		a.ptr += len;
		a.len -= len;
	}
	return true;
}
