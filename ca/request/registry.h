/* registry: the identity registry's word on what a person is called: a JWS by mohar-idpd's token key, checked against the keys that it publishes (setting issuer). Used by whatever
 * issues for people: certificates name them as the registry does, never as a request does. */
#ifndef MOHAR_CA_REQUEST_REGISTRY_H
#define MOHAR_CA_REQUEST_REGISTRY_H

#include "ca/cad.h"
#include "ca/request/decide.h"

/* Does this profile name a person, whom the registry must know? */
bool registry_asked(const struct cad *c, const struct profile *profile);

/* Statement (a compact JWS, NULL: none came) of person (NULL: none) against subject. ERR_OK at once if the profile is not of a person, or no issuer is set. ERR_MALFORMED: there is no
 * statement or person; ERR_BAD_SIGNATURE, ERR_UNTRUSTED, ERR_EXPIRED, ERR_MISMATCH naming the field; ERR_UNAVAILABLE: the registry's keys cannot be fetched. */
MUST_USE enum err registry_check(struct cad *c, const struct profile *profile, const char *statement,
	const struct uuid *person, const struct name_part *subject, size_t count);

#endif
