/* proof_ocsp: the proof's questions to the responder, over HTTP and with a nonce, like anybody's. Used by proof.c. */
#ifndef MOHAR_CA_STATUS_PROOF_OCSP_H
#define MOHAR_CA_STATUS_PROOF_OCSP_H

#include "ca/status/proof.h"

enum { PROOF_SAMPLES = 16 };

/* Asks about PROOF_SAMPLES certificates from a random serial on, as many revoked ones, and one serial that was never issued. What disagrees is counted in r. */
MUST_USE enum err proof_ocsp(struct cad *c, const struct authority *a, struct proof_result *r);

/* Counts one disagreement; the first one's words are kept. */
void proof_disagree(struct proof_result *r, struct span serial, const char *why);

#endif
