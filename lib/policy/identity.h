/* identity: policies/identity.json: what a national number looks like, and how long addresses live. Read once at start; a file with an unknown
 * member, or one that contradicts itself, is ERR_CONFIG with FILE:LINE. Used by idpd and `mohar policy check`. */
#ifndef MOHAR_POLICY_IDENTITY_H
#define MOHAR_POLICY_IDENTITY_H

#include "json/json.h"

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
