/* registration: what the verbs of the queue and of bulk acts share: their options, and one signed exchange with the certificate authority. Used inside cli/ca. */
#ifndef MOHAR_CLI_CA_REGISTRATION_H
#define MOHAR_CLI_CA_REGISTRATION_H

#include "base/random.h"
#include "cli/order.h"

#define REGISTRATION_OPTIONS \
	CARD_OPTIONS, {"--ca-url", "URL", "the certificate authority", "MOHAR_CA_URL", true, false}, ORDER_TLS_OPTION

enum { MAX_REGISTRATION_BODY = 40 << 10, MAX_REGISTRATION_PATH = 2 << 10 };

/* An act with a body, or, with an empty one, a reading act as bearer token. The answer is appended. */
MUST_USE enum err registration_send(struct cli *c, const char *act, const char *path, struct span body,
	struct writer *reply);

/* ID as it may stand in an address: a UUID. */
MUST_USE enum err registration_id(const char *text);

/* Ends the verb. */
int registration_ended(struct cli *c, enum err e);

/* Every TYPE=VALUE of a repeated option as a list of type and value. */
MUST_USE enum err registration_parts(struct cli *c, const char *option, const char *list, struct json_writer *j);

#endif
