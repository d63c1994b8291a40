/* paper: what people read, sign and keep of a ceremony, told block by block; a form makes pages of text (A4: 66 lines of 80 columns, parted by form feeds) or one HTML file
 * with rules for printing of it. Whatever comes from a file is shown so that it cannot look like anything else. Used by `mohar ceremony show`; a form is one file. */
#ifndef MOHAR_CLI_CEREMONY_PAPER_H
#define MOHAR_CLI_CEREMONY_PAPER_H

#include "base/digest.h"
#include "base/writer.h"

enum { MAX_PAPER = 16 << 20, PAPER_COLUMNS = 80, PAPER_LINES = 66 };

struct paper {
	const struct paper_form *form;
	const char *kind, *title; /* "script", "transcript"; borrowed */
	struct sha256 hash;       /* at the head of every page */
	struct writer body;       /* the form's own: lines, or HTML */
	unsigned depth;           /* of the tree, while one is drawn; 0: none */
	bool open, boxes;         /* a step is; signature boxes are: the form's own */
};

struct paper_form {
	void (*section)(struct paper *p, const char *title);
	void (*field)(struct paper *p, const char *name, const char *value);
	void (*hash)(struct paper *p, const char *name, const char *hex);
	void (*step)(struct paper *p, size_t number, const char *title, const char *right);
	void (*say)(struct paper *p, const char *text);
	void (*words)(struct paper *p, const char *text);
	void (*blank)(struct paper *p, const char *name);
	void (*node)(struct paper *p, unsigned depth, const char *name, const char *detail);
	void (*box)(struct paper *p, const char *role, const char *name, const char *note);
	enum err (*end)(struct paper *p, struct writer *out);
};
extern const struct paper_form paper_text, paper_html;

struct paper paper_new(const struct paper_form *form, const char *kind, const char *title, const struct sha256 *hash);
void paper_free(struct paper *p);

/* A part with a heading; what follows belongs to it. */
void paper_section(struct paper *p, const char *title);
/* Name and value; nothing if the value is NULL. */
void paper_field(struct paper *p, const char *name, const char *value);
/* Hexadecimal digits in groups of four; nothing if hex is NULL. */
void paper_hash(struct paper *p, const char *name, const char *hex);
void paper_digest(struct paper *p, const char *name, struct span bytes);
/* A numbered step; right: a time, or "". What follows belongs to it, until the next step or section. */
void paper_step(struct paper *p, size_t number, const char *title, const char *right);
/* What is read aloud. Nothing if NULL. */
void paper_say(struct paper *p, const char *text);
/* Lines as they are, as mohar-hsmd said them. */
void paper_words(struct paper *p, const char *text);
/* A place to write something in by hand. */
void paper_blank(struct paper *p, const char *name);
/* One node of a drawn tree, from depth 0; a child follows its parent. */
void paper_node(struct paper *p, unsigned depth, const char *name, const char *detail);
/* Where somebody signs by hand. */
void paper_box(struct paper *p, const char *role, const char *name, const char *note);

/* The whole, appended. ERR_TOO_LONG. */
MUST_USE enum err paper_end(struct paper *p, struct writer *out);

/* For forms: one character of foreign text, written so that it is what it looks like: 0 if the text is at its end, else its length in bytes. *shown: what is to be
 * written, of the text itself or of escape (which holds "\u{…}" then). */
enum { PAPER_ESCAPE = 16 };
size_t paper_character(struct span text, char escape[PAPER_ESCAPE], struct span *shown);
/* The 64 hexadecimal digits with which a line ends, NULL if it does not: before it, *prefix bytes. */
const char *paper_line_hash(struct span line, size_t *prefix);

#endif
