/* presign: OCSP answers signed ahead of the first question, for the profiles that the setting ocsp_presign names: so that the morning's rush finds them in the cache. Answers are by SHA-1
 * CertID, as RFC 5019 2.1.1 has clients ask. Used by the keeper's thread, whose own it is. */
#ifndef MOHAR_CA_STATUS_PRESIGN_H
#define MOHAR_CA_STATUS_PRESIGN_H

#include "ca/cad.h"

enum { PRESIGN_STEP = 500 };

struct presign;

/* The profiles named must exist: ERR_CONFIG. */
MUST_USE enum err presign_new(struct cad *c, struct presign **out);
void presign_free(struct presign **p);

/* Goes on by at most PRESIGN_STEP certificates; begins again when half of an answer's life has passed since it began last. *more: there are more that have no answer yet. */
MUST_USE enum err presign_step(struct presign *p, bool *more);

#endif
