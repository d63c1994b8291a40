#include <string.h>

#include "base/encode.h"
#include "http/client.h"
#include "jose/client_assertion.h"
#include "signer/access/issuer.h"
#include "signer/officer/officer.h"

enum { MAX_TOKEN_REPLY = 64 << 10 };

static struct sha256
hash_of(const char *text)
{
	return sha256_of(span_of(text));
}

static void
redirect_uri(const struct signer *s, struct writer *w)
{
	writer_format(w, "%s/officer/cb", s->settings.url);
}

/* The address of the authorization request (RFC 6749 4.1.1, RFC 7636 4.3, OpenID Connect Core 3.1.2.1). */
static void
authorization_url(const struct signer *s, const char *state, const char *nonce, const char *verifier,
	struct writer *url)
{
	const struct sha256 challenge = hash_of(verifier);
	AUTO(writer) query = writer_new(4096);
	AUTO(writer) text = writer_new(1024);

	form_write(&query, "response_type", "code");
	form_write(&query, "client_id", s->settings.client_id);
	redirect_uri(s, &text);
	form_write(&query, "redirect_uri", (const char *)writer_span(&text).ptr);
	form_write(&query, "scope", "openid offices");
	form_write(&query, "state", state);
	form_write(&query, "nonce", nonce);
	writer_reset(&text);
	base64url_write(&text, sha256_span(&challenge));
	form_write(&query, "code_challenge", (const char *)writer_span(&text).ptr);
	form_write(&query, "code_challenge_method", "S256");
	form_write(&query, "acr_values", "urn:mohar:loa:3");
	writer_format(url, "%s/authorize?%s", s->settings.issuer, (const char *)writer_span(&query).ptr);
}

enum err
officer_login(struct signer *s, const struct uuid *decision, struct reply *reply)
{
	char state[TOKEN_TEXT_LEN + 1], cookie[TOKEN_TEXT_LEN + 1], nonce[TOKEN_TEXT_LEN + 1],
		verifier[TOKEN_TEXT_LEN + 1];
	AUTO(writer) url = writer_new(8192);
	struct sha256 state_hash, cookie_hash;

	random_token(state);
	random_token(cookie);
	random_token(nonce);
	random_token(verifier);
	state_hash = hash_of(state);
	cookie_hash = hash_of(cookie);
	const struct db_param params[] = {
		db_bytes(sha256_span(&state_hash)),
		db_bytes(sha256_span(&cookie_hash)),
		db_text(nonce),
		db_text(verifier),
		db_uuid(decision),
		db_time(clock_now(&s->clock) + OFFICER_LOGIN_LIFE),
	};

	TRY(db_pool_run(s->db, OFFICER_LOGIN_NEW, params, NULL));
	authorization_url(s, state, nonce, verifier, &url);
	TRY(writer_done(&url));
	reply_cookie(reply, OFFICER_LOGIN_COOKIE, cookie, "Lax", OFFICER_LOGIN_LIFE);
	reply_redirect(reply, (const char *)writer_span(&url).ptr);
	return ERR_OK;
}

struct token_reply {
	char *id_token;
};
static const struct json_row token_rows[] = {
	{"id_token", JSON_TEXT, JSON_REQUIRED, offsetof(struct token_reply, id_token), 0, 32 << 10, NULL, 0},
};
static const struct json_table token_table = {"token response", token_rows, 1, sizeof(struct token_reply), true};

/* RFC 6749 4.1.3 */
static enum err
redeem(const struct signer *s, const char *code, const char *verifier, struct token_reply *out)
{
	AUTO(writer) form = writer_new(32 << 10);
	AUTO(writer) url = writer_new(1024);
	AUTO(writer) text = writer_new(8192);
	AUTO(writer) body = writer_new(MAX_TOKEN_REPLY);
	struct http_call call = {.method = "POST",
		.content_type = "application/x-www-form-urlencoded",
		.ca_file = s->settings.tls_ca};
	int status;

	TRY(client_assertion_make(s->client_key, s->settings.client_id, s->settings.issuer, clock_now(&s->clock),
		&text));
	form_write(&form, "grant_type", "authorization_code");
	form_write(&form, "code", code);
	form_write(&form, "code_verifier", verifier);
	form_write(&form, "client_id", s->settings.client_id);
	form_write(&form, "client_assertion_type", CLIENT_ASSERTION_TYPE);
	form_write(&form, "client_assertion", (const char *)writer_span(&text).ptr);
	writer_reset(&text);
	redirect_uri(s, &text);
	form_write(&form, "redirect_uri", (const char *)writer_span(&text).ptr);
	writer_format(&url, "%s/token", s->settings.issuer);
	TRY(writer_done(&form));
	TRY(writer_done(&url));
	call.url = (const char *)writer_span(&url).ptr;
	call.body = writer_span(&form);
	TRY(http_call(&call, &status, &body));
	REQUIRE_WHY(status == 200, ERR_UNAUTHENTICATED, "the identity provider did not accept the login: HTTP %d",
		status);
	return json_decode(writer_span(&body), &token_table, out);
}

struct identity {
	char *iss, *aud, *sub, *nonce, *acr, *offices;
	int64_t exp, iat, auth_time;
};
static const struct json_row identity_rows[] = {
	{"iss", JSON_TEXT, JSON_REQUIRED, offsetof(struct identity, iss), 0, 512, NULL, 0},
	{"aud", JSON_TEXT, JSON_REQUIRED, offsetof(struct identity, aud), 0, 128, NULL, 0},
	{"sub", JSON_TEXT, JSON_REQUIRED, offsetof(struct identity, sub), 0, 128, NULL, 0},
	{"nonce", JSON_TEXT, JSON_REQUIRED, offsetof(struct identity, nonce), 0, 128, NULL, 0},
	{"acr", JSON_TEXT, JSON_REQUIRED, offsetof(struct identity, acr), 0, 64, NULL, 0},
	{"offices", JSON_RAW, JSON_OPTIONAL, offsetof(struct identity, offices), 0, 8192, NULL, 0},
	{"exp", JSON_INT, JSON_REQUIRED, offsetof(struct identity, exp), 0, 0, NULL, 0},
	{"iat", JSON_INT, JSON_REQUIRED, offsetof(struct identity, iat), 0, 0, NULL, 0},
	{"auth_time", JSON_INT, JSON_REQUIRED, offsetof(struct identity, auth_time), 0, 0, NULL, 0},
};
static const struct json_table identity_table = {"ID token", identity_rows,
	sizeof(identity_rows) / sizeof(identity_rows[0]), sizeof(struct identity), true};

/* OpenID Connect Core 3.1.3.7 */
static enum err
identity_check(const struct signer *s, const struct identity *i, const char *nonce)
{
	const struct jwt_times times = {.exp = i->exp, .has_exp = true, .iat = i->iat, .has_iat = true};

	REQUIRE_WHY(strcmp(i->iss, s->settings.issuer) == 0, ERR_UNAUTHENTICATED, "OpenID Connect Core 3.1.3.7: iss");
	REQUIRE_WHY(strcmp(i->aud, s->settings.client_id) == 0, ERR_UNAUTHENTICATED,
		"OpenID Connect Core 3.1.3.7: aud");
	REQUIRE_WHY(strcmp(i->nonce, nonce) == 0, ERR_UNAUTHENTICATED, "OpenID Connect Core 3.1.3.7: nonce");
	return jwt_times_check(&times, clock_now(&s->clock), 5, true);
}

static enum err
session_begin(struct signer *s, const struct identity *i, struct reply *reply)
{
	char cookie[TOKEN_TEXT_LEN + 1], form[TOKEN_TEXT_LEN + 1];
	struct sha256 id;

	random_token(cookie);
	random_token(form);
	id = hash_of(cookie);
	const struct db_param params[] = {
		db_bytes(sha256_span(&id)),
		db_text(i->sub),
		db_int(acr_level(i->acr)),
		db_json(span_of(i->offices != NULL ? i->offices : "[]")),
		db_text(form),
		db_time(i->auth_time),
		db_time(clock_now(&s->clock) + OFFICER_SESSION_LIFE),
	};

	REQUIRE_WHY(acr_level(i->acr) > 0, ERR_UNAUTHENTICATED, "OpenID Connect Core 2: acr is no level of ours");
	TRY(db_pool_run(s->db, OFFICER_SESSION_NEW, params, NULL));
	reply_cookie(reply, OFFICER_COOKIE, cookie, "Lax", OFFICER_SESSION_LIFE);
	return ERR_OK;
}

static enum err
identify(struct signer *s, const struct officer_login_row *login, const char *code, struct reply *reply)
{
	AUTO(jws) j = {0};
	struct token_reply tokens;
	struct identity i;
	enum err e;

	TRY(redeem(s, code, login->verifier, &tokens));
	e = issuer_verify(s->issuer, span_of(tokens.id_token), "JWT", &j);
	json_free(&token_table, &tokens);
	TRY(e);
	TRY(json_decode(span_at(j.payload.ptr, j.payload.len), &identity_table, &i));
	e = identity_check(s, &i, login->nonce);
	if (e == ERR_OK)
		e = session_begin(s, &i, reply);
	json_free(&identity_table, &i);
	return e;
}

enum err
officer_callback(void *daemon, struct request *request, struct reply *reply)
{
	struct signer *const s = daemon;
	const char *const state = request_query(request, "state"), *const code = request_query(request, "code");
	const char *const iss = request_query(request, "iss"),
			  *const cookie = request_cookie(request, "__Host-" OFFICER_LOGIN_COOKIE);
	struct officer_login_row login = {0};
	AUTO(writer) to = writer_new(1024);
	enum err e;

	REQUIRE_WHY(request_query(request, "error") == NULL, ERR_UNAUTHENTICATED,
		"the identity provider refused the login");
	REQUIRE_WHY(state != NULL && code != NULL && cookie != NULL, ERR_UNAUTHENTICATED,
		"this login was not begun in this browser");
	REQUIRE_WHY(iss != NULL && strcmp(iss, s->settings.issuer) == 0, ERR_UNAUTHENTICATED,
		"RFC 9207 2.4: iss is another issuer");
	const struct sha256 state_hash = hash_of(state), cookie_hash = hash_of(cookie);
	const struct db_param params[] = {db_bytes(sha256_span(&state_hash)), db_bytes(sha256_span(&cookie_hash)),
		db_time(clock_now(&s->clock))};

	e = db_pool_one(s->db, OFFICER_LOGIN_TAKE, params, &login);
	REQUIRE_WHY(e != ERR_NOT_FOUND, ERR_UNAUTHENTICATED,
		"this login was used already, took too long, or was not begun in this browser");
	TRY(e);
	writer_format(&to, "%s/confirm/", s->settings.url);
	uuid_write(&to, &login.decision);
	e = identify(s, &login, code, reply);
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
