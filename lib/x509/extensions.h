/* extensions: the extensions of a certificate by its profile, with the criticality of RFC 5280 4.2. Used by certificate_make and csr. */
#ifndef MOHAR_X509_EXTENSIONS_H
#define MOHAR_X509_EXTENSIONS_H

#include <openssl/x509v3.h>

#include "x509/x509.h"

/* Adds to x, whose names and key are set already, all that facts and its profile call for. */
MUST_USE enum err extensions_add(const struct certificate_facts *facts, X509 *x);

/* GeneralNames of "dns", "ip" (text form), "email", "uri" parts. The caller frees. ERR_MALFORMED names the value that is none. */
MUST_USE enum err general_names_make(const struct name_part *parts, size_t count, GENERAL_NAMES **out);

/* The authorityKeyIdentifier for what issuer signs: its subjectKeyIdentifier. The caller frees. ERR_CONFIG if it has none. */
MUST_USE enum err authority_key_make(X509 *issuer, AUTHORITY_KEYID **out);

#endif
