#include "idp/oidc/interaction.h"

#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "idp/oidc/redirect.h"
#include "idp/store/record.h"
#include "idp/store/store.h"

static const struct uuid nobody;

static bool
is_set(const struct uuid *u)
{
	return memcmp(u, &nobody, sizeof(nobody)) != 0;
}

void
interaction_free(struct interaction *i)
{
	client_free(&i->client);
	authorization_free(&i->authorization);
	free(i->return_to);
	*i = (struct interaction){0};
}

/* ---- parking ---- */

/* The flow cookie's value: the browser's, or a fresh one that goes out with the reply. */
static struct span
flow_cookie(const struct request *request, struct reply *reply, char fresh[TOKEN_TEXT_LEN + 1])
{
	const char *cookie = request_cookie(request, FLOW_COOKIE);

	if (cookie != NULL && strlen(cookie) == TOKEN_TEXT_LEN)
		return span_of(cookie);
	random_token(fresh);
	reply_cookie(reply, FLOW_COOKIE, fresh, "Lax", -1);
	return span_of(fresh);
}

static enum err
park(struct idp *d, const struct request *request, struct reply *reply, struct interaction *i)
{
	char fresh[TOKEN_TEXT_LEN + 1];
	const struct sha256 browser = sha256_of(flow_cookie(request, reply, fresh));
	const unix_time now = clock_now(&d->clock);
	AUTO(writer) json = writer_new(MAX_AUTHORIZATION);

	random_token(i->id);
	if (i->client != NULL)
		TRY(authorization_text_write(&i->authorization.text, &json));
	const struct db_param p[] = {
		db_text(i->id),
		db_bytes(sha256_span(&browser)),
		db_text(i->client != NULL ? i->client->row.id : NULL),
		db_json(i->client != NULL ? writer_span(&json) : (struct span){NULL, 0}),
		db_text(i->return_to),
		db_int(i->level),
		db_uuid(is_set(&i->session_before) ? &i->session_before : NULL),
		db_time(now),
		db_time(now + FLOW_SECONDS),
	};
	TRY(db_pool_run(d->db, ST_INTERACTION_ADD, p, NULL));
	i->parked = true;
	return ERR_OK;
}

/* ---- finding it again ---- */
static enum err
authorization_again(struct idp *d, const struct interaction_row *row, struct interaction *out)
{
	struct authorization_text text;
	const char *code;
	enum err e;

	TRY(client_find(d, row->client, &out->client));
	TRY(json_decode(span_of(row->request), &authorization_text_table, &text));
	e = redirect_registered(out->client, text.redirect_uri) ? ERR_OK : ERR_NOT_FOUND;
	if (e == ERR_OK)
		e = authorization_check(&text, out->client, &d->assurance, d->claims, true, &out->authorization, &code);
	authorization_text_free(&text);
	return e;
}

static enum err
interaction_read(struct idp *d, struct interaction_row *row, struct interaction *out)
{
	memcpy(out->id, row->id, FLOW_ID_LEN + 1);
	out->level = row->level;
	out->parked = true;
	out->session_before = row->session_before;
	out->consented_by = row->consented_by;
	out->return_to = row->return_to;
	row->return_to = NULL;
	return row->client != NULL ? authorization_again(d, row, out) : ERR_OK;
}

enum err
interaction_of(struct idp *d, const struct request *request, struct interaction *out)
{
	const char *cookie = request_cookie(request, FLOW_COOKIE);
	const char *in_query = request_query(request, "flow");
	const char *id = in_query != NULL ? in_query : request_form(request, "flow");
	const struct sha256 browser = sha256_of(span_of(cookie));
	AUTO(interaction_row) row = {0};
	enum err e;

	*out = (struct interaction){0};
	REQUIRE_WHY(id != NULL && strlen(id) == FLOW_ID_LEN, ERR_NOT_FOUND, "no flow is named");
	REQUIRE_WHY(cookie != NULL, ERR_REFUSED, "this browser has no flow cookie");
	const struct db_param p[] = {db_text(id), db_bytes(sha256_span(&browser)), db_time(clock_now(&d->clock))};
	e = db_pool_one(d->db, ST_INTERACTION_OF, p, &row);
	if (e == ERR_NOT_FOUND)
		return err_because(e, "the flow has ended, or is another browser's");
	TRY(e);
	e = interaction_read(d, &row, out);
	if (e != ERR_OK)
		interaction_free(out);
	else
		out->cookie = span_of(cookie);
	return e;
}

/* ---- consent ---- */
enum err
interaction_consent(struct idp *d, const struct interaction *i, const struct session *s)
{
	const unix_time now = clock_now(&d->clock);
	AUTO(writer) w = writer_new(MAX_ENTRY);
	AUTO(writer) scope = writer_new(MAX_ENTRY);
	struct json_writer j = json_to(&w);
	AUTO(event) event = {0};
	AUTO(text_row) given = {0};

	REQUIRE_WHY(i->client != NULL, ERR_MALFORMED, "this flow asks for no consent");
	TRY(words_join(&i->authorization.scopes, &scope));
	json_object(&j, NULL);
	json_text(&j, "client", i->client->row.id);
	json_span(&j, "scope", writer_span(&scope));
	json_object_end(&j);
	TRY(writer_done(&w));
	TRY(record_make(&event, "consent.given", LOG_TREE_PRIVATE, now, SPAN(""), writer_span(&w)));
	struct db_param p[6 + EVENT_PARAM_COUNT] = {db_text(i->id), db_uuid(&s->row.person), db_text(i->client->row.id),
		db_texts(&i->authorization.scopes), db_time(now), db_text(i->client->row.sector)};
	record_params(&event, p + 6);
	return db_pool_one(d->db, ST_CONSENT_GIVE, p, &given);
}

static enum err
drop(struct idp *d, const struct interaction *i)
{
	const struct db_param p[] = {db_text(i->id)};

	return i->parked ? db_pool_run(d->db, ST_INTERACTION_DROP, p, NULL) : ERR_OK;
}

/* Ends the flow with an error for the portal. */
static enum err
fail(struct idp *d, struct reply *reply, const struct interaction *i, const char *code)
{
	TRY(drop(d, i));
	return redirect_error(d, reply, i->client, &i->authorization.text, code);
}

enum err
interaction_deny(struct idp *d, const struct request *request, struct reply *reply, struct interaction *i)
{
	(void)request;
	err_forget();
	if (i->client != NULL)
		return fail(d, reply, i, OAUTH_ACCESS_DENIED);
	TRY(drop(d, i));
	reply_redirect(reply, "/");
	return ERR_OK;
}

/* ---- deciding ---- */
static enum err
consent_stored(struct idp *d, const struct interaction *i, const struct session *s, bool *out)
{
	const struct db_param p[] = {db_uuid(&s->row.person), db_text(i->client->row.id),
		db_texts(&i->authorization.scopes)};
	AUTO(text_row) row = {0};
	const enum err e = db_pool_one(d->db, ST_CONSENT_OF, p, &row);

	*out = e == ERR_OK;
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err
facts_of(struct idp *d, const struct interaction *i, const struct session *s, struct step_facts *f)
{
	*f = (struct step_facts){.required = i->level, .now = clock_now(&d->clock), .max_age = -1};
	if (i->client != NULL) {
		f->prompt_login = i->authorization.prompt_login;
		f->prompt_consent = i->authorization.prompt_consent;
		f->max_age = i->authorization.max_age;
	}
	if (s == NULL)
		return ERR_OK;
	f->has_session = true;
	f->level = s->level;
	f->proofing = s->row.proofing;
	f->auth_time = s->row.auth_time;
	f->logged_in_here = i->parked && memcmp(&s->row.id, &i->session_before, sizeof(s->row.id)) != 0;
	f->consented_here = i->client == NULL || memcmp(&i->consented_by, &s->row.person, sizeof(s->row.person)) == 0;
	return i->client == NULL || f->consented_here ? ERR_OK : consent_stored(d, i, s, &f->consent_stored);
}

static enum err
send_to(struct idp *d, const struct request *request, struct reply *reply, struct interaction *i, const char *page)
{
	const struct redirect_pair pairs[] = {{"flow", i->id}, {NULL, NULL}};

	if (!i->parked)
		TRY(park(d, request, reply, i));
	return redirect_to(reply, page, pairs);
}

/* prompt=none: what would show a page is an error instead (OpenID Connect Core 3.1.2.6). */
static const char *
error_of_step(enum step step)
{
	switch (step) {
	case STEP_CONSENT:
		return OAUTH_CONSENT_REQUIRED;
	case STEP_UNMET:
		return OAUTH_UNMET_AUTHENTICATION;
	default:
		return OAUTH_LOGIN_REQUIRED;
	}
}

/* A page of our own has its session: on to it. */
static enum err
arrive(struct idp *d, struct reply *reply, const struct interaction *i)
{
	TRY(drop(d, i));
	reply_redirect(reply, i->return_to);
	return ERR_OK;
}

static enum err
take_step(struct idp *d, const struct request *request, struct reply *reply, struct interaction *i,
	const struct session *s, enum step step)
{
	err_forget();
	if (i->client != NULL && (step == STEP_UNMET || (step != STEP_ISSUE && i->authorization.prompt_none)))
		return fail(d, reply, i, error_of_step(step));
	switch (step) {
	case STEP_CONSENT:
		return send_to(d, request, reply, i, "/consent");
	case STEP_ISSUE:
		return i->client != NULL ? interaction_issue(d, reply, i, s) : arrive(d, reply, i);
	case STEP_UNMET:
		return err_because(ERR_REFUSED,
			"this page needs a higher proof of identity than this person has given");
	default:
		return send_to(d, request, reply, i, "/login");
	}
}

enum err
interaction_resume(struct idp *d, const struct request *request, struct reply *reply, struct interaction *i)
{
	struct session s;
	struct step_facts facts;
	const enum err found = session_of(d, request, &s);
	enum err e;

	if (found != ERR_OK && found != ERR_UNAUTHENTICATED)
		return found;
	if (found == ERR_OK && !i->parked)
		i->session_before = s.row.id;
	e = facts_of(d, i, found == ERR_OK ? &s : NULL, &facts);
	if (e == ERR_OK)
		e = take_step(d, request, reply, i, &s, interaction_step(&facts));
	session_free(&s);
	return e;
}

enum err
interaction_begin(struct idp *d, const struct request *request, struct reply *reply, struct client *client,
	struct authorization *authorization)
{
	AUTO(interaction) i = {.client = client, .authorization = *authorization, .level = authorization->level};

	*authorization = (struct authorization){0};
	return interaction_resume(d, request, reply, &i);
}

enum err
interaction_begin_page(struct idp *d, const struct request *request, struct reply *reply, const char *return_to,
	int64_t level)
{
	AUTO(interaction) i = {.level = level};

	TRY(span_text(span_of(return_to), &i.return_to));
	return send_to(d, request, reply, &i, "/login");
}

enum err
continue_handler(void *daemon, struct request *request, struct reply *reply)
{
	AUTO(interaction) i = {0};

	TRY(interaction_of(daemon, request, &i));
	return interaction_resume(daemon, request, reply, &i);
}
