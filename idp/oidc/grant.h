/* grant: what a client hands in at /token, and what it gets for it. One grant is one file and one row of the registry in token.c. Used by the token endpoint. */
#ifndef MOHAR_IDP_OIDC_GRANT_H
#define MOHAR_IDP_OIDC_GRANT_H

#include "audit/event.h"
#include "idp/oidc/client_auth.h"
#include "idp/oidc/lifetimes.h"

struct grant {
	const char *type; /* grant_type */
	/* Takes what the form holds and writes the token response. On refusal *code is the error to answer with. */
	enum err (*exchange)(struct idp *d, const struct request *request, struct reply *reply,
		const struct client_auth *auth, const char **code);
};
extern const struct grant grant_code, grant_refresh, grant_service;

/* The tokens of one exchange: random, and what the database keeps of them. */
struct fresh_tokens {
	struct uuid family;
	char access[TOKEN_TEXT_LEN + 1], refresh[TOKEN_TEXT_LEN + 1];
	struct sha256 access_hash, refresh_hash;
};
void tokens_fresh(struct fresh_tokens *t);

/* RFC 6749 5.1. id_token, refresh and scope may be NULL. */
void token_reply(struct reply *reply, const char *access, const char *id_token, const char *refresh,
	const struct json_list *scopes);

/* The level that a grant's session stands for now, for its access and ID token: never above level, never below required_level (ERR_EXPIRED then). */
MUST_USE enum err grant_level(const struct idp *d, const struct grant_row *row, int64_t *out);

/* Signed by idp-token, compact, appended to w. */
MUST_USE enum err id_token_mint(struct idp *d, const struct client *c, const struct grant_row *row, int64_t level,
	struct writer *w);

/* An at+jwt (RFC 9068) for one resource. person: the subject, NULL for the client itself. */
struct access_claims {
	const char *sub, *client_id, *audience, *agency;
	const struct json_list *scopes;
	const struct grant_row *grant; /* acr and auth_time of a person; NULL for a service */
	int64_t level;
};
MUST_USE enum err access_token_mint(struct idp *d, const struct access_claims *c, struct writer *w);

/* Writes the response for a redeemed row: ID token if openid, opaque or JWT access token, refresh token. */
MUST_USE enum err grant_answer(struct idp *d, struct reply *reply, const struct client *c, const struct grant_row *row,
	const struct fresh_tokens *t);

/* Ends a family (a replay, a sunken level), with its event; already ended is fine. why goes into the private part. */
MUST_USE enum err family_revoke(struct idp *d, const struct uuid *family, const char *why);

/* The event of an exchange: "token.issued", "token.refreshed". family: NULL if it is not new; grant: hash of what was handed in (its own event says for whom), NULL for none. */
MUST_USE enum err token_event(const struct idp *d, const char *type, const struct client *c, const struct uuid *family,
	const struct sha256 *grant, struct event *out);

#endif
