/* responder: the delegated OCSP responder of an issuing CA (RFC 6960 4.2.2.2): its key is in the HSM, its certificate is issued here, by ourselves, when missing or
 * near its end. Used by keeper.c. */
#ifndef MOHAR_CA_STATUS_RESPONDER_H
#define MOHAR_CA_STATUS_RESPONDER_H

#include "ca/cad.h"

/* Finds the certificate in the database or issues one, and sets both in a. *changed: answers signed before are of another responder. */
MUST_USE enum err responder_ensure(struct cad *c, struct authority *a, bool *changed);

#endif
