/* tbsentries: the revokedCertificates of a TBSCertList (RFC 5280 5.1.2.6), read entry by entry without libcrypto's objects, of which a large list would be hundreds of megabytes and many
 * seconds. Used by tbscertlist. */
#ifndef MOHAR_HSM_TYPE_TBSENTRIES_H
#define MOHAR_HSM_TYPE_TBSENTRIES_H

#include "base/span.h"

/* DER throughout: positive serials of at most 20 bytes, times to the second, and no extension but reasonCode, removeFromCRL in a delta only. *count: how many. ERR_MALFORMED, ERR_REFUSED. */
MUST_USE enum err tbsentries_check(struct span contents, bool is_delta, size_t *count);

#endif
