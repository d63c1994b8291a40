/* form: application/x-www-form-urlencoded text, taken apart strictly (WHATWG URL 5.1, RFC 6749 3.1 and appendix B). Used by request for queries and
 * bodies, and by Basic authentication. Duplicate names, broken percent-encoding, text that is not UTF-8 are refused, never guessed at. */
#ifndef MOHAR_HTTP_FORM_H
#define MOHAR_HTTP_FORM_H

#include "base/span.h"

enum { MAX_FORM_FIELDS = 64 };

struct arena;

struct form_field {
	const char *name;
	const char *value;
};

struct form {
	struct form_field *fields; /* in the arena */
	size_t count;
};

/* Decodes text into *out, in memory of the arena. ERR_MALFORMED with a reason that names the parameter; ERR_TOO_LONG beyond MAX_FORM_FIELDS; ERR_NO_MEMORY. */
MUST_USE enum err form_read(struct span text, struct arena *arena, struct form *out);

/* The value of name, or NULL. */
const char *form_value(const struct form *f, const char *name);

/* Undoes percent-encoding (and '+' for a space, if plus) of text into out, which has room for text.len + 1 bytes; *len is what it holds, NUL-terminated.
 * ERR_MALFORMED: '%' without two hex digits, a raw byte that is no visible ASCII, or a result that is not UTF-8 text. CR LF is text here: text areas send it. */
MUST_USE enum err percent_read(struct span text, bool plus, char *out, size_t *len);

#endif
