#include "idp/session/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "idp/assurance/assurance.h"
#include "idp/oidc/interaction.h"
#include "idp/store/record.h"
#include "idp/store/store.h"

enum { SEEN_SECONDS = 60, MAX_DEVICE = 200 };

static struct json_list
amr_list(const char *const *amr)
{
	size_t n = 0;

	while (amr[n] != NULL)
		n++;
	return (struct json_list){(void *)(uintptr_t)amr, n}; /* borrowed for one call, only read */
}

/* What the browser calls itself, for the person's own list of sessions: text only, shortened at a character. */
static struct span
device_of(const struct request *request)
{
	const char *agent = request_header(request, "User-Agent");
	struct span s = span_of(agent != NULL ? agent : "");

	if (!span_is_text(s))
		return SPAN("");
	if (s.len > MAX_DEVICE) {
		s.len = MAX_DEVICE;
		while (s.len > 0 && !span_is_text(s))
			s.len--;
	}
	return s;
}

static enum err
login_event(struct idp *d, const struct login *l, const struct uuid *session, struct event *e)
{
	AUTO(writer) w = writer_new(MAX_ENTRY);
	AUTO(writer) id = writer_new(UUID_TEXT_LEN);
	struct json_writer j = json_to(&w);

	uuid_write(&id, session);
	json_object(&j, NULL);
	json_span(&j, "session", writer_span(&id));
	json_text(&j, "channel", l->channel);
	json_text(&j, "means", l->means);
	json_int(&j, "authenticator", l->authenticator);
	json_object_end(&j);
	TRY(writer_done(&w));
	return record_make(e, "login.succeeded", LOG_TREE_PRIVATE, clock_now(&d->clock), SPAN(""), writer_span(&w));
}

/* The one statement said no: tell a frozen person from a counter that went back. */
static enum err
why_not_opened(struct idp *d, const struct login *l)
{
	const struct db_param p[] = {db_uuid(&l->person)};
	AUTO(person_row) person = {0};

	TRY(db_pool_one(d->db, ST_PERSON_BY_ID, p, &person));
	REQUIRE_WHY(person.frozen_at == 0, ERR_REVOKED, "this person is frozen");
	return err_because(ERR_USED,
		"WebAuthn 7.2 step 22: the signature counter did not go up: a copy of the authenticator?");
}

static enum err
open_row(struct idp *d, const struct request *request, const struct login *l, const char *token, struct uuid *id)
{
	const char *former = request_cookie(request, SESSION_COOKIE);
	const struct sha256 hash = sha256_of(span_of(token)), former_hash = sha256_of(span_of(former));
	const struct json_list amr = amr_list(l->amr);
	struct uuid_row row;
	AUTO(event) event = {0};
	enum err e;

	*id = uuid_random();
	TRY(login_event(d, l, id, &event));
	struct db_param p[13 + EVENT_PARAM_COUNT] = {
		db_uuid(id),
		db_uuid(&l->person),
		db_bytes(sha256_span(&hash)),
		db_text(l->channel),
		db_int(l->authenticator),
		db_int(l->bound_level),
		db_texts(&amr),
		db_text_span(device_of(request)),
		db_time(clock_now(&d->clock)),
		db_bytes(l->credential.len > 0 ? l->credential : (struct span){NULL, 0}),
		db_int(l->counter),
		db_bool(l->backed_up),
		db_bytes(former != NULL ? sha256_span(&former_hash) : (struct span){NULL, 0}),
	};
	record_params(&event, p + 13);
	e = db_pool_one(d->db, ST_SESSION_OPEN, p, &row);
	return e == ERR_NOT_FOUND ? why_not_opened(d, l) : e;
}

static int64_t
level_now(const struct idp *d, const struct session_row *row)
{
	const struct assurance_facts facts = {row->proofing, row->authenticator, row->bound_level, row->ceiling,
		row->auth_time, row->last_seen};

	return assurance_level(&d->assurance, &facts, clock_now(&d->clock));
}

static enum err
session_read(struct idp *d, struct span token, struct session *out)
{
	const struct sha256 hash = sha256_of(token);
	const struct db_param p[] = {db_bytes(sha256_span(&hash))};
	enum err e;

	*out = (struct session){0};
	e = db_pool_one(d->db, ST_SESSION_BY_HASH, p, &out->row);
	if (e == ERR_NOT_FOUND)
		return err_because(ERR_UNAUTHENTICATED, "this session has ended");
	TRY(e);
	out->level = level_now(d, &out->row);
	if (out->level > 0)
		return ERR_OK;
	session_free(out);
	return err_because(ERR_UNAUTHENTICATED, "this session is too old");
}

enum err
session_open(struct idp *d, struct request *request, struct reply *reply, const struct login *login,
	struct session *out)
{
	char token[TOKEN_TEXT_LEN + 1];
	struct uuid id;

	random_token(token);
	TRY(open_row(d, request, login, token, &id));
	reply_cookie(reply, SESSION_COOKIE, token, "Lax", -1);
	return out != NULL ? session_read(d, span_of(token), out) : ERR_OK;
}

/* Once a minute is often enough: idle limits are many minutes. A level lost to idleness is noted with it, or the next request would have it back. */
static enum err
session_seen(struct idp *d, struct session *s)
{
	const unix_time now = clock_now(&d->clock);
	const struct db_param p[] = {db_uuid(&s->row.id), db_time(now), db_int(s->level)};

	if (now - s->row.last_seen < SEEN_SECONDS)
		return ERR_OK;
	TRY(db_pool_run(d->db, ST_SESSION_SEEN, p, NULL));
	s->row.last_seen = now;
	return ERR_OK;
}

enum err
session_of(struct idp *d, const struct request *request, struct session *out)
{
	const char *cookie = request_cookie(request, SESSION_COOKIE);
	enum err e;

	*out = (struct session){0};
	REQUIRE(cookie != NULL && strlen(cookie) == TOKEN_TEXT_LEN, ERR_UNAUTHENTICATED);
	TRY(session_read(d, span_of(cookie), out));
	out->cookie = span_of(cookie);
	e = session_seen(d, out);
	if (e != ERR_OK)
		session_free(out);
	return e;
}

void
session_free(struct session *s)
{
	session_row_free(&s->row);
	*s = (struct session){0};
}

enum err
session_end(struct idp *d, const struct request *request, struct reply *reply)
{
	const char *cookie = request_cookie(request, SESSION_COOKIE);
	const struct sha256 hash = sha256_of(span_of(cookie));
	const unix_time now = clock_now(&d->clock);
	struct db_param p[2 + EVENT_PARAM_COUNT] = {db_bytes(sha256_span(&hash)), db_time(now)};
	struct uuid_row row;
	AUTO(event) event = {0};
	enum err e;

	if (cookie == NULL)
		return ERR_OK;
	TRY(record_make(&event, "session.ended", LOG_TREE_PRIVATE, now, SPAN(""), SPAN("")));
	record_params(&event, p + 2);
	e = db_pool_one(d->db, ST_SESSION_END, p, &row);
	reply_cookie(reply, SESSION_COOKIE, "", "Lax", 0);
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err
login_failed(struct idp *d, const struct uuid *person, const char *channel, const char *why)
{
	AUTO(writer) w = writer_new(MAX_ENTRY);
	struct json_writer j = json_to(&w);
	AUTO(db) *db = NULL;
	AUTO(event) event = {0};

	json_object(&j, NULL);
	json_text(&j, "why", why);
	json_object_end(&j);
	TRY(writer_done(&w));
	TRY(record_make(&event, "login.failed", LOG_TREE_PRIVATE, clock_now(&d->clock), SPAN(""), writer_span(&w)));
	TRY(db_lease(d->db, &db));
	return record_add(db, &event, NULL, person, NULL, channel);
}

/* ---- the guard ---- */
static void
free_attached(void *thing)
{
	session_free(thing);
	free(thing);
}

static enum err
session_guard(void *daemon, struct request *request, struct reply *reply)
{
	struct session *s = calloc(1, sizeof(*s));
	enum err e;

	REQUIRE(s != NULL, ERR_NO_MEMORY);
	e = session_of(daemon, request, s);
	if (e == ERR_OK) {
		request_attach(request, s, free_attached);
		return ERR_OK;
	}
	free(s);
	(void)reply;
	return e;
}

const struct http_guard SESSION_GUARD = {"session", session_guard};

const struct session *
session_attached(const struct request *request)
{
	return request_attached(request);
}
