/* portal: a client as a client operator orders it, before it is a row. Used by the client registry. */
#ifndef MOHAR_IDP_REGISTRY_PORTAL_H
#define MOHAR_IDP_REGISTRY_PORTAL_H

#include "idp/idp.h"

struct portal {
	char *id, *name, *sector, *agency, *auth_method, *jwks; /* name, jwks: JSON */
	struct json_list redirect_uris, post_logout_redirect_uris, scopes, grants, resources;
	int64_t min_level, max_level; /* 0: not said */
	bool require_par;
};
extern const struct json_table portal_table;
void portal_free(struct portal *p);

/* Fills in what was not said (levels 1 and 3, grants by what it has), then checks every member; the reason names the one that is wrong. Pure. */
MUST_USE enum err portal_complete(struct portal *p);
MUST_USE enum err portal_check(const struct portal *p);

/* A JWK set with at least one public key that is understood. */
MUST_USE enum err portal_keys_check(const char *jwks);

#endif
