/* registry: a registrar's or client operator's order to mohar-idpd, from a verb's options to the answer told. Used by `mohar citizen` and `mohar client`. */
#ifndef MOHAR_CLI_REGISTRY_H
#define MOHAR_CLI_REGISTRY_H

#include "cli/order.h"

/* What every verb here takes beside its own options. */
#define REGISTRY_OPTIONS                                                                          \
	CARD_OPTIONS, ORDER_TLS_OPTION,                                                           \
	{                                                                                         \
		"--issuer", "URL", "the identity provider's address", "MOHAR_ISSUER", true, false \
	}

enum { MAX_REGISTRY_PATH = 256 };

/* Signs and sends act with body to folder[/name/verb], and appends the answer. name, verb: NULL for none; name is checked to be one plain path segment. */
MUST_USE enum err registry_send(struct cli *c, const char *act, const char *folder, const char *name, const char *verb,
	struct span body, struct writer *reply);

/* Tells the members of an answer that verbs here have: person, card_subject, handle, serial, url, expires, agency, office, title, client_id, client_secret. */
MUST_USE enum err registry_tell(struct cli *c, struct span reply);

/* Ends a verb. */
int registry_end(struct cli *c, enum err e);

#endif
