/* lint_edit: DER taken apart, changed in one place and put together again with right lengths, for the tests that break one rule at a time. */
#ifndef MOHAR_TESTS_LINT_EDIT_H
#define MOHAR_TESTS_LINT_EDIT_H

#include "base/writer.h"

enum edit {
	PUT,    /* these bytes instead of the element; none: it goes */
	ADD,    /* these bytes at the end of its contents */
	BEFORE, /* these bytes before the element */
	TAIL,   /* these bytes after the whole */
};

/* Appends der changed at path: steps separated by '/', each the place of a child (0, 1 ...), 'l' for the last, 'x' and hex for the child SEQUENCE that begins with this OID, or 'v' for
 * the element inside an OCTET STRING or BIT STRING. An empty path is the outermost element. Fails the test if there is no such place. */
void der_edit(struct span der, const char *path, enum edit op, const char *hex, struct writer *out);

/* Appends the bytes of hex, in which blanks do not count. */
void hex_append(const char *hex, struct writer *out);

#endif
