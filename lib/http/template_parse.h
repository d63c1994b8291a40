/* template_parse: the text of a template becomes a tree of nodes. Used by template only. */
#ifndef MOHAR_HTTP_TEMPLATE_PARSE_H
#define MOHAR_HTTP_TEMPLATE_PARSE_H

#include "base/span.h"

enum { MAX_NODES = 4000, MAX_SECTIONS = 16, MAX_NAME = 64 };

enum node_kind { NODE_LITERAL, NODE_VALUE, NODE_SECTION, NODE_INVERTED, NODE_TEXT, NODE_PART };

struct node {
	enum node_kind kind;
	struct span literal;     /* NODE_LITERAL: borrowed from the template's text */
	char name[MAX_NAME + 1]; /* all others */
	unsigned line;
	size_t end; /* NODE_SECTION, NODE_INVERTED: one past its last node */
};

struct tree {
	struct node *nodes; /* owned; in order, sections hold what follows them up to their end */
	size_t count;
};

/* Takes text apart; path is for errors. ERR_CONFIG with FILE:LINE: unclosed or crossed sections, bad names, "{{" without "}}". The tree borrows text. */
MUST_USE enum err template_parse(const char *path, struct span text, struct tree *out);
void tree_free(struct tree *t);

#endif
