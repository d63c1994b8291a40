/* client_auth: who calls /token, /par and /revoke. One method is one file and one row of the registry; a request offers exactly one (RFC 6749 2.3). Used by those three handlers. */
#ifndef MOHAR_IDP_OIDC_CLIENT_AUTH_H
#define MOHAR_IDP_OIDC_CLIENT_AUTH_H

#include "base/digest.h"
#include "idp/client/client.h"
#include "idp/idp.h"
#include "idp/oidc/oauth.h"

/* An authenticated client; owned (client_auth_free). An assertion's jti is not consumed yet: the statement that does the work consumes it with the rest, in one
 * commit; who has no such statement calls client_auth_spend(). */
struct client_auth {
	struct client *client;
	bool has_jti;
	struct sha256 jti;
	unix_time jti_until;
};
void client_auth_free(struct client_auth *a);

struct client_method {
	const char *name; /* RFC 7591 2 token_endpoint_auth_method */
	bool (*offered)(const struct request *request);
	enum err (*check)(struct idp *d, const struct request *request, struct client_auth *out);
};
extern const struct client_method client_method_basic, client_method_jwt, client_method_none;

/* ERR_UNAUTHENTICATED with *code invalid_client; ERR_MALFORMED with invalid_request for none, two, a secret in the query, or a method that is not the client's. */
MUST_USE enum err client_authenticate(struct idp *d, const struct request *request, struct client_auth *out,
	const char **code);

/* Consumes the assertion's jti. ERR_UNAUTHENTICATED if it was used. */
MUST_USE enum err client_auth_spend(struct idp *d, const struct client_auth *a);

/* For statements that take jti and its end: NULLs without an assertion. */
struct db_param client_auth_jti(const struct client_auth *a);
struct db_param client_auth_jti_until(const struct client_auth *a);

/* ---- the assertion (RFC 7523 3), pure ---- */
struct assertion {
	char *iss, *sub, *jti, *aud; /* aud: JSON, a text or a list */
	int64_t exp, nbf, iat;
	bool has_exp, has_nbf, has_iat;
};
extern const struct json_table assertion_table;

/* audiences: NULL-terminated; one of them must be the only value of aud. The reason names the clause. */
MUST_USE enum err assertion_check(const struct assertion *a, const char *client_id, const char *const *audiences,
	unix_time now);

#endif
