/* authorization: an OpenID Connect authorization request (OpenID Connect Core 3.1.2.1, RFC 6749 4.1.1, RFC 7636, RFC 8707), as text from a query or a pushed request, and as what it means once
 * it is checked. Checking is pure. Used by /authorize, /par and interaction. */
#ifndef MOHAR_IDP_OIDC_AUTHORIZATION_H
#define MOHAR_IDP_OIDC_AUTHORIZATION_H

#include "idp/client/client.h"
#include "idp/oidc/oauth.h"
#include "policy/assurance.h"
#include "policy/claims.h"

enum { MAX_AUTHORIZATION = 16 << 10, PKCE_LEN = 32 };

/* The parameters as they came. NULL: absent. Owned (authorization_text_free). */
struct authorization_text {
	char *client_id, *redirect_uri, *response_type, *response_mode, *scope, *state, *nonce;
	char *code_challenge, *code_challenge_method;
	char *acr_values, *max_age, *prompt, *ui_locales, *login_hint, *resource;
	char *id_token_hint, *request, *request_uri, *claims, *registration;
};
extern const struct json_table authorization_text_table;
void authorization_text_free(struct authorization_text *t);
MUST_USE enum err authorization_text_write(const struct authorization_text *t, struct writer *json);

/* What it means. Owned (authorization_free). */
struct authorization {
	struct authorization_text text; /* what it was checked from: redirect_uri, state, nonce, resource */
	struct json_list scopes;        /* char *: granted at most, in the order asked, without repeats */
	uint8_t challenge[PKCE_LEN];
	int64_t level;   /* required: of acr_values and the client's own minimum */
	int64_t max_age; /* -1: not asked */
	bool prompt_none, prompt_login, prompt_consent;
};
void authorization_free(struct authorization *a);

/* Exact bytes, no normalisation (RFC 9700 4.1.3). */
bool redirect_registered(const struct client *c, const char *redirect_uri);

/* Checks everything but the redirect address, which the caller has matched already. Takes text on success. On refusal *code is the error code to send. */
MUST_USE enum err authorization_check(struct authorization_text *text, const struct client *c,
	const struct assurance_policy *assurance, const struct claims_policy *claims, bool pushed,
	struct authorization *out, const char **code);

/* RFC 7636 4.1, 4.6: 43 to 128 unreserved characters whose SHA-256 is the challenge. hash: SHA-256 of the verifier. ERR_MALFORMED for a bad form. */
MUST_USE enum err pkce_hash(const char *verifier, uint8_t hash[PKCE_LEN]);

/* A space-separated list (RFC 6749 3.3) without repeats. ERR_MALFORMED for other characters, ERR_TOO_LONG beyond 32. */
MUST_USE enum err words_split(const char *text, struct json_list *out);
void words_free(struct json_list *l);
MUST_USE enum err words_join(const struct json_list *l, struct writer *w);

#endif
