/* frame: what every page for people has around its own matter: the language links, and headers that let nothing foreign in. Used by page_reply() and by
 * handlers whose form leads on to a portal. */
#ifndef MOHAR_IDP_LOGIN_FRAME_H
#define MOHAR_IDP_LOGIN_FRAME_H

#include "idp/idp.h"

/* The language that ?lang= asks for, if there are texts in it; else NULL. Borrowed from the templates. */
const char *frame_language(const struct idp *d, const struct request *request);

/* Gives p the values languages and here, sets the page's headers (Content-Security-Policy, Referrer-Policy) and keeps a language asked for in a cookie. */
void page_frame(const struct idp *d, const struct request *request, struct reply *reply, const char *language,
	struct page *p);

/* Lets forms of this page end at uri's origin too: Chromium holds the redirects that follow a form against form-action (CSP Level 3, 6.4.1). uri may be NULL; one
 * that is no http(s) address changes nothing. */
void frame_form_to(struct reply *reply, const char *uri);

/* Sets level, level_1, level_2 and level_3 for the part "level". */
void page_level(struct page *p, int64_t level);

/* Sets name (2026-01-31 23:59, UTC) and name_iso (RFC 3339); both absent if t is 0. */
void page_time(struct page *p, const char *name, unix_time t);

#endif
