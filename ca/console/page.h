/* page: how the console's pages are made and sent: language, headers, the frame that all share, and values as people read them. Used inside ca/console. */
#ifndef MOHAR_CA_CONSOLE_PAGE_H
#define MOHAR_CA_CONSOLE_PAGE_H

#include "ca/console/console.h"

/* The page's language: ?lang=, else the __Host-lang cookie, else Accept-Language. Static text. */
const char *page_language(const struct console *k, const struct request *request);
/* A text of the page's language, by key; NAME: what follows the key's first part, as "state_" and "waiting". */
const char *page_word(const struct console *k, const struct request *request, const char *kind, const char *name);

/* Renders and sends; which: the place in the navigation ("queue", "certificates", "bulk", "health", ""). v NULL: nobody is logged in. */
MUST_USE enum err page_send(const struct cad *c, const struct visit *v, const struct request *request,
	const char *which, const char *name, struct page *page, struct reply *reply);

/* 2026-01-31 14:05 UTC. Zero is absent. */
void page_time(struct page *page, const char *name, unix_time t);
/* How long from then to now, in one word and number: "3 h". Zero is absent. */
void page_ago(struct page *page, const char *name, unix_time t, unix_time now);
void page_span_of_time(struct page *page, const char *name, int64_t seconds);
void page_hex(struct page *page, const char *name, struct span bytes);
void page_base64url(struct page *page, const char *name, struct span bytes);
void page_uuid(struct page *page, const char *name, const struct uuid *u);

#endif
