#include "http/template_set.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"

static const char *const right_to_left[] = {"ar", "fa", "ur", "he", "ps", "pnb", NULL};

/* Calls read for each file of folder that ends so, in the order of their names. */
static enum err
each_file(const char *folder, const char *ending, struct templates *t,
	enum err (*read)(struct templates *, const char *path, struct span name))
{
	struct dirent **found;
	const int count = scandir(folder, &found, NULL, alphasort);
	enum err e = ERR_OK;
	char path[4096];

	REQUIRE_WHY(count >= 0, ERR_CONFIG, "folder %s cannot be read", folder);
	for (int i = 0; i < count; i++) {
		const size_t len = strlen(found[i]->d_name), tail = strlen(ending);

		if (e == ERR_OK && found[i]->d_name[0] != '.' && len > tail &&
			strcmp(found[i]->d_name + len - tail, ending) == 0) {
			(void)snprintf(path, sizeof(path), "%s/%s", folder, found[i]->d_name);
			e = read(t, path, span_at(found[i]->d_name, len - tail));
		}
		free(found[i]);
	}
	free(found);
	return e;
}

static enum err
read_template(struct templates *t, const char *path, struct span name)
{
	AUTO(writer) file = writer_new(MAX_TEMPLATE_FILE);
	struct template *template = &t->templates[t->count];

	REQUIRE_WHY(t->count < MAX_TEMPLATES, ERR_CONFIG, "%s: more than %d templates", path, MAX_TEMPLATES);
	t->count++;
	TRY(file_read(path, MAX_TEMPLATE_FILE, &file));
	REQUIRE_WHY(span_is_text(writer_span(&file)), ERR_CONFIG, "%s: not UTF-8 text", path);
	TRY(span_text(name, &template->name));
	TRY(span_text(span_of(path), &template->path));
	TRY(span_text(writer_span(&file), &template->text));
	return template_parse(template->path, span_of(template->text), &template->tree);
}

static enum err
parse_texts(struct language *l, const char *path)
{
	char where[4200];

	l->parsed = calloc(l->texts.count + 1, sizeof(*l->parsed));
	REQUIRE(l->parsed != NULL, ERR_NO_MEMORY);
	for (size_t i = 0; i < l->texts.count; i++) {
		struct template *text = &l->parsed[i];

		(void)snprintf(where, sizeof(where), "%s (%s)", path, l->texts.rows[i].key);
		TRY(span_text(span_of(where), &text->path));
		TRY(template_parse(text->path, span_of(l->texts.rows[i].value), &text->tree));
		for (size_t n = 0; n < text->tree.count; n++)
			REQUIRE_WHY(text->tree.nodes[n].kind == NODE_LITERAL || text->tree.nodes[n].kind == NODE_VALUE,
				ERR_CONFIG, "%s:%u: a text may hold {{name}} and no other tag", path,
				l->texts.rows[i].line);
	}
	return ERR_OK;
}

static enum err
read_language(struct templates *t, const char *path, struct span name)
{
	struct language *l;

	REQUIRE_WHY(t->language_count < MAX_LANGUAGES, ERR_CONFIG, "%s: more than %d languages", path, MAX_LANGUAGES);
	l = &t->languages[t->language_count++];
	TRY(span_text(name, &l->name));
	for (const char *const *rtl = right_to_left; *rtl != NULL; rtl++)
		l->right_to_left |= strcmp(*rtl, l->name) == 0;
	TRY(texts_read(path, &l->texts));
	return parse_texts(l, path);
}

/* English goes first: it is complete, the others fall back to it. */
static enum err
english_first(struct templates *t, const char *folder)
{
	size_t i = 0;
	struct language english;

	while (i < t->language_count && strcmp(t->languages[i].name, "en") != 0)
		i++;
	REQUIRE_WHY(i < t->language_count, ERR_CONFIG, "%s: en.json is missing; it must hold every text", folder);
	english = t->languages[i];
	memmove(&t->languages[1], &t->languages[0], i * sizeof(english));
	t->languages[0] = english;
	for (size_t n = 0; n < t->language_count; n++)
		t->names[n] = t->languages[n].name;
	return ERR_OK;
}

static enum err
check_tree(const struct templates *t, const struct template *template)
{
	for (size_t i = 0; i < template->tree.count; i++) {
		const struct node *node = &template->tree.nodes[i];

		REQUIRE_WHY(node->kind != NODE_TEXT || texts_find(&t->languages[0].texts, node->name) != NULL,
			ERR_CONFIG, "%s:%u: no text '%s' in en.json", template->path, node->line, node->name);
		REQUIRE_WHY(node->kind != NODE_PART || templates_find(t, node->name) != NULL, ERR_CONFIG,
			"%s:%u: no template '%s'", template->path, node->line, node->name);
	}
	return ERR_OK;
}

static enum err
check_language(const struct templates *t, const struct language *l)
{
	const struct texts *english = &t->languages[0].texts;
	size_t missing = 0;

	for (size_t i = 0; i < l->texts.count; i++)
		REQUIRE_WHY(texts_find(english, l->texts.rows[i].key) != NULL, ERR_CONFIG,
			"%s.json:%u: text '%s' is not in en.json", l->name, l->texts.rows[i].line,
			l->texts.rows[i].key);
	for (size_t i = 0; i < english->count; i++)
		missing += texts_find(&l->texts, english->rows[i].key) == NULL;
	if (missing > 0)
		log_warn("texts", "%s.json lacks %zu of %zu texts; English stands in", l->name, missing,
			english->count);
	return ERR_OK;
}

static enum err
read_all(struct templates *t, const char *folder)
{
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/texts", folder);
	TRY(each_file(path, ".json", t, read_language));
	TRY(english_first(t, path));
	for (size_t i = 1; i < t->language_count; i++)
		TRY(check_language(t, &t->languages[i]));
	(void)snprintf(path, sizeof(path), "%s/templates", folder);
	TRY(each_file(path, ".html", t, read_template));
	for (size_t i = 0; i < t->count; i++)
		TRY(check_tree(t, &t->templates[i]));
	return ERR_OK;
}

enum err
templates_read(const char *folder, struct templates **out)
{
	struct templates *t = calloc(1, sizeof(*t));
	enum err e;

	REQUIRE(t != NULL, ERR_NO_MEMORY);
	e = read_all(t, folder);
	if (e != ERR_OK) {
		templates_free(&t);
		return e == ERR_NOT_FOUND || e == ERR_IO ? ERR_CONFIG : e;
	}
	*out = t;
	return ERR_OK;
}

static void
template_release(struct template *t)
{
	free(t->name);
	free(t->path);
	free(t->text);
	tree_free(&t->tree);
}

void
templates_free(struct templates **t)
{
	if (*t == NULL)
		return;
	for (size_t i = 0; i < (*t)->count; i++)
		template_release(&(*t)->templates[i]);
	for (size_t i = 0; i < (*t)->language_count; i++) {
		struct language *l = &(*t)->languages[i];

		for (size_t n = 0; l->parsed != NULL && n < l->texts.count; n++)
			template_release(&l->parsed[n]);
		free(l->parsed);
		free(l->name);
		texts_free(&l->texts);
	}
	free(*t);
	*t = NULL;
}

const char *const *
templates_languages(const struct templates *t)
{
	return t->names;
}

const struct template *
templates_find(const struct templates *t, const char *name)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->templates[i].name != NULL && strcmp(t->templates[i].name, name) == 0)
			return &t->templates[i];
	return NULL;
}

const struct language *
templates_language(const struct templates *t, const char *name)
{
	for (size_t i = 0; name != NULL && i < t->language_count; i++)
		if (strcmp(t->languages[i].name, name) == 0)
			return &t->languages[i];
	return &t->languages[0];
}

const struct template *
language_text(const struct templates *t, const struct language *l, const char *key)
{
	const struct text_row *row = texts_find(&l->texts, key);

	if (row != NULL)
		return &l->parsed[row - l->texts.rows];
	l = &t->languages[0];
	return &l->parsed[texts_find(&l->texts, key) - l->texts.rows];
}

const char *
templates_text(const struct templates *t, const char *language, const char *key)
{
	const struct text_row *row = texts_find(&templates_language(t, language)->texts, key);

	if (row == NULL)
		row = texts_find(&t->languages[0].texts, key);
	return row == NULL ? key : row->value;
}
