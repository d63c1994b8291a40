/* names: the registry's signed word on what a person is called, for a certificate authority: a JWS (typ names+jwt) by the token key, good for some minutes. Used by the routes that show
 * a person to a registrar, whose order for a certificate carries it. */
#ifndef MOHAR_IDP_REGISTRY_NAMES_H
#define MOHAR_IDP_REGISTRY_NAMES_H

#include "idp/registry/registry.h"

enum { NAMES_SECONDS = 600, MAX_NAMES_STATEMENT = 8 << 10 };

/* Claims: iss, aud "ca", iat, exp, person, card_subject, name, offices. Appended. */
MUST_USE enum err names_statement_write(struct idp *d, struct order *o, const struct person_row *person,
	struct writer *out);

/* POST /registry/people/{handle}/names: a registrar's act citizen.names. The person's own log shows it, as a look-up. */
enum err citizen_names_handler(void *daemon, struct request *request, struct reply *reply);

#endif
