/* message: a PKIMessage taken apart (RFC 9810 5.1), and the bodies that are taken here. Used by cmp.c, protect.c and the fuzzer. Pure: nothing of it is believed yet; everything is borrowed from the
 * bytes that came. Only DER, in one form. */
#ifndef MOHAR_CA_CMP_MESSAGE_H
#define MOHAR_CA_CMP_MESSAGE_H

#include "base/clock.h"
#include "ca/cmp/fail.h"
#include "x509/x509.h"

enum { MAX_TRANSACTION_ID = 64, MIN_SENDER_NONCE = 8, MAX_SENDER_NONCE = 64, MAX_EXTRA_CERTS = 8 };

/* RFC 9810 5.1.2: the tag numbers of bodies. */
enum cmp_body {
	CMP_IR = 0,
	CMP_IP = 1,
	CMP_CR = 2,
	CMP_CP = 3,
	CMP_KUR = 7,
	CMP_KUP = 8,
	CMP_RR = 11,
	CMP_RP = 12,
	CMP_PKICONF = 19,
	CMP_ERROR = 23,
	CMP_CERTCONF = 24,
};

struct cmp_message {
	struct span sender;    /* GeneralName, whole */
	struct span directory; /* the Name in it, whole; empty if it is another kind of name */
	bool has_time;
	unix_time time;
	struct span protection_alg; /* AlgorithmIdentifier, whole; empty: none */
	struct span sender_kid, transaction_id, sender_nonce, recip_nonce;
	bool implicit_confirm;
	int type;         /* enum cmp_body, or another tag */
	struct span body; /* what is inside the tag */
	struct span header_whole, body_whole;
	struct span protection; /* the bits; empty: none */
	struct span extra_certs[MAX_EXTRA_CERTS];
	size_t extra_count;
};

/* BAD_DATA_FORMAT, UNSUPPORTED_VERSION, BAD_REQUEST. What was understood before a refusal stands in *out, for the answer. */
MUST_USE enum cmp_fail cmp_message_read(struct span der, struct cmp_message *out);

/* ProtectedPart (5.1.3), DER appended: what a MAC or a signature is over. */
void cmp_protected_part(struct span header, struct span body, struct writer *w);

/* One request for a certificate: exactly one CertReqMsg (RFC 4211 3). */
struct cmp_request {
	struct span id;                     /* certReqId, INTEGER whole */
	struct span signed_part;            /* CertRequest, whole */
	struct span subject;                /* Name, whole; empty: none */
	struct span key;                    /* SubjectPublicKeyInfo's contents; empty: none */
	struct span extensions;             /* contents; empty: none */
	struct span old_issuer, old_serial; /* control oldCertID: Name whole, INTEGER contents; empty: none */
	struct span popo_alg, popo;         /* AlgorithmIdentifier whole, signature bits */
};
/* BAD_DATA_FORMAT; BAD_CERT_TEMPLATE for what is for us to say (serial, issuer, validity...); BAD_POP if possession is not shown by a signature. */
MUST_USE enum cmp_fail cmp_request_read(struct span body, struct cmp_request *out);

/* The template as an unsigned PKCS#10 request, so that one reader and one check serve all protocols. DER appended. */
MUST_USE enum cmp_fail cmp_request_csr(const struct cmp_request *r, struct writer *csr);
/* Does the key of the template sign its request (RFC 4211 4.1)? BAD_POP, BAD_ALG. */
MUST_USE enum cmp_fail cmp_request_possession(const struct cmp_request *r);

/* One revocation (5.3.9): issuer Name whole, serial contents, CRLReason. */
struct cmp_revocation {
	struct span issuer, serial;
	int64_t reason;
};
MUST_USE enum cmp_fail cmp_revocation_read(struct span body, struct cmp_revocation *out);

/* One confirmation (5.3.18). */
struct cmp_confirmation {
	struct span hash;
	struct span hash_alg; /* AlgorithmIdentifier, whole; empty: that of the certificate's signature */
	bool rejected;
};
MUST_USE enum cmp_fail cmp_confirmation_read(struct span body, struct cmp_confirmation *out);

#endif
