/* certificate: the verdict on one certificate, told. Used by `mohar verify FILE` and `mohar verify certificate`. */
#ifndef MOHAR_CLI_VERIFY_CERTIFICATE_H
#define MOHAR_CLI_VERIFY_CERTIFICATE_H

#include "cli/cli.h"
#include "verify/decision.h"

/* Tells subject, issuer, serial, validity; judges the chain (the certificate first, intermediates after it in the same bytes) to the anchors (PEM text; empty: unknown)
 * at a time. why receives one sentence unless valid. */
enum verdict certificate_tell(struct cli *c, struct span pem_or_der, struct span anchors, unix_time at, char *why,
	size_t why_len);

#endif
