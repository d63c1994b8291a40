/* party: a relying party of the identity provider: the code flow with PKCE, its own key at the token endpoint, and an ID token that is believed only after every check (OpenID Connect Core
 * 3.1). Used by signerd's officers' login and by mohar-cad's console, which keep what must be kept in their own tables. Stateless. */
#ifndef MOHAR_OIDC_PARTY_H
#define MOHAR_OIDC_PARTY_H

#include "base/clock.h"
#include "base/digest.h"
#include "base/random.h"
#include "http/request.h"
#include "jose/jose.h"
#include "oidc/keys.h"

/* Who we are at the identity provider. All borrowed. */
struct oidc_party {
	const char *issuer, *client_id, *redirect_uri;
	const char *tls_ca;     /* file of the anchors for calls to the issuer */
	const struct jwk *key;  /* private: authenticates us (RFC 7523) */
	struct oidc_keys *keys; /* the issuer's */
};

/* A login that begins: four secrets. state and cookie are kept as hashes, nonce and verifier as they are, until the browser comes back; cookie goes to the browser. */
struct oidc_login {
	char state[TOKEN_TEXT_LEN + 1], cookie[TOKEN_TEXT_LEN + 1], nonce[TOKEN_TEXT_LEN + 1],
		verifier[TOKEN_TEXT_LEN + 1];
};
void oidc_login_new(struct oidc_login *out);

/* The address of the authorization request (RFC 6749 4.1.1, RFC 7636 4.3, OpenID Connect Core 3.1.2.1), at that level at least. Appended. */
void oidc_login_url(const struct oidc_party *p, const struct oidc_login *l, const char *scope, int level,
	struct writer *url);

/* The browser's way back: what it brings, checked as far as can be without the kept row. code is borrowed from the request. ERR_UNAUTHENTICATED. */
struct oidc_return {
	struct sha256 state, cookie; /* by which the kept row is found */
	const char *code;
};
MUST_USE enum err oidc_return_read(const struct oidc_party *p, const struct request *request, const char *cookie,
	struct oidc_return *out);

/* Who it is. Owned texts. */
struct oidc_identity {
	char *sub;
	char *offices; /* JSON array; NULL: the scope was not granted */
	int64_t level, auth_time;
	char *access_token;
	int64_t access_seconds; /* how long that is good */
};

/* Redeems the code (RFC 6749 4.1.3) and checks the ID token (OpenID Connect Core 3.1.3.7). nonce and verifier are the kept ones. ERR_UNAUTHENTICATED, ERR_UNAVAILABLE. */
MUST_USE enum err oidc_redeem(const struct oidc_party *p, const struct oidc_return *r, const char *nonce,
	const char *verifier, unix_time now, struct oidc_identity *out);
void oidc_identity_free(struct oidc_identity *i);

/* What the identity provider says now (OpenID Connect Core 5.3) to the bearer of that access token. ERR_UNAUTHENTICATED: it is not good any more; ERR_UNAVAILABLE. */
struct oidc_now {
	char *sub, *offices; /* owned; offices as above */
};
MUST_USE enum err oidc_ask(const struct oidc_party *p, const char *access_token, struct oidc_now *out);
void oidc_now_free(struct oidc_now *n);

#endif
