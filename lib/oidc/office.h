/* office: what the identity provider says of a person's public offices and of how surely it knows them: the claims `offices` and `acr`. Used by services whose officers log in. */
#ifndef MOHAR_OIDC_OFFICE_H
#define MOHAR_OIDC_OFFICE_H

#include "json/json.h"

/* An office as the claim names it. Owned texts. */
struct office {
	char *agency, *id, *title;
};
struct offices {
	struct json_list held; /* struct office */
};

/* A JSON array, as the claim `offices`; NULL: none are held. ERR_MALFORMED. */
MUST_USE enum err offices_read(const char *json, struct offices *out);
void offices_free(struct offices *o);

/* The office of that agency and name, or NULL. */
const struct office *offices_find(const struct offices *o, const char *agency, const char *office);

/* The name of a person's level as the identity provider writes it, urn:mohar:loa:N; 0 if it is none. */
int64_t acr_level(const char *acr);

#endif
