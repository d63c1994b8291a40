/* claims: policies/claims.json: which scope releases which claims. Read once at start; a file with an unknown
 * member, or one that contradicts itself, is ERR_CONFIG with FILE:LINE. Used by idpd and `mohar policy check`. */
#ifndef MOHAR_POLICY_CLAIMS_H
#define MOHAR_POLICY_CLAIMS_H

#include "json/json.h"

/* A scope and the claims it releases. */
struct claims_row {
	char *scope;
	struct json_list claims; /* char *: names known to oidc/claims.c */
	bool in_id_token;        /* else at userinfo only */
};
struct claims_policy {
	int64_t version;
	struct json_list scopes;         /* struct claims_row */
	struct json_list service_scopes; /* char *: of services' own interfaces: they release nothing about a person */
};
MUST_USE enum err claims_policy_read(const char *path, struct claims_policy *out);
void claims_policy_free(struct claims_policy *p);
const struct claims_row *claims_of_scope(const struct claims_policy *p, const char *scope);
/* Is each of these a scope of either kind? ERR_MALFORMED naming those that are not, and those that are. */
MUST_USE enum err claims_scopes_check(const struct claims_policy *p, const struct json_list *scopes);

#endif
