#include "oidc/party.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "http/client.h"
#include "jose/client_assertion.h"
#include "oidc/office.h"

enum { MAX_TOKEN_REPLY = 64 << 10, CALL_MS = 5000, LEEWAY = 5 };

#define TEXT(STRUCT, MEMBER, PRESENCE, MAX)                                                    \
	{                                                                                      \
#MEMBER, JSON_TEXT, PRESENCE, offsetof(struct STRUCT, MEMBER), 0, MAX, NULL, 0 \
	}
#define INT(STRUCT, MEMBER)                                                                      \
	{                                                                                        \
#MEMBER, JSON_INT, JSON_REQUIRED, offsetof(struct STRUCT, MEMBER), 0, 0, NULL, 0 \
	}
#define COUNT(ROWS) (sizeof(ROWS) / sizeof((ROWS)[0]))

struct token_reply {
	char *id_token, *access_token;
	int64_t expires_in;
};
static const struct json_row token_rows[] = {
	TEXT(token_reply, id_token, JSON_REQUIRED, 32 << 10),
	TEXT(token_reply, access_token, JSON_REQUIRED, 4 << 10),
	INT(token_reply, expires_in),
};
static const struct json_table token_table = {"token response", token_rows, COUNT(token_rows),
	sizeof(struct token_reply), true};

struct id_token {
	char *iss, *aud, *sub, *nonce, *acr, *offices;
	int64_t exp, iat, auth_time;
};
static const struct json_row id_rows[] = {
	TEXT(id_token, iss, JSON_REQUIRED, 512),
	TEXT(id_token, aud, JSON_REQUIRED, 128),
	TEXT(id_token, sub, JSON_REQUIRED, 128),
	TEXT(id_token, nonce, JSON_REQUIRED, 128),
	TEXT(id_token, acr, JSON_REQUIRED, 64),
	{"offices", JSON_RAW, JSON_OPTIONAL, offsetof(struct id_token, offices), 0, 8192, NULL, 0},
	INT(id_token, exp),
	INT(id_token, iat),
	INT(id_token, auth_time),
};
static const struct json_table id_table = {"ID token", id_rows, COUNT(id_rows), sizeof(struct id_token), true};

static const struct json_row now_rows[] = {
	TEXT(oidc_now, sub, JSON_REQUIRED, 128),
	{"offices", JSON_RAW, JSON_OPTIONAL, offsetof(struct oidc_now, offices), 0, 8192, NULL, 0},
};
static const struct json_table now_table = {"userinfo", now_rows, COUNT(now_rows), sizeof(struct oidc_now), true};

void
oidc_login_new(struct oidc_login *out)
{
	random_token(out->state);
	random_token(out->cookie);
	random_token(out->nonce);
	random_token(out->verifier);
}

void
oidc_login_url(const struct oidc_party *p, const struct oidc_login *l, const char *scope, int level, struct writer *url)
{
	const struct sha256 challenge = sha256_of(span_of(l->verifier));
	AUTO(writer) query = writer_new(4096);
	AUTO(writer) text = writer_new(256);

	form_write(&query, "response_type", "code");
	form_write(&query, "client_id", p->client_id);
	form_write(&query, "redirect_uri", p->redirect_uri);
	form_write(&query, "scope", scope);
	form_write(&query, "state", l->state);
	form_write(&query, "nonce", l->nonce);
	base64url_write(&text, sha256_span(&challenge));
	form_write(&query, "code_challenge", (const char *)writer_span(&text).ptr);
	form_write(&query, "code_challenge_method", "S256");
	writer_reset(&text);
	writer_format(&text, "urn:mohar:loa:%d", level);
	form_write(&query, "acr_values", (const char *)writer_span(&text).ptr);
	writer_format(url, "%s/authorize?%s", p->issuer, (const char *)writer_span(&query).ptr);
}

enum err
oidc_return_read(const struct oidc_party *p, const struct request *request, const char *cookie, struct oidc_return *out)
{
	const char *const state = request_query(request, "state"), *const code = request_query(request, "code"),
			  *const iss = request_query(request, "iss"), *const kept = request_cookie(request, cookie);

	REQUIRE_WHY(request_query(request, "error") == NULL, ERR_UNAUTHENTICATED,
		"the identity provider refused the login");
	REQUIRE_WHY(state != NULL && code != NULL && kept != NULL, ERR_UNAUTHENTICATED,
		"this login was not begun in this browser");
	REQUIRE_WHY(iss != NULL && strcmp(iss, p->issuer) == 0, ERR_UNAUTHENTICATED,
		"RFC 9207 2.4: iss is another issuer");
	*out = (struct oidc_return){.state = sha256_of(span_of(state)),
		.cookie = sha256_of(span_of(kept)),
		.code = code};
	return ERR_OK;
}

static enum err
token_form(const struct oidc_party *p, const struct oidc_return *r, const char *verifier, unix_time now,
	struct writer *form)
{
	AUTO(writer) assertion = writer_new(8192);

	TRY(client_assertion_make(p->key, p->client_id, p->issuer, now, &assertion));
	TRY(writer_done(&assertion));
	form_write(form, "grant_type", "authorization_code");
	form_write(form, "code", r->code);
	form_write(form, "code_verifier", verifier);
	form_write(form, "client_id", p->client_id);
	form_write(form, "client_assertion_type", CLIENT_ASSERTION_TYPE);
	form_write(form, "client_assertion", (const char *)writer_span(&assertion).ptr);
	form_write(form, "redirect_uri", p->redirect_uri);
	return writer_done(form);
}

/* RFC 6749 4.1.3 */
static enum err
tokens_get(const struct oidc_party *p, const struct oidc_return *r, const char *verifier, unix_time now,
	struct token_reply *out)
{
	AUTO(writer) form = writer_new(32 << 10);
	AUTO(writer) url = writer_new(1024);
	AUTO(writer) body = writer_new(MAX_TOKEN_REPLY);
	int status;

	TRY(token_form(p, r, verifier, now, &form));
	writer_format(&url, "%s/token", p->issuer);
	TRY(writer_done(&url));
	const struct http_call call = {.method = "POST",
		.url = (const char *)writer_span(&url).ptr,
		.content_type = "application/x-www-form-urlencoded",
		.body = writer_span(&form),
		.ca_file = p->tls_ca};

	TRY(http_call(&call, &status, &body));
	REQUIRE_WHY(status == 200, ERR_UNAUTHENTICATED, "the identity provider did not accept the login: HTTP %d",
		status);
	return json_decode(writer_span(&body), &token_table, out);
}

/* OpenID Connect Core 3.1.3.7 */
static enum err
id_check(const struct oidc_party *p, const struct id_token *i, const char *nonce, unix_time now)
{
	const struct jwt_times times = {.exp = i->exp, .has_exp = true, .iat = i->iat, .has_iat = true};

	REQUIRE_WHY(strcmp(i->iss, p->issuer) == 0, ERR_UNAUTHENTICATED, "OpenID Connect Core 3.1.3.7: iss");
	REQUIRE_WHY(strcmp(i->aud, p->client_id) == 0, ERR_UNAUTHENTICATED, "OpenID Connect Core 3.1.3.7: aud");
	REQUIRE_WHY(strcmp(i->nonce, nonce) == 0, ERR_UNAUTHENTICATED, "OpenID Connect Core 3.1.3.7: nonce");
	REQUIRE_WHY(acr_level(i->acr) > 0, ERR_UNAUTHENTICATED, "OpenID Connect Core 2: acr is no level of ours");
	return jwt_times_check(&times, now, LEEWAY, true);
}

static char *
moved(char **text)
{
	char *const t = *text;

	*text = NULL;
	return t;
}

static enum err
id_read(const struct oidc_party *p, const char *token, const char *nonce, unix_time now, struct oidc_identity *out)
{
	AUTO(jws) j = {0};
	struct id_token i;

	TRY(oidc_keys_verify(p->keys, span_of(token), "JWT", &j));
	TRY(json_decode(span_at(j.payload.ptr, j.payload.len), &id_table, &i));
	const enum err e = id_check(p, &i, nonce, now);

	if (e == ERR_OK)
		*out = (struct oidc_identity){.sub = moved(&i.sub),
			.offices = moved(&i.offices),
			.level = acr_level(i.acr),
			.auth_time = i.auth_time};
	json_free(&id_table, &i);
	return e;
}

enum err
oidc_redeem(const struct oidc_party *p, const struct oidc_return *r, const char *nonce, const char *verifier,
	unix_time now, struct oidc_identity *out)
{
	struct token_reply tokens;

	*out = (struct oidc_identity){0};
	TRY(tokens_get(p, r, verifier, now, &tokens));
	const enum err e = id_read(p, tokens.id_token, nonce, now, out);

	if (e == ERR_OK) {
		out->access_token = moved(&tokens.access_token);
		out->access_seconds = tokens.expires_in;
	}
	json_free(&token_table, &tokens);
	return e;
}

void
oidc_identity_free(struct oidc_identity *i)
{
	free(i->sub);
	free(i->offices);
	free(i->access_token);
	*i = (struct oidc_identity){0};
}

enum err
oidc_ask(const struct oidc_party *p, const char *access_token, struct oidc_now *out)
{
	AUTO(writer) url = writer_new(1024);
	AUTO(writer) bearer = writer_new(8192);
	AUTO(writer) body = writer_new(MAX_TOKEN_REPLY);
	int status;

	writer_format(&url, "%s/userinfo", p->issuer);
	writer_format(&bearer, "Authorization: Bearer %s", access_token);
	TRY(writer_done(&url));
	TRY(writer_done(&bearer));
	const char *const headers[] = {(const char *)writer_span(&bearer).ptr, NULL};
	const struct http_call call = {.method = "GET",
		.url = (const char *)writer_span(&url).ptr,
		.headers = headers,
		.ca_file = p->tls_ca,
		.timeout_ms = CALL_MS};

	TRY(http_call(&call, &status, &body));
	REQUIRE_WHY(status < 500 && status != 429, ERR_UNAVAILABLE, "the identity provider answered HTTP %d", status);
	REQUIRE_WHY(status == 200, ERR_UNAUTHENTICATED, "the identity provider does not know this session any more");
	return json_decode(writer_span(&body), &now_table, out);
}

void
oidc_now_free(struct oidc_now *n)
{
	json_free(&now_table, n);
}
