#include <stdlib.h>
#include <string.h>

#include "idp/client/client.h"
#include "idp/login/frame.h"
#include "idp/oidc/endpoints.h"
#include "idp/oidc/published.h"
#include "idp/oidc/redirect.h"
#include "idp/page.h"
#include "idp/session/session.h"
#include "idp/store/store.h"
#include "jose/jose.h"

#define CSRF_LOGOUT "logout"

/* OpenID Connect RP-Initiated Logout 2, from the query or the form. Borrowed from the request. */
struct logout {
	const char *hint, *client_id, *redirect, *state, *csrf;
};

/* What an old ID token of ours says; its end may be past (2). */
struct hint {
	char *iss, *sub, *aud;
};
static const struct json_row hint_rows[] = {
	{"iss", JSON_TEXT, JSON_REQUIRED, offsetof(struct hint, iss), 0, 255, NULL, 0},
	{"sub", JSON_TEXT, JSON_REQUIRED, offsetof(struct hint, sub), 0, 255, NULL, 0},
	{"aud", JSON_TEXT, JSON_REQUIRED, offsetof(struct hint, aud), 0, 255, NULL, 0},
};
static const struct json_table hint_table = {"id_token_hint", hint_rows, 3, sizeof(struct hint), true};

static void
hint_free(struct hint *h)
{
	json_free(&hint_table, h);
}

static const char *
parameter(const struct request *request, const char *name)
{
	const char *value = request_query(request, name);

	return value != NULL ? value : request_form(request, name);
}

static enum err
hint_read(const struct idp *d, const char *text, struct hint *out)
{
	AUTO(jws) j = {0};

	TRY(jws_verify(span_of(text), d->published->keys, "JWT", &j));
	TRY(json_decode(span_at(j.payload.ptr, j.payload.len), &hint_table, out));
	if (strcmp(out->iss, d->settings.issuer) == 0)
		return ERR_OK;
	hint_free(out);
	return err_because(ERR_MISMATCH, "id_token_hint is not ours");
}

/* Does the portal's token name the person whose session this is? Then the person need not be asked. */
static bool
same_person(struct idp *d, const struct session *s, const struct client *c, const char *sub)
{
	const struct db_param p[] = {db_uuid(&s->row.person), db_text(c->row.sector), db_text(sub)};
	AUTO(text_row) row = {0};

	return db_pool_one(d->db, ST_SUBJECT_IS, p, &row) == ERR_OK;
}

/* Only where the client has registered to go: an address is anybody's to write. */
static bool
leads_on(const struct logout *l, const struct client *c)
{
	return c != NULL && l->redirect != NULL && json_texts_have(&c->row.post_logout_redirect_uris, l->redirect);
}

static enum err
ask(struct idp *d, const struct request *request, struct reply *reply, const struct logout *l, const struct client *c,
	const struct session *s)
{
	AUTO(page) *p = NULL;
	char csrf[CSRF_TEXT_LEN + 1];

	csrf_make(CSRF_LOGOUT, s->cookie, csrf);
	TRY(page_new(&p));
	page_text(p, "csrf", csrf);
	page_text(p, "client_id", l->client_id);
	page_text(p, "post_logout_redirect_uri", l->redirect);
	page_text(p, "state", l->state);
	page_text(p, "name", s->row.name);
	TRY(page_reply(d, request, reply, "logout", parameter(request, "ui_locales"), p));
	/* the form ends at the portal that sent the person here */
	frame_form_to(reply, leads_on(l, c) ? l->redirect : NULL);
	return ERR_OK;
}

static enum err
leave(struct idp *d, const struct request *request, struct reply *reply, const struct logout *l, const struct client *c)
{
	const struct redirect_pair pairs[] = {{"state", l->state}, {NULL, NULL}};

	TRY(session_end(d, request, reply));
	if (leads_on(l, c))
		return redirect_to(reply, l->redirect, pairs);
	return page_reply(d, request, reply, "logged_out", parameter(request, "ui_locales"), NULL);
}

static enum err
decide(struct idp *d, const struct request *request, struct reply *reply, const struct logout *l,
	const struct client *c, const char *sub)
{
	struct session s;
	const enum err found = session_of(d, request, &s);
	enum err e;

	if (found != ERR_OK && found != ERR_UNAUTHENTICATED)
		return found;
	if (found == ERR_UNAUTHENTICATED)
		return leave(d, request, reply, l, c);
	if (l->csrf != NULL)
		e = csrf_check(CSRF_LOGOUT, s.cookie, l->csrf);
	else if (c != NULL && sub != NULL && same_person(d, &s, c, sub))
		e = ERR_OK;
	else {
		e = ask(d, request, reply, l, c, &s);
		session_free(&s);
		return e;
	}
	session_free(&s);
	TRY(e);
	return leave(d, request, reply, l, c);
}

enum err
end_session_handler(void *daemon, struct request *request, struct reply *reply)
{
	struct idp *d = daemon;
	struct logout l = {parameter(request, "id_token_hint"), parameter(request, "client_id"),
		parameter(request, "post_logout_redirect_uri"), parameter(request, "state"),
		request_form(request, "csrf")};
	AUTO(client) *c = NULL;
	AUTO(hint) h = {0};
	enum err e;

	if (l.hint != NULL && hint_read(d, l.hint, &h) != ERR_OK)
		return page_error(d, request, reply, 400, "error_logout");
	if (h.aud != NULL && l.client_id != NULL && strcmp(h.aud, l.client_id) != 0)
		return page_error(d, request, reply, 400, "error_logout");
	if (h.aud != NULL)
		l.client_id = h.aud;
	e = l.client_id != NULL ? client_find(d, l.client_id, &c) : ERR_NOT_FOUND;
	if (e != ERR_OK && e != ERR_NOT_FOUND)
		return e;
	return decide(d, request, reply, &l, c, h.sub);
}
