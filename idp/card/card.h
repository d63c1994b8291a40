/* card: login by a smartcard's TLS client certificate, on a port of its own. The card's port checks the certificate and hands a ticket to the issuer's port, which alone knows the flow
 * cookie and opens the session. Used by routes.c, main.c and the registry (binding a card). */
#ifndef MOHAR_IDP_CARD_CARD_H
#define MOHAR_IDP_CARD_CARD_H

#include "idp/idp.h"
#include "x509/x509.h"

enum { TICKET_SECONDS = 60, STATUS_TIMEOUT_MS = 3000 };

/* The national root, the citizen CA, and what a card's certificate must say. Read once. */
struct card_trust {
	STACK_OF(X509) * roots, *issuers;
	X509 *issuer;
	struct json_list policies; /* char *: dotted OIDs */
};
MUST_USE enum err card_trust_read(const char *root_ca, const char *citizen_ca, const char *policies,
	struct card_trust **out);
void card_trust_free(struct card_trust **t);

/* Is it a citizen's card certificate, now: chain to the root through the citizen CA (RFC 5280 6), clientAuth, one of the policy OIDs, issued by the citizen CA itself? Not its status. The caller frees
 * *out with X509_free. */
MUST_USE enum err card_certificate(const struct card_trust *t, struct span der, unix_time now, X509 **out);

/* Is it good at the authority: OCSP with a nonce (RFC 6960); if nobody answers, the CRL; if that cannot be had either, ERR_UNAVAILABLE: fails closed. */
MUST_USE enum err card_status(const struct idp *d, X509 *x);

/* GET /card?flow=ID on the card's port; GET /card/return?flow=ID&ticket=T on the issuer's. */
enum err card_handler(void *daemon, struct request *request, struct reply *reply);
enum err card_return_handler(void *daemon, struct request *request, struct reply *reply);

#endif
