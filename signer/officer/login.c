#include "oidc/party.h"
#include "signer/officer/officer.h"

static struct sha256
hash_of(const char *text)
{
	return sha256_of(span_of(text));
}

/* uri: has the redirect URI, which the party borrows. */
static enum err
party(const struct signer *s, struct writer *uri, struct oidc_party *out)
{
	writer_format(uri, "%s/officer/cb", s->settings.url);
	TRY(writer_done(uri));
	*out = (struct oidc_party){.issuer = s->settings.issuer,
		.client_id = s->settings.client_id,
		.redirect_uri = (const char *)writer_span(uri).ptr,
		.tls_ca = s->settings.tls_ca,
		.key = s->client_key,
		.keys = s->issuer};
	return ERR_OK;
}

enum err
officer_login(struct signer *s, const struct uuid *decision, struct reply *reply)
{
	AUTO(writer) uri = writer_new(1024);
	AUTO(writer) url = writer_new(8192);
	struct oidc_party p;
	struct oidc_login l;

	TRY(party(s, &uri, &p));
	oidc_login_new(&l);
	const struct sha256 state_hash = hash_of(l.state), cookie_hash = hash_of(l.cookie);
	const struct db_param params[] = {
		db_bytes(sha256_span(&state_hash)),
		db_bytes(sha256_span(&cookie_hash)),
		db_text(l.nonce),
		db_text(l.verifier),
		db_uuid(decision),
		db_time(clock_now(&s->clock) + OFFICER_LOGIN_LIFE),
	};

	TRY(db_pool_run(s->db, OFFICER_LOGIN_NEW, params, NULL));
	oidc_login_url(&p, &l, "openid offices", 3, &url);
	TRY(writer_done(&url));
	reply_cookie(reply, OFFICER_LOGIN_COOKIE, l.cookie, "Lax", OFFICER_LOGIN_LIFE);
	reply_redirect(reply, (const char *)writer_span(&url).ptr);
	return ERR_OK;
}

static enum err
session_begin(struct signer *s, const struct oidc_identity *i, struct reply *reply)
{
	char cookie[TOKEN_TEXT_LEN + 1], form[TOKEN_TEXT_LEN + 1];
	struct sha256 id;

	random_token(cookie);
	random_token(form);
	id = hash_of(cookie);
	const struct db_param params[] = {
		db_bytes(sha256_span(&id)),
		db_text(i->sub),
		db_int(i->level),
		db_json(span_of(i->offices != NULL ? i->offices : "[]")),
		db_text(form),
		db_time(i->auth_time),
		db_time(clock_now(&s->clock) + OFFICER_SESSION_LIFE),
	};

	TRY(db_pool_run(s->db, OFFICER_SESSION_NEW, params, NULL));
	reply_cookie(reply, OFFICER_COOKIE, cookie, "Lax", OFFICER_SESSION_LIFE);
	return ERR_OK;
}

static enum err
take_login(struct signer *s, const struct oidc_return *r, struct officer_login_row *out)
{
	const struct db_param params[] = {db_bytes(sha256_span(&r->state)), db_bytes(sha256_span(&r->cookie)),
		db_time(clock_now(&s->clock))};
	const enum err e = db_pool_one(s->db, OFFICER_LOGIN_TAKE, params, out);

	REQUIRE_WHY(e != ERR_NOT_FOUND, ERR_UNAUTHENTICATED,
		"this login was used already, took too long, or was not begun in this browser");
	return e;
}

static enum err
identify(struct signer *s, const struct oidc_party *p, const struct oidc_return *r,
	const struct officer_login_row *login, struct reply *reply)
{
	AUTO(oidc_identity) i = {0};

	TRY(oidc_redeem(p, r, login->nonce, login->verifier, clock_now(&s->clock), &i));
	return session_begin(s, &i, reply);
}

enum err
officer_callback(void *daemon, struct request *request, struct reply *reply)
{
	struct signer *const s = daemon;
	AUTO(writer) uri = writer_new(1024);
	AUTO(writer) to = writer_new(1024);
	struct officer_login_row login = {0};
	struct oidc_party p;
	struct oidc_return r;

	TRY(party(s, &uri, &p));
	TRY(oidc_return_read(&p, request, "__Host-" OFFICER_LOGIN_COOKIE, &r));
	TRY(take_login(s, &r, &login));
	writer_format(&to, "%s/confirm/", s->settings.url);
	uuid_write(&to, &login.decision);
	const enum err e = identify(s, &p, &r, &login, reply);

	db_row_free(&signer_statements[OFFICER_LOGIN_TAKE], &login);
	TRY(e);
	reply_cookie(reply, OFFICER_LOGIN_COOKIE, "", "Lax", 0);
	reply_redirect(reply, (const char *)writer_span(&to).ptr);
	return writer_done(&to);
}

enum err
officer_session(struct signer *s, const struct request *request, struct officer_session_row *out)
{
	const char *const cookie = request_cookie(request, "__Host-" OFFICER_COOKIE);
	enum err e;

	REQUIRE_WHY(cookie != NULL, ERR_UNAUTHENTICATED, "no officer is logged in");
	const struct sha256 id = hash_of(cookie);
	const struct db_param params[] = {db_bytes(sha256_span(&id)), db_time(clock_now(&s->clock))};

	e = db_pool_one(s->db, OFFICER_SESSION_FIND, params, out);
	REQUIRE_WHY(e != ERR_NOT_FOUND, ERR_UNAUTHENTICATED, "the officer's session has ended");
	return e;
}

void
officer_session_row_free(struct officer_session_row *row)
{
	db_row_free(&signer_statements[OFFICER_SESSION_FIND], row);
}
