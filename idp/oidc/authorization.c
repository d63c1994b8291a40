#include "idp/oidc/authorization.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"

enum { MAX_STATE = 2048, MAX_NONCE = 512, MAX_MAX_AGE_DIGITS = 9 };

#define TEXT_ROW(name)                                                                                            \
	{                                                                                                         \
#name, JSON_TEXT, JSON_OPTIONAL, offsetof(struct authorization_text, name), 0, MAX_AUTHORIZATION, \
			NULL, 0                                                                                   \
	}
static const struct json_row text_rows[] = {
	TEXT_ROW(client_id),
	TEXT_ROW(redirect_uri),
	TEXT_ROW(response_type),
	TEXT_ROW(response_mode),
	TEXT_ROW(scope),
	TEXT_ROW(state),
	TEXT_ROW(nonce),
	TEXT_ROW(code_challenge),
	TEXT_ROW(code_challenge_method),
	TEXT_ROW(acr_values),
	TEXT_ROW(max_age),
	TEXT_ROW(prompt),
	TEXT_ROW(ui_locales),
	TEXT_ROW(login_hint),
	TEXT_ROW(resource),
	TEXT_ROW(id_token_hint),
	TEXT_ROW(request),
	TEXT_ROW(request_uri),
	TEXT_ROW(claims),
	TEXT_ROW(registration),
};
const struct json_table authorization_text_table = {"authorization request", text_rows,
	sizeof(text_rows) / sizeof(text_rows[0]), sizeof(struct authorization_text), false};

void
authorization_text_free(struct authorization_text *t)
{
	json_free(&authorization_text_table, t);
}

enum err
authorization_text_write(const struct authorization_text *t, struct writer *json)
{
	struct json_writer j = json_to(json);

	json_object(&j, NULL);
	for (size_t i = 0; i < authorization_text_table.count; i++)
		json_text(&j, text_rows[i].name, *(char *const *)((const char *)t + text_rows[i].offset));
	json_object_end(&j);
	return writer_done(json);
}

void
authorization_free(struct authorization *a)
{
	authorization_text_free(&a->text);
	words_free(&a->scopes);
}

bool
redirect_registered(const struct client *c, const char *redirect_uri)
{
	return redirect_uri != NULL && json_texts_have(&c->row.redirect_uris, redirect_uri);
}

/* What this server does not do is refused, not passed over: a caller who relies on it would be deceived. */
static enum err
check_unsupported(const struct authorization_text *t, const char **code)
{
	OAUTH_REQUIRE(t->request == NULL, OAUTH_REQUEST_NOT_SUPPORTED, ERR_UNSUPPORTED,
		"OpenID Connect Core 6.1: request objects are not taken; push the request (RFC 9126)");
	OAUTH_REQUIRE(t->request_uri == NULL, OAUTH_REQUEST_URI_NOT_SUPPORTED, ERR_UNSUPPORTED,
		"OpenID Connect Core 6.2: only a request_uri from /par is taken");
	OAUTH_REQUIRE(t->registration == NULL, OAUTH_REGISTRATION_NOT_SUPPORTED, ERR_UNSUPPORTED,
		"OpenID Connect Core 7.2.1: registration is not taken");
	OAUTH_REQUIRE(t->claims == NULL, OAUTH_INVALID_REQUEST, ERR_UNSUPPORTED,
		"OpenID Connect Core 5.5: the claims parameter is not taken; ask for scopes");
	OAUTH_REQUIRE(t->response_mode == NULL || strcmp(t->response_mode, "query") == 0, OAUTH_INVALID_REQUEST,
		ERR_UNSUPPORTED, "response_mode: only query is offered");
	return ERR_OK;
}

static enum err
check_response_type(const struct authorization_text *t, const struct client *c, const char **code)
{
	OAUTH_REQUIRE(t->response_type != NULL, OAUTH_INVALID_REQUEST, ERR_MALFORMED,
		"RFC 6749 3.1.1: response_type is missing");
	OAUTH_REQUIRE(strcmp(t->response_type, "code") == 0, OAUTH_UNSUPPORTED_RESPONSE_TYPE, ERR_UNSUPPORTED,
		"RFC 6749 3.1.1: only response_type=code is offered");
	OAUTH_REQUIRE(json_texts_have(&c->row.grants, "authorization_code"), OAUTH_UNAUTHORIZED_CLIENT, ERR_REFUSED,
		"RFC 6749 4.1.2.1: this client is not registered for the code flow");
	return ERR_OK;
}

/* RFC 7636 4.3, 4.4.1; S256 only (RFC 9700 2.1.1). */
static enum err
check_pkce(const struct authorization_text *t, uint8_t challenge[PKCE_LEN], const char **code)
{
	OAUTH_REQUIRE(t->code_challenge != NULL, OAUTH_INVALID_REQUEST, ERR_MALFORMED,
		"RFC 7636 4.4.1: code challenge required");
	OAUTH_REQUIRE(t->code_challenge_method != NULL && strcmp(t->code_challenge_method, "S256") == 0,
		OAUTH_INVALID_REQUEST, ERR_UNSUPPORTED, "RFC 7636 4.4.1: transform algorithm not supported: S256 only");
	OAUTH_REQUIRE(base64url_exactly(span_of(t->code_challenge), challenge, PKCE_LEN) == ERR_OK,
		OAUTH_INVALID_REQUEST, ERR_MALFORMED, "RFC 7636 4.2: code_challenge is not the base64url of a SHA-256");
	return ERR_OK;
}

static enum err
check_scopes(const struct authorization_text *t, const struct client *c, const struct claims_policy *claims,
	struct json_list *scopes, const char **code)
{
	OAUTH_REQUIRE(t->scope != NULL && words_split(t->scope, scopes) == ERR_OK, OAUTH_INVALID_SCOPE, ERR_MALFORMED,
		"RFC 6749 3.3: scope is missing or not a list");
	OAUTH_REQUIRE(json_texts_have(scopes, "openid"), OAUTH_INVALID_SCOPE, ERR_MALFORMED,
		"OpenID Connect Core 3.1.2.1: scope must hold openid");
	for (size_t i = 0; i < scopes->count; i++) {
		const char *scope = json_text_at(scopes, i);

		OAUTH_REQUIRE(claims_of_scope(claims, scope) != NULL && json_texts_have(&c->row.scopes, scope),
			OAUTH_INVALID_SCOPE, ERR_REFUSED, "RFC 6749 3.3: scope '%s' is not open to this client", scope);
	}
	return ERR_OK;
}

/* The least level that satisfies the request: the lowest of the acr values (any of them would do), not below the client's own minimum. */
static enum err
check_level(const struct authorization_text *t, const struct client *c, const struct assurance_policy *assurance,
	int64_t *level, const char **code)
{
	struct json_list asked = {0};
	int64_t least = 0;

	if (t->acr_values != NULL) {
		OAUTH_REQUIRE(words_split(t->acr_values, &asked) == ERR_OK, OAUTH_INVALID_REQUEST, ERR_MALFORMED,
			"OpenID Connect Core 3.1.2.1: acr_values is not a list");
		for (size_t i = 0; i < asked.count; i++) {
			const int64_t one = assurance_of_acr(assurance, span_of(json_text_at(&asked, i)));

			if (one != 0 && (least == 0 || one < least))
				least = one;
		}
		words_free(&asked);
		OAUTH_REQUIRE(least != 0, OAUTH_UNMET_AUTHENTICATION, ERR_UNSUPPORTED,
			"acr_values names no level of this server");
	}
	*level = least > c->row.min_level ? least : c->row.min_level;
	OAUTH_REQUIRE(*level <= c->row.max_level, OAUTH_UNMET_AUTHENTICATION, ERR_REFUSED,
		"acr_values asks for more than this client is registered for");
	return ERR_OK;
}

static enum err
check_max_age(const struct authorization_text *t, int64_t *max_age, const char **code)
{
	size_t len;

	*max_age = -1;
	if (t->max_age == NULL)
		return ERR_OK;
	len = strlen(t->max_age);
	OAUTH_REQUIRE(len >= 1 && len <= MAX_MAX_AGE_DIGITS && strspn(t->max_age, "0123456789") == len,
		OAUTH_INVALID_REQUEST, ERR_MALFORMED, "OpenID Connect Core 3.1.2.1: max_age is a number of seconds");
	*max_age = strtoll(t->max_age, NULL, 10);
	return ERR_OK;
}

static enum err
check_prompt(const struct authorization_text *t, struct authorization *a, const char **code)
{
	struct json_list asked = {0};
	size_t known = 0;

	if (t->prompt == NULL)
		return ERR_OK;
	OAUTH_REQUIRE(words_split(t->prompt, &asked) == ERR_OK && asked.count > 0, OAUTH_INVALID_REQUEST, ERR_MALFORMED,
		"OpenID Connect Core 3.1.2.1: prompt is not a list");
	a->prompt_none = json_texts_have(&asked, "none");
	a->prompt_consent = json_texts_have(&asked, "consent");
	a->prompt_login = json_texts_have(&asked, "login") || json_texts_have(&asked, "select_account");
	for (size_t i = 0; i < asked.count; i++) {
		const char *word = json_text_at(&asked, i);

		known += strcmp(word, "none") == 0 || strcmp(word, "login") == 0 || strcmp(word, "consent") == 0 ||
			strcmp(word, "select_account") == 0;
	}
	const size_t count = asked.count;
	words_free(&asked);
	OAUTH_REQUIRE(known == count, OAUTH_INVALID_REQUEST, ERR_UNSUPPORTED,
		"OpenID Connect Core 3.1.2.1: prompt knows none, login, consent, select_account");
	OAUTH_REQUIRE(!a->prompt_none || count == 1, OAUTH_INVALID_REQUEST, ERR_MALFORMED,
		"OpenID Connect Core 3.1.2.1: prompt=none stands alone");
	return ERR_OK;
}

static enum err
check(const struct authorization_text *t, const struct client *c, const struct assurance_policy *assurance,
	const struct claims_policy *claims, bool pushed, struct authorization *a, const char **code)
{
	OAUTH_REQUIRE(t->state == NULL || strlen(t->state) <= MAX_STATE, OAUTH_INVALID_REQUEST, ERR_TOO_LONG,
		"state is longer than %d bytes", MAX_STATE);
	OAUTH_REQUIRE(t->nonce == NULL || strlen(t->nonce) <= MAX_NONCE, OAUTH_INVALID_REQUEST, ERR_TOO_LONG,
		"nonce is longer than %d bytes", MAX_NONCE);
	OAUTH_REQUIRE(pushed || !c->row.require_par, OAUTH_INVALID_REQUEST, ERR_REFUSED,
		"RFC 9126 6: this client must push its requests");
	TRY(check_unsupported(t, code));
	TRY(check_response_type(t, c, code));
	TRY(check_scopes(t, c, claims, &a->scopes, code));
	TRY(check_pkce(t, a->challenge, code));
	TRY(check_level(t, c, assurance, &a->level, code));
	TRY(check_max_age(t, &a->max_age, code));
	TRY(check_prompt(t, a, code));
	OAUTH_REQUIRE(t->resource == NULL || json_texts_have(&c->row.resources, t->resource), OAUTH_INVALID_TARGET,
		ERR_REFUSED, "RFC 8707 2: this resource is not open to this client");
	return ERR_OK;
}

enum err
authorization_check(struct authorization_text *text, const struct client *c, const struct assurance_policy *assurance,
	const struct claims_policy *claims, bool pushed, struct authorization *out, const char **code)
{
	struct authorization a = {0};
	enum err e;

	*out = (struct authorization){0};
	*code = OAUTH_SERVER_ERROR;
	e = check(text, c, assurance, claims, pushed, &a, code);
	if (e != ERR_OK) {
		authorization_free(&a);
		return e;
	}
	a.text = *text;
	*text = (struct authorization_text){0};
	*out = a;
	return ERR_OK;
}
