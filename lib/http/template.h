/* template: HTML pages from files, with texts per language. Used by idpd, signerd, cad. Everything is escaped for HTML; there is no raw form.
 *   {{name}}           a value, escaped (for text and for quoted attributes)
 *   {{#name}}..{{/name}}  if it is true or a non-empty list: once, or once an item   {{^name}}..{{/name}}  if not
 *   {{t:key}}          a text of the page's language (falls back to English); it may itself hold {{name}}
 *   {{>part}}          another template of the folder
 * Names may hold letters, digits and _ . -
 * Templates are parsed once at start-up; a bad tag, an unknown key or part is an error then, with FILE:LINE. A {{name}} that the page was never given is an
 * error of template_render(): a value that may be missing is written as page_text(p, name, NULL). */
#ifndef MOHAR_HTTP_TEMPLATE_H
#define MOHAR_HTTP_TEMPLATE_H

#include "base/writer.h"

struct templates;

/* Reads every *.html of folder/templates and every folder/texts/LANG.json (flat object of texts; "en" must be there and complete, the others are checked against it:
 * an unknown key is an error, a missing one is told once and falls back). ERR_CONFIG with FILE:LINE. */
MUST_USE enum err templates_read(const char *folder, struct templates **out);
void templates_free(struct templates **t);
/* The languages read, NULL-terminated, "en" first. */
const char *const *templates_languages(const struct templates *t);
/* A text by key, for titles and errors made in C. Never NULL (the key itself if unknown). */
const char *templates_text(const struct templates *t, const char *language, const char *key);

/* The values of a page: a small tree, written down in order, freed as a whole. */
struct page;
MUST_USE enum err page_new(struct page **out);
void page_free(struct page **p);
void page_text(struct page *p, const char *name, const char *value); /* copied; NULL: absent */
void page_span(struct page *p, const char *name, struct span value);
void page_int(struct page *p, const char *name, int64_t n);
void page_bool(struct page *p, const char *name, bool b);
/* Opens an item of list name; values until page_item_end are the item's, and inside it outer values are still seen. */
void page_item(struct page *p, const char *name);
void page_item_end(struct page *p);

/* Renders template name ("login") in language into w. dir ("ltr"/"rtl") and lang are always there as values. */
MUST_USE enum err template_render(const struct templates *t, const char *name, const char *language,
	const struct page *p, struct writer *w);

#endif
