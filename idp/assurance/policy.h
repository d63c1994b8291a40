/* policy: policies/assurance.json, claims.json and identity.json as structs. Read once at start; a file with an unknown member, or one that contradicts itself, is ERR_CONFIG
 * with FILE:LINE. Used by assurance, the OpenID Connect endpoints and the registry. */
#ifndef MOHAR_IDP_ASSURANCE_POLICY_H
#define MOHAR_IDP_ASSURANCE_POLICY_H

#include "json/json.h"

enum { ASSURANCE_LEVELS = 3 };

struct assurance_row {
	int64_t level;
	char *acr;                /* the value that tokens carry */
	struct json_list aliases; /* further acr values that ask for it */
	int64_t session_seconds;  /* from authentication */
	int64_t idle_seconds;     /* 0: not limited */
};
struct assurance_policy {
	int64_t version;
	struct json_list levels; /* struct assurance_row, level 1 to 3 in order */
};
MUST_USE enum err assurance_policy_read(const char *path, struct assurance_policy *out);
void assurance_policy_free(struct assurance_policy *p);
/* The acr value of a level, 1 to 3. */
const char *assurance_acr(const struct assurance_policy *p, int64_t level);
/* The level an acr value asks for; 0 if unknown. */
int64_t assurance_of_acr(const struct assurance_policy *p, struct span acr);

/* A scope and the claims it releases. */
struct claims_row {
	char *scope;
	struct json_list claims; /* char *: names known to oidc/claims.c */
	bool in_id_token;        /* else at userinfo only */
};
struct claims_policy {
	int64_t version;
	struct json_list scopes; /* struct claims_row */
};
MUST_USE enum err claims_policy_read(const char *path, struct claims_policy *out);
void claims_policy_free(struct claims_policy *p);
const struct claims_row *claims_of_scope(const struct claims_policy *p, const char *scope);

/* What a national number looks like, and how long addresses live. */
struct identity_policy {
	int64_t version;
	int64_t number_digits;
	struct json_list genders; /* char * */
	int64_t activation_hours;
};
MUST_USE enum err identity_policy_read(const char *path, struct identity_policy *out);
void identity_policy_free(struct identity_policy *p);
/* ERR_MALFORMED unless text is exactly that many digits. The reason never holds the number. */
MUST_USE enum err identity_number_check(const struct identity_policy *p, const char *text);

#endif
