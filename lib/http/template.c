#include "http/template.h"

#include <stdlib.h>
#include <string.h>

#include "http/page.h"
#include "http/template_set.h"

enum { MAX_PART_DEPTH = 8 };

/* One rendering. */
struct rendering {
	const struct templates *all;
	const struct language *language;
	const struct page *page;
	struct writer *out;
	unsigned depth;
};

/* For text and for attributes in double or single quotes. */
static void
write_escaped(struct writer *w, const char *text)
{
	while (*text != '\0') {
		const size_t plain = strcspn(text, "&<>\"'");

		writer_bytes(w, span_at(text, plain));
		text += plain;
		switch (*text) {
		case '&':
			writer_text(w, "&amp;");
			break;
		case '<':
			writer_text(w, "&lt;");
			break;
		case '>':
			writer_text(w, "&gt;");
			break;
		case '"':
			writer_text(w, "&quot;");
			break;
		case '\'':
			writer_text(w, "&#39;");
			break;
		default:
			return;
		}
		text++;
	}
}

static enum err
write_value(struct rendering *r, const struct template *in, const struct node *node, size_t item)
{
	const struct page_entry *entry = page_find(r->page, item, node->name);

	if (entry == NULL && strcmp(node->name, "lang") == 0) {
		write_escaped(r->out, r->language->name);
		return ERR_OK;
	}
	if (entry == NULL && strcmp(node->name, "dir") == 0) {
		writer_text(r->out, r->language->right_to_left ? "rtl" : "ltr");
		return ERR_OK;
	}
	REQUIRE_WHY(entry != NULL, ERR_CONFIG, "%s:%u: the page has no value '%s'", in->path, node->line, node->name);
	if (entry->kind == PAGE_TEXT)
		write_escaped(r->out, entry->text);
	return ERR_OK;
}

static enum err render(struct rendering *r, const struct template *in, size_t from, size_t to, size_t item);

static bool
holds(const struct page_entry *entry)
{
	return entry != NULL &&
		(entry->kind == PAGE_TRUE || entry->kind == PAGE_ITEM ||
			(entry->kind == PAGE_TEXT && entry->text[0] != '\0'));
}

/* A list: every entry of that name beside the first one. */
static enum err
render_items(struct rendering *r, const struct template *in, size_t at, const struct page_entry *first)
{
	const struct node *node = &in->tree.nodes[at];
	const size_t scope = first->parent, to = scope == SIZE_MAX ? r->page->count : r->page->entries[scope].end;

	for (size_t i = (size_t)(first - r->page->entries); i < to; i++) {
		const struct page_entry *entry = &r->page->entries[i];

		if (entry->parent == scope && entry->kind == PAGE_ITEM && strcmp(entry->name, node->name) == 0)
			TRY(render(r, in, at + 1, node->end, i));
	}
	return ERR_OK;
}

static enum err
render_section(struct rendering *r, const struct template *in, size_t at, size_t item)
{
	const struct node *node = &in->tree.nodes[at];
	const struct page_entry *entry = page_find(r->page, item, node->name);

	if (holds(entry) != (node->kind == NODE_SECTION))
		return ERR_OK;
	if (entry != NULL && entry->kind == PAGE_ITEM)
		return render_items(r, in, at, entry);
	return render(r, in, at + 1, node->end, item);
}

/* A whole template or text inside another. */
static enum err
render_inside(struct rendering *r, const struct template *in, size_t item)
{
	enum err e;

	REQUIRE_WHY(r->depth < MAX_PART_DEPTH, ERR_CONFIG, "%s: parts inside parts more than %d deep", in->path,
		MAX_PART_DEPTH);
	r->depth++;
	e = render(r, in, 0, in->tree.count, item);
	r->depth--;
	return e;
}

static enum err
render_node(struct rendering *r, const struct template *in, size_t at, size_t item)
{
	const struct node *node = &in->tree.nodes[at];

	switch (node->kind) {
	case NODE_LITERAL:
		writer_bytes(r->out, node->literal);
		return ERR_OK;
	case NODE_VALUE:
		return write_value(r, in, node, item);
	case NODE_SECTION:
	case NODE_INVERTED:
		return render_section(r, in, at, item);
	case NODE_TEXT:
		return render_inside(r, language_text(r->all, r->language, node->name), item);
	case NODE_PART:
		return render_inside(r, templates_find(r->all, node->name), item);
	}
	return ERR_OK;
}

static enum err
render(struct rendering *r, const struct template *in, size_t from, size_t to, size_t item)
{
	for (size_t i = from; i < to; i++) {
		const struct node *node = &in->tree.nodes[i];

		TRY(render_node(r, in, i, item));
		if (node->kind == NODE_SECTION || node->kind == NODE_INVERTED)
			i = node->end - 1;
	}
	return ERR_OK;
}

enum err
template_render(const struct templates *t, const char *name, const char *language, const struct page *p,
	struct writer *w)
{
	struct rendering r = {.all = t, .language = templates_language(t, language), .page = p, .out = w};
	const struct template *template = templates_find(t, name);

	TRY(p->failed);
	REQUIRE_WHY(p->open == SIZE_MAX, ERR_CONFIG, "page '%s': an item is not ended", name);
	REQUIRE_WHY(template != NULL, ERR_CONFIG, "no template '%s'", name);
	TRY(render_inside(&r, template, SIZE_MAX));
	return writer_done(w);
}
