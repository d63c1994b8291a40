/* Who is at the console: found out anew for each page, since an office may have ended, and a person have been stopped, a moment ago. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "ca/console/console.h"
#include "oidc/office.h"

enum err
visit_roles(const char *offices, struct visit *out)
{
	static char operator_role[] = "ca-operator", registrar_role[] = "registrar";
	AUTO(offices) o = {0};
	size_t count = 0;

	TRY(offices_read(offices, &o));
	const struct office *const holds_operator = offices_find(&o, CONSOLE_AGENCY, operator_role);
	const struct office *const registrar = offices_find(&o, CONSOLE_AGENCY, registrar_role);

	REQUIRE_WHY(holds_operator != NULL || registrar != NULL, ERR_REFUSED,
		"the console is for the offices ca-operator and registrar of agency " CONSOLE_AGENCY);
	out->is_operator = holds_operator != NULL;
	out->is_registrar = registrar != NULL;
	if (out->is_operator)
		out->roles[count++] = operator_role;
	if (out->is_registrar)
		out->roles[count++] = registrar_role;
	out->role_list = (struct json_list){.items = out->roles, .count = count};
	(void)snprintf(out->title, sizeof(out->title), "%.150s",
		holds_operator != NULL ? holds_operator->title : registrar->title);
	return ERR_OK;
}

static enum err
session_find(const struct console *k, const struct request *request, unix_time now, struct visit *v)
{
	const char *const cookie = request_cookie(request, "__Host-" CONSOLE_COOKIE);
	const char *const token = request_cookie(request, "__Host-" CONSOLE_TOKEN_COOKIE);

	REQUIRE_WHY(cookie != NULL && token != NULL, ERR_UNAUTHENTICATED, "nobody is logged in here");
	const struct sha256 id = sha256_of(span_of(cookie)), token_hash = sha256_of(span_of(token));
	const struct db_param params[] = {db_bytes(sha256_span(&id)), db_bytes(sha256_span(&token_hash)), db_time(now)};
	const enum err e = db_pool_one(k->db, CON_SESSION_FIND, params, &v->session);

	REQUIRE_WHY(e != ERR_NOT_FOUND, ERR_UNAUTHENTICATED, "the session has ended");
	TRY(e);
	return span_text(span_of(token), &v->token);
}

/* OpenID Connect Core 5.3.2: what is said of somebody else is not for this session. */
static enum err
ask(const struct console *k, struct visit *v)
{
	AUTO(oidc_now) now = {0};

	TRY(oidc_ask(&k->party, v->token, &now));
	REQUIRE_WHY(strcmp(now.sub, v->session.actor) == 0, ERR_UNAUTHENTICATED, "OpenID Connect Core 5.3.2: sub");
	REQUIRE_WHY(v->session.level >= CONSOLE_LEVEL, ERR_REFUSED, "the console wants a login at level %d",
		CONSOLE_LEVEL);
	return visit_roles(now.offices, v);
}

enum err
visit_find(struct cad *c, const struct request *request, struct visit *out)
{
	const struct console *const k = c->console;

	*out = (struct visit){0};
	TRY(session_find(k, request, cad_now(c), out));
	(void)snprintf(out->actor, sizeof(out->actor), "console:%.140s", out->session.actor);
	return ask(k, out);
}

void
visit_free(struct visit *v)
{
	if (v->session.actor != NULL)
		db_row_free(&console_statements[CON_SESSION_FIND], &v->session);
	free(v->token);
	*v = (struct visit){0};
}

void
console_go(const struct cad *c, const char *path, struct reply *reply)
{
	AUTO(writer) to = writer_new(4096);

	writer_format(&to, "%s%s", c->config.url, path);
	reply_redirect(reply, writer_done(&to) == ERR_OK ? (const char *)writer_span(&to).ptr : "/console");
}

/* ---- the way in ---- */

/* The page that was asked for, to which the browser returns. */
static void
write_back(const struct request *request, struct writer *back)
{
	const char *const query = request_query_raw(request);

	writer_format(back, "%s%s%s", request_path(request), *query != '\0' ? "?" : "", query);
	if (writer_done(back) == ERR_OK)
		return;
	writer_free(back);
	*back = writer_new(MAX_BACK);
	writer_text(back, "/console");
}

static enum err
log_in(const struct cad *c, const struct request *request, struct reply *reply)
{
	const struct console *const k = c->console;
	const unix_time now = cad_now(c);
	AUTO(writer) back = writer_new(MAX_BACK);
	AUTO(writer) url = writer_new(8192);
	struct oidc_login l;

	oidc_login_new(&l);
	write_back(request, &back);
	const struct sha256 state = sha256_of(span_of(l.state)), cookie = sha256_of(span_of(l.cookie));
	const struct db_param params[] = {db_bytes(sha256_span(&state)), db_bytes(sha256_span(&cookie)),
		db_text(l.nonce), db_text(l.verifier), db_text_span(writer_span(&back)),
		db_time(now + CONSOLE_LOGIN_LIFE), db_time(now)};

	TRY(db_pool_run(k->db, CON_LOGIN_NEW, params, NULL));
	oidc_login_url(&k->party, &l, "openid offices", CONSOLE_LEVEL, &url);
	TRY(writer_done(&url));
	reply_cookie(reply, CONSOLE_LOGIN_COOKIE, l.cookie, "Lax", CONSOLE_LOGIN_LIFE);
	reply_redirect(reply, (const char *)writer_span(&url).ptr);
	return ERR_OK;
}

static enum err
is_on(const struct cad *c)
{
	REQUIRE_WHY(c->console != NULL, ERR_NOT_FOUND, "there is no console here (setting console_client_id)");
	return ERR_OK;
}

enum err
console_page(void *daemon, struct request *request, struct reply *reply, console_show *show)
{
	struct cad *const c = daemon;
	AUTO(visit) v = {0};

	TRY(is_on(c));
	const enum err e = visit_find(c, request, &v);

	if (e == ERR_UNAUTHENTICATED) {
		err_forget();
		return log_in(c, request, reply);
	}
	TRY(e);
	return show(c, &v, request, reply);
}

static enum err
form_is_ours(const struct cad *c, const struct visit *v, const struct request *request)
{
	const char *const token = request_form(request, "form"), *const origin = request_header(request, "Origin");

	REQUIRE_WHY(origin != NULL && strcmp(origin, c->config.url) == 0, ERR_REFUSED,
		"this form was sent from another site");
	REQUIRE_WHY(token != NULL && secret_equal(span_of(token), span_of(v->session.form)), ERR_REFUSED,
		"this form is not this session's; open the page again");
	return ERR_OK;
}

enum err
console_change(void *daemon, struct request *request, struct reply *reply, console_show *change)
{
	struct cad *const c = daemon;
	AUTO(visit) v = {0};

	TRY(is_on(c));
	TRY(visit_find(c, request, &v));
	TRY(form_is_ours(c, &v, request));
	return change(c, &v, request, reply);
}

static enum err
login_take(const struct cad *c, const struct oidc_return *r, struct console_login_row *out)
{
	const struct db_param params[] = {db_bytes(sha256_span(&r->state)), db_bytes(sha256_span(&r->cookie)),
		db_time(cad_now(c))};
	const enum err e = db_pool_one(c->console->db, CON_LOGIN_TAKE, params, out);

	REQUIRE_WHY(e != ERR_NOT_FOUND, ERR_UNAUTHENTICATED,
		"this login was used already, took too long, or was not begun in this browser");
	return e;
}

/* Only for whoever may come in: nobody else has a session at all. */
static enum err
session_begin(const struct cad *c, const struct oidc_identity *i, struct reply *reply)
{
	const unix_time now = cad_now(c);
	const int64_t life = i->access_seconds < CONSOLE_SESSION_LIFE ? i->access_seconds : CONSOLE_SESSION_LIFE;
	char cookie[TOKEN_TEXT_LEN + 1], form[TOKEN_TEXT_LEN + 1];
	struct visit unused = {0};

	REQUIRE_WHY(i->level >= CONSOLE_LEVEL, ERR_REFUSED, "the console wants a login at level %d, this one is at %d",
		CONSOLE_LEVEL, (int)i->level);
	TRY(visit_roles(i->offices, &unused));
	random_token(cookie);
	random_token(form);
	const struct sha256 id = sha256_of(span_of(cookie)), token = sha256_of(span_of(i->access_token));
	const struct db_param params[] = {db_bytes(sha256_span(&id)), db_bytes(sha256_span(&token)), db_text(i->sub),
		db_int(i->level), db_text(form), db_time(i->auth_time), db_time(now + life), db_time(now)};

	TRY(db_pool_run(c->console->db, CON_SESSION_NEW, params, NULL));
	reply_cookie(reply, CONSOLE_COOKIE, cookie, "Lax", (int)life);
	reply_cookie(reply, CONSOLE_TOKEN_COOKIE, i->access_token, "Lax", (int)life);
	return ERR_OK;
}

static enum err
identify(const struct cad *c, const struct oidc_return *r, const struct console_login_row *login, struct reply *reply)
{
	AUTO(oidc_identity) i = {0};

	TRY(oidc_redeem(&c->console->party, r, login->nonce, login->verifier, cad_now(c), &i));
	return session_begin(c, &i, reply);
}

enum err
console_callback(void *daemon, struct request *request, struct reply *reply)
{
	struct cad *const c = daemon;
	struct console_login_row login = {0};
	struct oidc_return r;

	TRY(is_on(c));
	TRY(oidc_return_read(&c->console->party, request, "__Host-" CONSOLE_LOGIN_COOKIE, &r));
	TRY(login_take(c, &r, &login));
	const enum err e = identify(c, &r, &login, reply);

	reply_cookie(reply, CONSOLE_LOGIN_COOKIE, "", "Lax", 0);
	if (e == ERR_OK)
		console_go(c, login.back, reply);
	db_row_free(&console_statements[CON_LOGIN_TAKE], &login);
	return e;
}

/* ---- the way out ---- */

static enum err
leave(struct cad *c, const struct visit *v, struct request *request, struct reply *reply)
{
	const struct sha256 id = sha256_of(span_of(request_cookie(request, "__Host-" CONSOLE_COOKIE)));
	const struct db_param params[] = {db_bytes(sha256_span(&id))};
	AUTO(writer) to = writer_new(1024);

	(void)v;
	TRY(db_pool_run(c->console->db, CON_SESSION_END, params, NULL));
	reply_cookie(reply, CONSOLE_COOKIE, "", "Lax", 0);
	reply_cookie(reply, CONSOLE_TOKEN_COOKIE, "", "Lax", 0);
	/* The identity provider's own session opens the console again without a word: it is what must end. */
	writer_format(&to, "%s/end_session", c->config.console_issuer);
	TRY(writer_done(&to));
	reply_redirect(reply, (const char *)writer_span(&to).ptr);
	return ERR_OK;
}

enum err
console_leave(void *daemon, struct request *request, struct reply *reply)
{
	return console_change(daemon, request, reply, leave);
}
