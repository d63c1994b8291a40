/* order: a signed act on its way to a service and the answer back. Used by every verb that a registrar, operator or custodian orders with a card. */
#ifndef MOHAR_CLI_ORDER_H
#define MOHAR_CLI_ORDER_H

#include "cli/card/card.h"
#include "cli/cli.h"

enum { MAX_ORDER_REPLY = 1 << 20 };

/* The anchor of the services' TLS certificates, for a verb's table. */
#define ORDER_TLS_OPTION                                                                                     \
	{                                                                                                    \
		"--tls-ca", "FILE", "anchor of the services' TLS certificates", "MOHAR_TLS_CA", false, false \
	}

struct order {
	const char *act;  /* "certificate.issue" */
	const char *base; /* "https://localhost:8445": the service, and the act's audience */
	const char *path; /* "/certificates" */
	struct span body; /* a JSON object */
};

/* Signs on the card and sends; the answer's body is appended to reply. A refusal comes back as the service's own error and reason; ERR_UNAVAILABLE if it
 * cannot be reached. */
MUST_USE enum err order_send(struct cli *c, struct card *card, const struct order *o, struct writer *reply);

/* A GET that shows a signed act as bearer token (body empty): for what is shown only to operators. path may hold a query. */
MUST_USE enum err order_read(struct cli *c, struct card *card, const struct order *o, struct writer *reply);

/* A GET without an order, with the same errors. */
MUST_USE enum err order_get(struct cli *c, const char *url, struct writer *reply);

/* A POST of what is no order, of that type, with the same errors. */
MUST_USE enum err order_post(struct cli *c, const char *url, const char *content_type, struct span body,
	struct writer *reply);

/* The error that a reply's status and problem document (RFC 9457) stand for; ERR_OK for 2xx. For tests and for those who call by themselves. */
MUST_USE enum err order_result(int status, struct span reply);

#endif
