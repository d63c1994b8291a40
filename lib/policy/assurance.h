/* assurance: policies/assurance.json: the three levels, what tokens call them, and how long a login of each lasts. Read once at start; a file with an unknown
 * member, or one that contradicts itself, is ERR_CONFIG with FILE:LINE. Used by idpd and `mohar policy check`. */
#ifndef MOHAR_POLICY_ASSURANCE_H
#define MOHAR_POLICY_ASSURANCE_H

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

#endif
