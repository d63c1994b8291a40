/* claims: what a portal is told of a person, by the scopes it was granted and policies/claims.json. One claim is one row. Used by the ID token and userinfo. */
#ifndef MOHAR_IDP_OIDC_CLAIMS_H
#define MOHAR_IDP_OIDC_CLAIMS_H

#include "policy/claims.h"

/* Where claims come from. Borrowed; a NULL is left out. */
struct claims_source {
	const char *name, *birthdate, *gender;
	const char *offices; /* JSON array */
};

/* Writes the claims of scopes, each once, into the open object. id_token: only those whose scope says so. */
void claims_write(struct json_writer *j, const struct claims_policy *policy, const struct json_list *scopes,
	bool id_token, const struct claims_source *source);

/* Does the policy name only claims that are known here? ERR_CONFIG with the name. For start-up. */
MUST_USE enum err claims_known(const struct claims_policy *policy);

/* Names of all of them, NULL-terminated, for discovery. */
extern const char *const claims_supported[];

#endif
