/* certificate_entry: does an entry of the transparency log speak of this certificate? Used by `mohar ca issue`, which keeps the receipt, and by `mohar verify certificate`. Pure. */
#ifndef MOHAR_VERIFY_CERTIFICATE_ENTRY_H
#define MOHAR_VERIFY_CERTIFICATE_ENTRY_H

#include <openssl/x509.h>

#include "audit/receipt.h"

/* Compares serial, validity and key with the public part of r's entry, and the certificate's own hash with the private part if r opens it: *opened. The proof itself is
 * receipt_check()'s to judge. ERR_MISMATCH naming what differs; ERR_MALFORMED. */
MUST_USE enum err certificate_entry_check(X509 *x, const struct receipt *r, bool *opened);

#endif
