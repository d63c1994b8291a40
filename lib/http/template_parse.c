#include "http/template_parse.h"

#include <stdlib.h>
#include <string.h>

#include "base/reader.h"

struct parse {
	const char *path;
	struct span left;
	unsigned line;
	struct tree tree;
	size_t room;
	size_t open[MAX_SECTIONS];
	size_t depth;
};

static enum err
add(struct parse *p, struct node node)
{
	struct node *nodes;

	REQUIRE_WHY(p->tree.count < MAX_NODES, ERR_CONFIG, "%s:%u: more than %d tags and texts", p->path, p->line,
		MAX_NODES);
	if (p->tree.count == p->room) {
		p->room = p->room == 0 ? 16 : p->room * 2;
		nodes = realloc(p->tree.nodes, p->room * sizeof(*nodes));
		REQUIRE(nodes != NULL, ERR_NO_MEMORY);
		p->tree.nodes = nodes;
	}
	node.line = p->line;
	p->tree.nodes[p->tree.count++] = node;
	return ERR_OK;
}

static enum err
add_literal(struct parse *p, struct span text)
{
	if (text.len > 0)
		TRY(add(p, (struct node){.kind = NODE_LITERAL, .literal = text}));
	for (size_t i = 0; i < text.len; i++)
		p->line += text.ptr[i] == '\n';
	return ERR_OK;
}

static bool
is_name(struct span s)
{
	if (s.len == 0 || s.len > MAX_NAME)
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-", s.ptr[i]) == NULL ||
			s.ptr[i] == '\0')
			return false;
	return true;
}

/* {{/name}} */
static enum err
close_section(struct parse *p, const struct node *closing)
{
	struct node *section;

	REQUIRE_WHY(p->depth > 0, ERR_CONFIG, "%s:%u: {{/%s}} closes nothing", p->path, p->line, closing->name);
	section = &p->tree.nodes[p->open[--p->depth]];
	REQUIRE_WHY(strcmp(section->name, closing->name) == 0, ERR_CONFIG,
		"%s:%u: {{/%s}} where {{/%s}} of line %u is due", p->path, p->line, closing->name, section->name,
		section->line);
	section->end = p->tree.count;
	return ERR_OK;
}

/* What stands between the braces. */
static enum err
add_tag(struct parse *p, struct span tag)
{
	static const struct {
		const char *mark;
		enum node_kind kind;
	} marks[] = {{"#", NODE_SECTION}, {"^", NODE_INVERTED}, {">", NODE_PART}, {"t:", NODE_TEXT}};
	struct node node = {.kind = NODE_VALUE};
	const bool closes = span_starts(tag, SPAN("/"));
	struct span name = tag;

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (span_starts(tag, span_of(marks[i].mark))) {
			node.kind = marks[i].kind;
			name = span_at(tag.ptr + strlen(marks[i].mark), tag.len - strlen(marks[i].mark));
		}
	if (closes)
		name = span_at(tag.ptr + 1, tag.len - 1);
	REQUIRE_WHY(is_name(name), ERR_CONFIG,
		"%s:%u: {{%.*s}} is no tag; write {{name}}, {{#name}}, {{^name}}, {{/name}}, {{t:key}} or {{>part}}",
		p->path, p->line, (int)(tag.len > 40 ? 40 : tag.len), (const char *)tag.ptr);
	memcpy(node.name, name.ptr, name.len);
	if (closes)
		return close_section(p, &node);
	if (node.kind == NODE_SECTION || node.kind == NODE_INVERTED) {
		REQUIRE_WHY(p->depth < MAX_SECTIONS, ERR_CONFIG, "%s:%u: sections nested more than %d deep", p->path,
			p->line, MAX_SECTIONS);
		p->open[p->depth++] = p->tree.count;
	}
	return add(p, node);
}

static const uint8_t *
find(struct span in, const char *two)
{
	return in.len == 0 ? NULL : memmem(in.ptr, in.len, two, 2);
}

static enum err
parse_all(struct parse *p)
{
	while (p->left.len > 0) {
		const uint8_t *open = find(p->left, "{{"), *close;
		const size_t before = open == NULL ? p->left.len : (size_t)(open - p->left.ptr);

		TRY(add_literal(p, span_at(p->left.ptr, before)));
		if (open == NULL)
			break;
		p->left = span_at(open + 2, p->left.len - before - 2);
		close = find(p->left, "}}");
		REQUIRE_WHY(close != NULL, ERR_CONFIG, "%s:%u: '{{' without '}}'", p->path, p->line);
		TRY(add_tag(p, span_at(p->left.ptr, (size_t)(close - p->left.ptr))));
		p->left = span_at(close + 2, p->left.len - (size_t)(close - p->left.ptr) - 2);
	}
	REQUIRE_WHY(p->depth == 0, ERR_CONFIG, "%s:%u: {{#%s}} is not closed", p->path, p->tree.nodes[p->open[0]].line,
		p->tree.nodes[p->open[0]].name);
	return ERR_OK;
}

enum err
template_parse(const char *path, struct span text, struct tree *out)
{
	struct parse p = {.path = path, .left = text, .line = 1};
	const enum err e = parse_all(&p);

	if (e != ERR_OK) {
		tree_free(&p.tree);
		return e;
	}
	*out = p.tree;
	return ERR_OK;
}

void
tree_free(struct tree *t)
{
	free(t->nodes);
	*t = (struct tree){0};
}
