/* counter: what the desk where cards are made asks of the services, by orders signed on the registrar's card: who somebody is, the certificate of a key, the binding of a card. Used by
 * enrolment, renewal and batches. Opens the registrar's card for each order: no other card may be open meanwhile. */
#ifndef MOHAR_CLI_CARD_COUNTER_H
#define MOHAR_CLI_CARD_COUNTER_H

#include <openssl/x509.h>

#include "base/digest.h"
#include "cli/card/card.h"
#include "cli/cli.h"

struct counter {
	struct cli *c; /* for --tls-ca */
	struct card_place registrar;
	const char *ca_url;
	const char *issuer; /* NULL: no registry is asked */
};

/* Whose card it is. */
struct holder {
	const char *handle;                 /* borrowed; NULL: not in the registry */
	char *person, *card_subject, *name; /* owned; person and card_subject only with a handle */
	char *registry;                     /* its signed statement of these; owned; NULL: none */
};
void holder_free(struct holder *h);

/* By handle from the registry (act citizen.show), or by name alone if handle is NULL. The caller frees with holder_free. ERR_MALFORMED: neither, or no issuer; else the registry's errors. */
MUST_USE enum err counter_holder(const struct counter *k, const char *handle, const char *name, struct holder *out);

/* The certificate of this key for this holder under this profile: the one that the authority has given already (found: true), as when a card was pulled out before it was written, else one
 * that is ordered now. So a key never gets a second one. The caller frees *out. ERR_MISMATCH: what came back is for another key. */
MUST_USE enum err counter_certificate(const struct counter *k, const struct holder *h, const char *profile,
	struct span csr, const struct sha256 *spki, bool fresh, X509 **out, bool *found);

/* Under which profile a certificate was given. The caller frees *profile. */
MUST_USE enum err counter_profile(const struct counter *k, const X509 *x, char **profile);

/* Tells the registry that this certificate logs its holder in (act citizen.card). Done already is done. Nothing for a holder without a handle. */
MUST_USE enum err counter_bind(const struct counter *k, const struct holder *h, const X509 *x);

/* The CA certificates above x, without the root, by the caIssuers addresses in them (RFC 5280 4.2.2.1): each one checked to have signed the one below. The caller frees. ERR_UNAVAILABLE. */
MUST_USE enum err counter_chain(const struct counter *k, X509 *x, STACK_OF(X509) * *out);

#endif
