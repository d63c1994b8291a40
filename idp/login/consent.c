#include <stdio.h>
#include <string.h>

#include "idp/login/frame.h"
#include "idp/login/login.h"
#include "idp/login/passkey.h"
#include "idp/oidc/interaction.h"
#include "idp/page.h"
#include "idp/store/store.h"

#define CSRF_CONSENT "consent"

enum { MAX_VALUE = 4096 };

/* The page while it is filled. */
struct asking {
	struct idp *d;
	const struct session *s;
	const char *language;
	const struct person_row *person;
	struct page *p;
};

static void
add_word(struct writer *w, const char *word)
{
	writer_text(w, w->len == 0 ? "" : ", ");
	writer_text(w, word);
}

static enum err
write_offices(const struct asking *a, struct writer *w)
{
	const struct db_param p[] = {db_uuid(&a->s->row.person), db_time(clock_now(&a->d->clock))};
	struct json_list rows = {0};
	const struct appointment_row *row;

	TRY(db_pool_all(a->d->db, ST_APPOINTMENTS_OF, p, &rows));
	row = rows.items;
	for (size_t i = 0; i < rows.count; i++)
		if (row[i].valid_from <= clock_now(&a->d->clock))
			add_word(w, row[i].title);
	store_list_free(ST_APPOINTMENTS_OF, &rows);
	return ERR_OK;
}

/* What a scope gives away, as it is in the register: nobody consents to what they have not seen. */
static enum err
write_values(const struct asking *a, const char *scope, struct writer *w)
{
	const struct claims_row *row = claims_of_scope(a->d->claims, scope);
	char key[80];

	for (size_t i = 0; row != NULL && i < row->claims.count; i++) {
		const char *claim = json_text_at(&row->claims, i);

		if (strcmp(claim, "name") == 0) {
			add_word(w, a->person->name);
		} else if (strcmp(claim, "birthdate") == 0) {
			add_word(w, a->person->birthdate);
		} else if (strcmp(claim, "gender") == 0) {
			(void)snprintf(key, sizeof(key), "gender_%.40s", a->person->gender);
			add_word(w,
				strcmp(templates_text(a->d->pages, a->language, key), key) == 0
					? a->person->gender
					: templates_text(a->d->pages, a->language, key));
		} else if (strcmp(claim, "offices") == 0) {
			TRY(write_offices(a, w));
		}
	}
	return writer_done(w);
}

/* A scope in people's words; one that has none is shown as it is. */
static enum err
add_item(const struct asking *a, const char *scope)
{
	AUTO(writer) value = writer_new(MAX_VALUE);
	char key[80];
	const char *what;
	bool known;

	TRY(write_values(a, scope, &value));
	(void)snprintf(key, sizeof(key), "scope_%.40s", scope);
	what = templates_text(a->d->pages, a->language, key);
	known = strcmp(what, key) != 0;
	page_item(a->p, "items");
	page_text(a->p, "what", known ? what : scope);
	(void)snprintf(key, sizeof(key), known ? "scope_%.40s_why" : "scope_other_why", scope);
	page_text(a->p, "why", templates_text(a->d->pages, a->language, key));
	page_span(a->p, "value", writer_span(&value));
	page_item_end(a->p);
	return ERR_OK;
}

static enum err
add_items(const struct asking *a, const struct json_list *scopes)
{
	for (size_t i = 0; i < scopes->count; i++)
		TRY(add_item(a, json_text_at(scopes, i)));
	return ERR_OK;
}

static enum err
show(struct idp *d, const struct request *request, struct reply *reply, const struct interaction *i,
	const struct session *s)
{
	const char *ui_locales = i->authorization.text.ui_locales, *language = page_language(d, request, ui_locales);
	char csrf[CSRF_TEXT_LEN + 1];
	const struct db_param by_id[] = {db_uuid(&s->row.person)};
	AUTO(person_row) person = {0};
	AUTO(page) *p = NULL;

	TRY(db_pool_one(d->db, ST_PERSON_BY_ID, by_id, &person));
	csrf_make(CSRF_CONSENT, s->cookie, csrf);
	TRY(page_new(&p));
	page_text(p, "client", client_name_in(i->client, language));
	page_text(p, "flow", i->id);
	page_text(p, "csrf", csrf);
	page_text(p, "person", s->row.name);
	page_level(p, s->level);
	TRY(add_items(&(struct asking){d, s, language, &person, p}, &i->authorization.scopes));
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
