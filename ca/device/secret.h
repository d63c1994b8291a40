/* secret: an enrolment secret: what a device shows to be certified for the first time. mohar-hsmd derives it from the enrolment's id with a key that never leaves it, so that it stands in no
 * database and CMP's MAC can still be checked. Used by operator.c, EST and CMP. */
#ifndef MOHAR_CA_DEVICE_SECRET_H
#define MOHAR_CA_DEVICE_SECRET_H

#include "ca/cad.h"
#include "ca/device/store.h"

#define DEVICE_KEY_LABEL "device-secret"

enum { ENROLMENT_ID_LEN = 16, ENROLMENT_SECRET_LEN = 40 }; /* hexadecimal digits: 64 and 160 bits */

struct enrolment_secret {
	char text[ENROLMENT_SECRET_LEN + 1];
};

/* The secret of that id, whether there is such an enrolment or not. ERR_NOT_FOUND: mohar-hsmd has no key DEVICE_KEY_LABEL; ERR_UNAVAILABLE. The caller wipes it. */
MUST_USE enum err secret_derive(struct cad *c, const char *id, struct enrolment_secret *out);

/* May a device still be certified with it? Pure. ERR_REVOKED, ERR_EXPIRED, ERR_USED, each with the reason. */
MUST_USE enum err enrolment_decide(const struct enrolment_row *row, unix_time now);

/* The enrolment of that id, if secret is its secret and it may be used: ERR_UNAUTHENTICATED for a wrong one and for an unknown id alike; as enrolment_decide. The caller frees with
 * enrolment_free. */
MUST_USE enum err enrolment_open(struct cad *c, const char *id, struct span secret, struct enrolment_row *out);
/* The same without the secret, for who proves it otherwise: a MAC, or a certificate had by it. ERR_NOT_FOUND. */
MUST_USE enum err enrolment_read(struct cad *c, const char *id, struct enrolment_row *out);
void enrolment_free(struct enrolment_row *row);

#endif
