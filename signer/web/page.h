/* page: signerd's HTML pages: language, common values, sending. Used by the officer's confirmation and by the public verification page. */
#ifndef MOHAR_SIGNER_WEB_PAGE_H
#define MOHAR_SIGNER_WEB_PAGE_H

#include "signer/decision/decision.h"

/* The page's language: ?lang=, else the __Host-lang cookie, else Accept-Language. Static text. */
const char *page_language(const struct signer *s, const struct request *request);

/* A stored decision's values: title, outcome, agency, law, due, facts[{name, value}], reasons[{reason}], appeal. */
MUST_USE enum err page_decision(struct page *page, const struct signer *s, const struct decision_row *row,
	const struct decision_type *t, const char *language);

/* The facts of a decision, as list "facts" of {name, value}. */
MUST_USE enum err page_facts(struct page *page, const struct decision_type *t, const char *facts_json);

/* A time as people read it: 2026-01-31 14:05 UTC. Zero is left out. */
void page_time(struct page *page, const char *name, unix_time t);

/* Renders, with the languages to choose from. */
MUST_USE enum err page_send(const struct signer *s, const struct request *request, const char *name, struct page *page,
	struct reply *reply);

/* The refusal page or document of the whole server. */
void signer_refusal(void *daemon, struct request *request, enum err e, struct reply *reply);

/* GET /static/{file} */
enum err static_show(void *daemon, struct request *request, struct reply *reply);

#endif
