#include <stdio.h>
#include <string.h>

#include "idp/login/frame.h"
#include "idp/login/login.h"
#include "idp/login/passkey.h"
#include "idp/oidc/interaction.h"
#include "idp/page.h"

#define CSRF_CONSENT "consent"

/* A scope in people's words; one that has none is shown as it is. */
static void
add_item(const struct idp *d, const char *language, const struct session *s, const char *scope, struct page *p)
{
	char key[80];
	const char *what;

	(void)snprintf(key, sizeof(key), "scope_%.40s", scope);
	what = templates_text(d->pages, language, key);
	page_item(p, "items");
	page_text(p, "what", strcmp(what, key) == 0 ? scope : what);
	(void)snprintf(key, sizeof(key), strcmp(what, key) == 0 ? "scope_other_why" : "scope_%.40s_why", scope);
	page_text(p, "why", templates_text(d->pages, language, key));
	page_text(p, "value", strcmp(scope, "name") == 0 || strcmp(scope, "profile") == 0 ? s->row.name : NULL);
	page_item_end(p);
}

static enum err
show(struct idp *d, const struct request *request, struct reply *reply, const struct interaction *i,
	const struct session *s)
{
	const char *ui_locales = i->authorization.text.ui_locales, *language = page_language(d, request, ui_locales);
	char csrf[CSRF_TEXT_LEN + 1];
	AUTO(page) *p = NULL;

	csrf_make(CSRF_CONSENT, s->cookie, csrf);
	TRY(page_new(&p));
	page_text(p, "client", client_name_in(i->client, language));
	page_text(p, "flow", i->id);
	page_text(p, "csrf", csrf);
	page_text(p, "person", s->row.name);
	page_level(p, s->level);
	for (size_t n = 0; n < i->authorization.scopes.count; n++)
		add_item(d, language, s, json_text_at(&i->authorization.scopes, n), p);
	TRY(page_reply(d, request, reply, "consent", ui_locales, p));
	frame_form_to(reply, i->authorization.text.redirect_uri);
	return ERR_OK;
}

enum err
consent_handler(void *daemon, struct request *request, struct reply *reply)
{
	struct idp *d = daemon;
	AUTO(interaction) i = {0};
	AUTO(session) s = {0};
	enum err e;

	TRY(interaction_of(d, request, &i));
	REQUIRE_WHY(i.client != NULL, ERR_NOT_FOUND, "this flow asks for no consent");
	e = session_of(d, request, &s);
	if (e == ERR_UNAUTHENTICATED)
		return interaction_resume(d, request, reply, &i); /* to sign in first */
	TRY(e);
	return show(d, request, reply, &i, &s);
}

enum err
consent_decide_handler(void *daemon, struct request *request, struct reply *reply)
{
	struct idp *d = daemon;
	const char *decision = request_form(request, "decision");
	AUTO(writer) next = writer_new(ADDRESS_ROOM);
	AUTO(interaction) i = {0};
	AUTO(session) s = {0};

	TRY(same_origin(d, request));
	TRY(interaction_of(d, request, &i));
	REQUIRE_WHY(i.client != NULL, ERR_NOT_FOUND, "this flow asks for no consent");
	TRY(session_of(d, request, &s));
	TRY(csrf_check(CSRF_CONSENT, s.cookie, request_form(request, "csrf")));
	REQUIRE_WHY(decision != NULL && (strcmp(decision, "allow") == 0 || strcmp(decision, "deny") == 0),
		ERR_MALFORMED, "decision: allow or deny");
	if (strcmp(decision, "deny") == 0)
		return interaction_deny(d, request, reply, &i);
	TRY(interaction_consent(d, &i, &s));
	writer_format(&next, "/continue?flow=%s", i.id);
	TRY(writer_done(&next));
	reply_redirect(reply, (const char *)writer_span(&next).ptr);
	return ERR_OK;
}
