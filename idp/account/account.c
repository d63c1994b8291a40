#include "idp/account/account.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "idp/account/device.h"
#include "idp/client/client.h"
#include "idp/login/frame.h"
#include "idp/oidc/interaction.h"
#include "idp/page.h"
#include "idp/store/store.h"

enum { SHOWN_EVENTS = 50, MAX_LINE = 2048 };

/* The page while it is filled. */
struct filling {
	struct idp *d;
	const struct session *s;
	const char *language;
	struct page *p;
};

static const char *
text(const struct filling *f, const char *key)
{
	return templates_text(f->d->pages, f->language, key);
}

static enum err
passkeys(const struct filling *f)
{
	const struct db_param p[] = {db_uuid(&f->s->row.person)};
	struct json_list rows = {0};
	const struct credential_row *row;

	TRY(db_pool_all(f->d->db, ST_CREDENTIALS_OF, p, &rows));
	row = rows.items;
	for (size_t i = 0; i < rows.count; i++) {
		AUTO(writer) id = writer_new(MAX_LINE);

		base64url_write(&id, span_at(row[i].id.ptr, row[i].id.len));
		page_item(f->p, "passkeys");
		page_text(f->p, "name", row[i].name);
		page_span(f->p, "id", writer_span(&id));
		page_bool(f->p, "device_bound", !row[i].backup_eligible);
		page_bool(f->p, "removable", rows.count > 1);
		page_time(f->p, "created", row[i].created_at);
		page_time(f->p, "used", row[i].last_used_at);
		page_item_end(f->p);
	}
	page_bool(f->p, "only_one", rows.count == 1);
	store_list_free(ST_CREDENTIALS_OF, &rows);
	return ERR_OK;
}

static enum err
sessions(const struct filling *f)
{
	const struct db_param p[] = {db_uuid(&f->s->row.person)};
	struct json_list rows = {0};
	const struct session_row *row;

	TRY(db_pool_all(f->d->db, ST_SESSIONS_OF, p, &rows));
	row = rows.items;
	for (size_t i = 0; i < rows.count; i++) {
		AUTO(writer) id = writer_new(MAX_LINE);
		AUTO(writer) device = writer_new(MAX_LINE);

		uuid_write(&id, &row[i].id);
		device_write(&device, row[i].device);
		page_item(f->p, "sessions");
		page_span(f->p, "id", writer_span(&id));
		page_span(f->p, "device", writer_span(&device));
		page_bool(f->p, "this_one", span_equal(uuid_span(&row[i].id), uuid_span(&f->s->row.id)));
		page_time(f->p, "since", row[i].auth_time);
		page_time(f->p, "seen", row[i].last_seen);
		page_item_end(f->p);
	}
	store_list_free(ST_SESSIONS_OF, &rows);
	return ERR_OK;
}

/* "Name, Your public offices" */
static void
write_scopes(const struct filling *f, const struct json_list *scopes, struct writer *w)
{
	for (size_t i = 0; i < scopes->count; i++) {
		char key[80];

		(void)snprintf(key, sizeof(key), "scope_%.60s", json_text_at(scopes, i));
		if (strcmp(key, "scope_openid") == 0 && scopes->count > 1)
			continue;
		writer_text(w, w->len == 0 ? "" : ", ");
		writer_text(w, strcmp(text(f, key), key) == 0 ? json_text_at(scopes, i) : text(f, key));
	}
}

static enum err
services(const struct filling *f)
{
	const struct db_param p[] = {db_uuid(&f->s->row.person)};
	struct json_list rows = {0};
	const struct consent_row *row;

	TRY(db_pool_all(f->d->db, ST_CONSENTS_OF, p, &rows));
	row = rows.items;
	for (size_t i = 0; i < rows.count; i++) {
		AUTO(writer) shared = writer_new(MAX_LINE);
		AUTO(client) *c = NULL;

		write_scopes(f, &row[i].scopes, &shared);
		page_item(f->p, "services");
		page_text(f->p, "service",
			client_find(f->d, row[i].client, &c) == ERR_OK ? client_name_in(c, f->language)
								       : row[i].client);
		page_text(f->p, "id", row[i].client);
		page_span(f->p, "shared", writer_span(&shared));
		page_time(f->p, "given", row[i].given_at);
		page_item_end(f->p);
	}
	page_bool(f->p, "has_services", rows.count > 0);
	store_list_free(ST_CONSENTS_OF, &rows);
	return ERR_OK;
}

/* What of an event's private part says more than its kind. */
struct details {
	char *client, *means, *name, *why;
};
static const struct json_row details_rows[] = {
	{"client", JSON_TEXT, JSON_OPTIONAL, offsetof(struct details, client), 0, 0, NULL, 0},
	{"means", JSON_TEXT, JSON_OPTIONAL, offsetof(struct details, means), 0, 0, NULL, 0},
	{"name", JSON_TEXT, JSON_OPTIONAL, offsetof(struct details, name), 0, 0, NULL, 0},
	{"why", JSON_TEXT, JSON_OPTIONAL, offsetof(struct details, why), 0, 0, NULL, 0},
};
static const struct json_table details_table = {"event", details_rows, 4, sizeof(struct details), true};

static void
add_event(const struct filling *f, const struct event_row *row)
{
	struct details d = {0};
	AUTO(client) *c = NULL;
	char key[80];
	const char *about;

	if (row->details != NULL && json_decode(span_of(row->details), &details_table, &d) != ERR_OK)
		err_forget();
	about = d.means != NULL ? d.means : d.name != NULL ? d.name : d.why;
	/* A certificate's serial number says nothing to its holder. */
	if (d.means != NULL && row->channel != NULL && strcmp(row->channel, "card") == 0)
		about = text(f, "means_card");
	if (d.client != NULL)
		about = client_find(f->d, d.client, &c) == ERR_OK ? client_name_in(c, f->language) : d.client;
	(void)snprintf(key, sizeof(key), "event_%.60s", row->type);
	for (char *at = key; *at != '\0'; at++)
		*at = *at == '.' || *at == '-' ? '_' : *at;
	page_item(f->p, "events");
	page_time(f->p, "at", row->at);
	page_text(f->p, "event", strcmp(text(f, key), key) == 0 ? text(f, "event_other") : text(f, key));
	page_text(f->p, "about", about);
	page_item_end(f->p);
	json_free(&details_table, &d);
}

static enum err
history(const struct filling *f)
{
	const struct db_param p[] = {db_uuid(&f->s->row.person), db_time(clock_now(&f->d->clock) + 1),
		db_int(SHOWN_EVENTS)};
	struct json_list rows = {0};
	const struct event_row *row;

	TRY(db_pool_all(f->d->db, ST_EVENTS_OF, p, &rows));
	row = rows.items;
	for (size_t i = 0; i < rows.count; i++)
		add_event(f, &row[i]);
	store_list_free(ST_EVENTS_OF, &rows);
	return ERR_OK;
}

/* ?done= after a change, from the words we know. */
static const char *
notice_key(const char *done)
{
	static const char *const keys[] = {"account_notice_added", "account_notice_removed", "account_notice_ended",
		"account_notice_withdrawn"};

	for (size_t i = 0; done != NULL && i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(keys[i] + strlen("account_notice_"), done) == 0)
			return keys[i];
	return NULL;
}

static enum err
fill(const struct filling *f, const struct request *request)
{
	const char *notice = notice_key(request_query(request, "done"));
	char csrf[CSRF_TEXT_LEN + 1], csrf_logout[CSRF_TEXT_LEN + 1];

	csrf_make(CSRF_ACCOUNT, f->s->cookie, csrf);
	csrf_make(CSRF_LOGOUT_FORM, f->s->cookie, csrf_logout);
	page_text(f->p, "csrf", csrf);
	page_text(f->p, "csrf_logout", csrf_logout);
	page_text(f->p, "person", f->s->row.name);
	page_text(f->p, "notice", notice == NULL ? NULL : text(f, notice));
	page_level(f->p, f->s->row.proofing);
	TRY(passkeys(f));
	TRY(sessions(f));
	TRY(services(f));
	return history(f);
}

enum err
account_handler(void *daemon, struct request *request, struct reply *reply)
{
	struct idp *d = daemon;
	AUTO(session) s = {0};
	AUTO(page) *p = NULL;
	enum err e = session_of(d, request, &s);

	if (e == ERR_UNAUTHENTICATED)
		return interaction_begin_page(d, request, reply, "/account", 1);
	TRY(e);
	TRY(page_new(&p));
	TRY(fill(&(struct filling){d, &s, page_language(d, request, NULL), p}, request));
	return page_reply(d, request, reply, "account", NULL, p);
}
