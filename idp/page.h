/* page: a person's page in the person's language, and the local error page. Used by the login, activation, account and consent pages, and by /authorize when it must not redirect.
 *
 * Templates stand in idp/web/templates, texts in idp/web/texts. Every page may use the values issuer, language and path; "error" is given status, title and reason (texts
 * error_<NAME> of err.h's names, lower case: error_not_found; reason may be absent). */
#ifndef MOHAR_IDP_PAGE_H
#define MOHAR_IDP_PAGE_H

#include "idp/idp.h"

/* ?lang= before ui_locales (a list, may be NULL) before the cookie __Host-lang before Accept-Language. Borrowed from the templates. */
const char *page_language(const struct idp *d, const struct request *request, const char *ui_locales);

/* Renders template with p (NULL: no values) into the reply as text/html. */
MUST_USE enum err page_reply(struct idp *d, const struct request *request, struct reply *reply, const char *template,
	const char *ui_locales, struct page *p);

/* The refusal hook of the issuer's listener: for browsers the error page, for everybody else problem+json. Logs nothing: the server has. */
void page_refusal(void *daemon, struct request *request, enum err e, struct reply *reply);

/* An error page with a reason that people may read (text key), where a redirect is not allowed: unknown client, unregistered redirect address, lost flow. */
MUST_USE enum err page_error(struct idp *d, const struct request *request, struct reply *reply, int status,
	const char *text_key);

#endif
