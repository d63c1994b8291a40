/* texts: the words of one language, read from a flat JSON object. Used by template. Keys are sorted for look-up; a text may hold {{name}} like a template. */
#ifndef MOHAR_HTTP_TEXTS_H
#define MOHAR_HTTP_TEXTS_H

#include "base/span.h"

enum { MAX_TEXTS = 1000, MAX_TEXTS_FILE = 512 * 1024, MAX_TEXT = 16 * 1024 };

struct text_row {
	char *key;
	char *value;
	unsigned line;
};

struct texts {
	struct text_row *rows; /* sorted by key */
	size_t count;
};

/* Reads path: an object whose members are all texts. ERR_CONFIG with FILE:LINE; ERR_NOT_FOUND. */
MUST_USE enum err texts_read(const char *path, struct texts *out);
void texts_free(struct texts *t);

/* NULL if there is none. */
const struct text_row *texts_find(const struct texts *t, const char *key);

#endif
