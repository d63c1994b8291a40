/* span: bytes that somebody else owns. Used by everything that touches bytes; text from outside is a span until checked. */
#ifndef MOHAR_BASE_SPAN_H
#define MOHAR_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct span {
	const uint8_t *ptr;
	size_t len; /* bytes */
};

/* A literal's bytes, without its terminator. */
#define SPAN(literal) ((struct span){(const uint8_t *)(literal), sizeof(literal) - 1})

/* The bytes of a C string, without its terminator; NULL gives an empty span. Borrowed. */
struct span span_of(const char *text);

/* Bytes at ptr, borrowed. */
struct span span_at(const void *ptr, size_t len);

/* Equal in length and content. Not constant in time: secrets have secret_equal(). */
bool span_equal(struct span a, struct span b);

/* Equal to a C string. */
bool span_is(struct span a, const char *text);

/* a starts with prefix. */
bool span_starts(struct span a, struct span prefix);

/* A NUL-terminated copy of a; the caller frees it with free(). ERR_MALFORMED if a holds a NUL byte, ERR_NO_MEMORY. */
MUST_USE enum err span_text(struct span a, char **out);

/* The length of the well-formed UTF-8 character (RFC 3629 4) that a starts with; 0 if there is none, or a is empty. */
size_t span_character(struct span a);

/* Valid UTF-8 (RFC 3629: shortest form, no surrogates) without NUL or other C0 control characters except tab and newline. */
bool span_is_text(struct span a);

/* One line for people to read: text without tab, newline, DEL and C1 control characters, and without the invisible characters that reorder or break
 * what stands around them (UAX 9 2: embeddings, overrides, isolates; line and paragraph separators). Marks that scripts need stay. */
bool span_is_line(struct span a);

#endif
