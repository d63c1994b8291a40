/* answer: the PKIMessages that we send (RFC 9810 5.1 to 5.3), written as DER. Used by cmp.c. Pure. */
#ifndef MOHAR_CA_CMP_ANSWER_H
#define MOHAR_CA_CMP_ANSWER_H

#include "base/clock.h"
#include "ca/cmp/message.h"
#include "ca/cmp/protect.h"

enum { MAX_CMP_ANSWER = 256 << 10, CMP_NONCE_LEN = 16 };

/* ---- DER, from the inside out: each appends one element ---- */
void cmp_der(struct writer *w, uint8_t tag, struct span contents);
void cmp_der_int(struct writer *w, int64_t n);

/* PKIStatusInfo: accepted, or rejected with the failure and its reason. */
void cmp_status(struct writer *w, enum cmp_fail fail, const char *why);

/* The contents of ip, cp, kup: certificate empty if rejected. ca_pubs: certificates one after the other; empty: none. */
struct cmp_certified {
	struct span request_id; /* INTEGER, whole */
	enum cmp_fail fail;
	const char *why;
	struct span certificate, ca_pubs;
};
MUST_USE enum err cmp_certified_write(const struct cmp_certified *a, struct writer *w);
/* Of rp; of error; of pkiconf. */
MUST_USE enum err cmp_revoked_write(enum cmp_fail fail, const char *why, struct writer *w);
MUST_USE enum err cmp_error_write(enum cmp_fail fail, const char *why, struct writer *w);
MUST_USE enum err cmp_confirmed_write(struct writer *w);

/* What the header says and what protects the whole. */
struct cmp_answer {
	const struct cmp_message *request; /* for transaction, nonces, recipient */
	struct span sender;                /* Name, whole */
	unix_time at;
	uint8_t nonce[CMP_NONCE_LEN];
	bool implicit_confirm;
	int type;                       /* enum cmp_body */
	struct span body;               /* contents of it */
	enum cmp_protection protection; /* CMP_SIGNED, or a MAC by secret */
	struct span secret;
	EVP_PKEY *key;
	struct span kid;         /* senderKID: the secret's id, or the certificate's subjectKeyIdentifier */
	struct span extra_certs; /* one after the other */
};
/* The whole message, DER appended. */
MUST_USE enum err cmp_answer_write(const struct cmp_answer *a, struct writer *w);

#endif
