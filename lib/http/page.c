#include "http/page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum err
page_new(struct page **out)
{
	struct page *p = calloc(1, sizeof(*p));

	REQUIRE(p != NULL, ERR_NO_MEMORY);
	p->open = SIZE_MAX;
	*out = p;
	return ERR_OK;
}

void
page_free(struct page **p)
{
	if (*p == NULL)
		return;
	for (size_t i = 0; i < (*p)->count; i++) {
		free((*p)->entries[i].name);
		free((*p)->entries[i].text);
	}
	free((*p)->entries);
	free(*p);
	*p = NULL;
}

/* text may be NULL; otherwise it is taken over. */
static void
add(struct page *p, const char *name, enum page_kind kind, char *text)
{
	struct page_entry *entries = p->entries;
	char *copy = strdup(name);

	if (p->count == p->room && p->count < MAX_PAGE_ENTRIES) {
		p->room = p->room == 0 ? 32 : p->room * 2;
		entries = realloc(p->entries, p->room * sizeof(*entries));
		if (entries != NULL)
			p->entries = entries;
	}
	if (copy == NULL || entries == NULL || p->count == MAX_PAGE_ENTRIES) {
		p->failed = p->count == MAX_PAGE_ENTRIES ? ERR_TOO_LONG : ERR_NO_MEMORY;
		free(copy);
		free(text);
		return;
	}
	p->entries[p->count++] = (struct page_entry){copy, text, kind, p->open, 0};
}

void
page_span(struct page *p, const char *name, struct span value)
{
	char *text;

	if (p->failed == ERR_OK)
		p->failed = span_text(value, &text);
	if (p->failed == ERR_OK)
		add(p, name, PAGE_TEXT, text);
}

void
page_text(struct page *p, const char *name, const char *value)
{
	if (value != NULL)
		page_span(p, name, span_of(value));
	else if (p->failed == ERR_OK)
		add(p, name, PAGE_ABSENT, NULL);
}

void
page_int(struct page *p, const char *name, int64_t n)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%lld", (long long)n);
	page_text(p, name, text);
}

void
page_bool(struct page *p, const char *name, bool b)
{
	if (p->failed == ERR_OK)
		add(p, name, b ? PAGE_TRUE : PAGE_FALSE, NULL);
}

void
page_item(struct page *p, const char *name)
{
	if (p->failed == ERR_OK)
		add(p, name, PAGE_ITEM, NULL);
	if (p->failed == ERR_OK)
		p->open = p->count - 1;
}

void
page_item_end(struct page *p)
{
	if (p->failed != ERR_OK || p->open == SIZE_MAX)
		return;
	p->entries[p->open].end = p->count;
	p->open = p->entries[p->open].parent;
}

const struct page_entry *
page_find(const struct page *p, size_t item, const char *name)
{
	for (;;) {
		const size_t from = item == SIZE_MAX ? 0 : item + 1,
			     to = item == SIZE_MAX ? p->count : p->entries[item].end;

		for (size_t i = from; i < to; i++)
			if (p->entries[i].parent == item && strcmp(p->entries[i].name, name) == 0)
				return &p->entries[i];
		if (item == SIZE_MAX)
			return NULL;
		item = p->entries[item].parent;
	}
}
