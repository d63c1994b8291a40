/* person: whom a certificate is for, as the identity registry says it in a signed statement that the certificate authority checks. Used by the verbs of the queue. */
#ifndef MOHAR_CLI_CA_PERSON_H
#define MOHAR_CLI_CA_PERSON_H

#include "cli/cli.h"

struct registry_person {
	char *person, *name, *card_subject, *registry; /* owned; registry: the statement */
};

/* Asks the registry (option --issuer) with the card, which must be a registrar's: act citizen.names. The caller frees. */
MUST_USE enum err registry_person_ask(struct cli *c, const char *handle, struct registry_person *out);
void registry_person_free(struct registry_person *p);

#endif
