/* body: what EST carries: requests in, certificates and attributes out. Used by est.c. Pure. */
#ifndef MOHAR_CA_EST_BODY_H
#define MOHAR_CA_EST_BODY_H

#include <openssl/x509.h>

#include "x509/x509.h"

/* The DER of a request from a body (RFC 8951 3.1: base64, with white space anywhere); a PEM armour is taken off too, as some clients leave it on. ERR_MALFORMED, ERR_TOO_LONG. Appended. */
MUST_USE enum err est_body_read(struct span body, struct writer *der);
/* A certs-only SignedData (RFC 5652 5, RFC 5272 4.1) of them, DER appended. */
MUST_USE enum err est_certificates(STACK_OF(X509) * certificates, struct writer *der);

/* CsrAttrs (RFC 7030 4.5.2, RFC 9908) for a profile: the curve or length and the digest of the first key type that it takes, and the extensions a request may have. DER appended. */
MUST_USE enum err est_attributes(const struct profile *profile, struct writer *der);

#endif
