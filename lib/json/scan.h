/* scan: a pass over JSON text before and after jansson sees it: limits before, and afterwards the line of the member
 * that an error is about, which jansson's values no longer know. Used by decode.c only. */
#ifndef MOHAR_JSON_SCAN_H
#define MOHAR_JSON_SCAN_H

#include "base/writer.h"

/* A value's place in the text: the way to it from the top. */
struct json_place {
	const struct json_place *up; /* NULL: the top itself */
	const char *name;            /* a member's name; NULL: the item at index */
	size_t index;
};

/* Is text within MAX_JSON, MAX_JSON_DEPTH and MAX_JSON_ITEMS (for each array and object)? ERR_TOO_LONG with *at where it was exceeded. */
MUST_USE enum err json_scan(struct span text, size_t *at);

/* The line (from 1) of an offset. */
unsigned json_line(struct span text, size_t at);

/* The line of a place in text that is known to be JSON; of the innermost part of it that is found. */
unsigned json_place_line(struct span text, const struct json_place *place);

/* keys[2].kty */
void json_place_write(struct writer *w, const struct json_place *place);

#endif
