/* asked: what a device asks for: the key, the subject and the alternative names of a PKCS#10 request, or of a CMP template that was put into that form, or what a certificate already says. Used by
 * enroll.c. Pure. */
#ifndef MOHAR_CA_DEVICE_ASKED_H
#define MOHAR_CA_DEVICE_ASKED_H

#include "x509/x509.h"

enum { MAX_ASKED_SUBJECT = 16 };

struct asked {
	struct request_facts request;                /* key and alternative names; owned */
	struct name_part subject[MAX_ASKED_SUBJECT]; /* values owned; types static, as the profile calls them */
	size_t subject_count;
	struct span der; /* the request itself, borrowed */
};

/* A request that its key has signed. Subject attributes come in the profile's order; one that comes twice, or that the profile does not have, is ERR_REFUSED. The caller frees with
 * asked_free. Errors as csr_parse. */
MUST_USE enum err asked_read(struct span csr, const struct profile *profile, struct asked *out);
/* A request whose possession was shown by other means, so that its own signature is not looked at. */
MUST_USE enum err asked_read_unsigned(struct span csr, const struct profile *profile, struct asked *out);
/* What x says, in the form of a request that nobody signed. DER appended. */
MUST_USE enum err asked_of_certificate(const X509 *x, struct writer *csr);
void asked_free(struct asked *a);

/* The same subject and the same names, in whatever order (RFC 7030 4.2.2)? ERR_MISMATCH names the field. */
MUST_USE enum err asked_same(const struct asked *old, const struct asked *fresh);

#endif
