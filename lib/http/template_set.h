/* template_set: the templates and texts of a folder, read, parsed and checked against each other. Used inside lib/http by template. */
#ifndef MOHAR_HTTP_TEMPLATE_SET_H
#define MOHAR_HTTP_TEMPLATE_SET_H

#include "http/template.h"
#include "http/template_parse.h"
#include "http/texts.h"

enum { MAX_TEMPLATES = 100, MAX_LANGUAGES = 16, MAX_TEMPLATE_FILE = 256 * 1024 };

struct template
{
	char *name; /* "login" */
	char *path; /* for errors */
	char *text; /* owned; NULL where texts own it */
	struct tree tree;
};

struct language {
	char *name; /* "dz" */
	bool right_to_left;
	struct texts texts;
	struct template *parsed; /* as many as texts.count, in their order */
};

struct templates {
	struct template templates[MAX_TEMPLATES];
	size_t count;
	struct language languages[MAX_LANGUAGES]; /* "en" first */
	size_t language_count;
	const char *names[MAX_LANGUAGES + 1];
};

/* NULL if there is none of that name. */
const struct template *templates_find(const struct templates *t, const char *name);
/* English if there is none of that name. */
const struct language *templates_language(const struct templates *t, const char *name);
/* The text in that language, else in English; start-up has made sure that there is one for every key a template names. */
const struct template *language_text(const struct templates *t, const struct language *l, const char *key);

#endif
