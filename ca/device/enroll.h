/* enroll: a device's first certificate by its secret, and the next by the one it has. Used by EST and CMP, which differ in how they carry the same question. */
#ifndef MOHAR_CA_DEVICE_ENROLL_H
#define MOHAR_CA_DEVICE_ENROLL_H

#include "ca/cad.h"
#include "ca/device/asked.h"
#include "ca/device/store.h"
#include "ca/store/statements.h"

/* Who asks, by which way. */
struct enrolling {
	const struct enrolment_row *enrolment;
	const char *channel; /* "est", "cmp" */
};

/* "device:" and the enrolment's id: the actor of what is issued by it. */
enum { MAX_DEVICE_ACTOR = 32 };

/* A certificate for what is asked, within the profile and the patterns of the enrolment, of which one use is taken. ERR_REFUSED names the field; ERR_EXISTS: the key was certified before;
 * ERR_USED: no use is left. The caller frees *out with X509_free. */
MUST_USE enum err device_enroll(struct cad *c, const struct enrolling *who, const struct asked *asked, X509 **out);

/* A certificate that a device shows, with what we know of it. */
struct shown {
	X509 *x;                        /* owned */
	struct certificate_row row;     /* owned */
	struct enrolment_row enrolment; /* owned */
	const struct profile *profile;
};

/* Is der a certificate that we issued to a device, valid now, neither suspended nor revoked, whose enrolment stands? ERR_UNTRUSTED, ERR_EXPIRED, ERR_REVOKED with the reason. The caller frees
 * with shown_free. */
MUST_USE enum err device_shown(struct cad *c, struct span der, struct shown *out);
void shown_free(struct shown *s);

/* The next certificate after the one shown: the same subject and names, a key that was never certified before. ERR_MISMATCH, ERR_EXISTS. */
MUST_USE enum err device_renew(struct cad *c, const struct shown *shown, const char *channel, const struct asked *asked,
	X509 **out);

/* The end of the one shown, by its own key. reason: as revocation_reason_check. */
MUST_USE enum err device_end(struct cad *c, const struct shown *shown, const char *channel, int64_t reason);

#endif
