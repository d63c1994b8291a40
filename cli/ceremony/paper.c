#include "cli/ceremony/paper.h"

#include <stdio.h>
#include <string.h>

#include "base/encode.h"

enum { HASH_DIGITS = 64 };

struct paper
paper_new(const struct paper_form *form, const char *kind, const char *title, const struct sha256 *hash)
{
	return (struct paper){.form = form, .kind = kind, .title = title, .hash = *hash, .body = writer_new(MAX_PAPER)};
}

void
paper_free(struct paper *p)
{
	writer_free(&p->body);
}

void
paper_section(struct paper *p, const char *title)
{
	p->form->section(p, title);
}

void
paper_field(struct paper *p, const char *name, const char *value)
{
	if (value != NULL)
		p->form->field(p, name, value);
}

void
paper_hash(struct paper *p, const char *name, const char *hex)
{
	if (hex != NULL)
		p->form->hash(p, name, hex);
}

void
paper_digest(struct paper *p, const char *name, struct span bytes)
{
	AUTO(writer) hex = writer_new(4 * HASH_DIGITS);

	hex_write(&hex, bytes);
	paper_hash(p, name, (const char *)writer_span(&hex).ptr);
}

void
paper_step(struct paper *p, size_t number, const char *title, const char *right)
{
	p->form->step(p, number, title, right);
}

void
paper_say(struct paper *p, const char *text)
{
	if (text != NULL)
		p->form->say(p, text);
}

void
paper_words(struct paper *p, const char *text)
{
	p->form->words(p, text);
}

void
paper_blank(struct paper *p, const char *name)
{
	p->form->blank(p, name);
}

void
paper_node(struct paper *p, unsigned depth, const char *name, const char *detail)
{
	p->form->node(p, depth, name, detail);
}

void
paper_box(struct paper *p, const char *role, const char *name, const char *note)
{
	p->form->box(p, role, name, note);
}

enum err
paper_end(struct paper *p, struct writer *out)
{
	return p->form->end(p, out);
}

size_t
paper_character(struct span text, char escape[PAPER_ESCAPE], struct span *shown)
{
	const size_t len = span_character(text);

	if (text.len == 0)
		return 0;
	if (len > 0 && span_is_line(span_at(text.ptr, len))) {
		*shown = span_at(text.ptr, len);
		return len;
	}
	(void)snprintf(escape, PAPER_ESCAPE, "\\x%02X", text.ptr[0]);
	*shown = span_of(escape);
	return 1;
}

const char *
paper_line_hash(struct span line, size_t *prefix)
{
	if (line.len < HASH_DIGITS || (line.len > HASH_DIGITS && line.ptr[line.len - HASH_DIGITS - 1] != ' '))
		return NULL;
	for (size_t i = line.len - HASH_DIGITS; i < line.len; i++)
		if (strchr("0123456789abcdef", line.ptr[i]) == NULL || line.ptr[i] == '\0')
			return NULL;
	*prefix = line.len - HASH_DIGITS;
	return (const char *)line.ptr + *prefix;
}
