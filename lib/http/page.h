/* page: the values of one page, as a list of entries in the order in which they were written. Used inside lib/http by template and page.
 * An item of a list is an entry whose own entries follow it up to its end. */
#ifndef MOHAR_HTTP_PAGE_H
#define MOHAR_HTTP_PAGE_H

#include "http/template.h"

enum { MAX_PAGE_ENTRIES = 20000, MAX_PAGE_DEPTH = 8 };

enum page_kind { PAGE_TEXT, PAGE_ABSENT, PAGE_FALSE, PAGE_TRUE, PAGE_ITEM };

struct page_entry {
	char *name;
	char *text; /* PAGE_TEXT */
	enum page_kind kind;
	size_t parent; /* the item it stands in; SIZE_MAX at the top */
	size_t end;    /* PAGE_ITEM: one past its last entry */
};

struct page {
	struct page_entry *entries;
	size_t count, room;
	size_t open; /* the item being written; SIZE_MAX */
	enum err failed;
};

/* The entry of name as seen from inside item (SIZE_MAX: the top): the item's own first, then those around it. NULL: none. */
const struct page_entry *page_find(const struct page *p, size_t item, const char *name);

#endif
