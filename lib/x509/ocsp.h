/* ocsp: RFC 6960 requests and responses. Used by mohar-cad (answering) and by idpd's card login (asking). */
#ifndef MOHAR_X509_OCSP_H
#define MOHAR_X509_OCSP_H

#include "x509/x509.h"

enum { MAX_OCSP_REQUEST = 4 << 10, MAX_OCSP_RESPONSE = 32 << 10, MAX_OCSP_NONCE = 128 };

enum ocsp_status { OCSP_GOOD, OCSP_REVOKED, OCSP_UNKNOWN };

/* One question: RFC 6960 4.1 with exactly one Request; SHA-1 and SHA-256 CertIDs. */
struct ocsp_question {
	uint8_t issuer_name_hash[32], issuer_key_hash[32];
	size_t hash_len;    /* 20 or 32 */
	uint8_t serial[20]; /* left-padded with zeros to SERIAL_LEN, as the certificate's own */
	size_t serial_len;
	uint8_t nonce[MAX_OCSP_NONCE];
	size_t nonce_len;    /* 0: none */
	struct span cert_id; /* DER, borrowed from the request: the answer repeats it */
};
MUST_USE enum err ocsp_parse(struct span request, struct ocsp_question *out);

/* Is the question about a certificate of this issuer (both hashes)? */
bool ocsp_is_for(const struct ocsp_question *q, const X509 *issuer);

struct ocsp_answer {
	enum ocsp_status status;
	unix_time revoked_at;
	int reason;
	unix_time this_update, next_update;
	unix_time archive_cutoff; /* RFC 6960 4.4.4: told of certificates that have ended; 0: not told */
};
/* A signed basic response by a delegated responder (its certificate goes along). DER appended. ERR_MISMATCH if issuer is not whom the
 * question is about, unless the answer is unknown. */
MUST_USE enum err ocsp_respond(const struct ocsp_question *q, const struct ocsp_answer *a, X509 *issuer,
	X509 *responder, EVP_PKEY *key, unix_time produced, struct writer *der);
/* An unsigned error response: malformedRequest 1, internalError 2, tryLater 3, unauthorized 6. Static bytes. */
struct span ocsp_error(int status);

/* The client's side: a request for x (SHA-256 CertID, nonce if given), and the check of the answer: signature by issuer or by a responder that the issuer
 * delegated (id-kp-OCSPSigning), CertID, times (thisUpdate <= now <= nextUpdate, at most 5 minutes of skew), nonce when one was sent and one came back.
 * ERR_OK only for good. ERR_REVOKED, ERR_UNTRUSTED (unknown, foreign responder), ERR_EXPIRED (stale), ERR_BAD_SIGNATURE, ERR_MALFORMED. */
MUST_USE enum err ocsp_ask(const X509 *x, const X509 *issuer, struct span nonce, struct writer *der);
MUST_USE enum err ocsp_check(struct span response, const X509 *x, const X509 *issuer, struct span nonce, unix_time now);

/* The same of a serial without its certificate, for whoever has the issuance database: a SHA-1 CertID, as most clients ask; and what a response says about it, however bad the news: the
 * errors are those of an answer that says nothing. */
MUST_USE enum err ocsp_ask_serial(const X509 *issuer, struct span serial, struct span nonce, struct writer *der);
MUST_USE enum err ocsp_told(struct span response, const X509 *issuer, struct span serial, struct span nonce,
	unix_time now, struct ocsp_answer *out);

#endif
