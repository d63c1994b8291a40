/* problem: the refusals of ACME (RFC 8555 6.7, RFC 9773 7.4), one row each, and the documents that tell them. Used by everything in ca/acme: pure decisions return
 * one of these, handlers answer with it, challenges and orders keep it. */
#ifndef MOHAR_CA_ACME_PROBLEM_H
#define MOHAR_CA_ACME_PROBLEM_H

#include "base/writer.h"

/*      name                        type                       HTTP */
#define ACME_TABLE(X)                                                \
	X(OK, "", 200)                                               \
	X(ACCOUNT_DOES_NOT_EXIST, "accountDoesNotExist", 400)        \
	X(ALREADY_REPLACED, "alreadyReplaced", 409)                  \
	X(ALREADY_REVOKED, "alreadyRevoked", 400)                    \
	X(BAD_CSR, "badCSR", 400)                                    \
	X(BAD_NONCE, "badNonce", 400)                                \
	X(BAD_PUBLIC_KEY, "badPublicKey", 400)                       \
	X(BAD_REVOCATION_REASON, "badRevocationReason", 400)         \
	X(BAD_SIGNATURE_ALGORITHM, "badSignatureAlgorithm", 400)     \
	X(CONNECTION, "connection", 400)                             \
	X(DNS, "dns", 400)                                           \
	X(EXTERNAL_ACCOUNT_REQUIRED, "externalAccountRequired", 403) \
	X(INCORRECT_RESPONSE, "incorrectResponse", 403)              \
	X(INVALID_CONTACT, "invalidContact", 400)                    \
	X(MALFORMED, "malformed", 400)                               \
	X(NOT_FOUND, "malformed", 404)                               \
	X(CONFLICT, "malformed", 409)                                \
	X(MEDIA_TYPE, "malformed", 415)                              \
	X(ORDER_NOT_READY, "orderNotReady", 403)                     \
	X(RATE_LIMITED, "rateLimited", 429)                          \
	X(REJECTED_IDENTIFIER, "rejectedIdentifier", 403)            \
	X(SERVER_INTERNAL, "serverInternal", 500)                    \
	X(UNAVAILABLE, "serverInternal", 503)                        \
	X(TLS, "tls", 400)                                           \
	X(UNAUTHORIZED, "unauthorized", 403)                         \
	X(UNSUPPORTED_CONTACT, "unsupportedContact", 400)            \
	X(UNSUPPORTED_IDENTIFIER, "unsupportedIdentifier", 400)

enum problem {
#define X(name, type, http) ACME_##name,
	ACME_TABLE(X)
#undef X
};

/* The signature algorithms taken (RFC 8555 6.2), NULL-terminated. */
extern const char *const acme_algs[];

/* Runs expr, which gives an enum problem; hands any refusal to our own caller. */
#define ACME_TRY(expr)                                 \
	do {                                           \
		const enum problem acme_try_ = (expr); \
		if (acme_try_ != ACME_OK)              \
			return acme_try_;              \
	} while (0)

/* Runs expr, which gives an enum err; hands the refusal that stands for it to our own caller. */
#define ACME_ERR(expr)                             \
	do {                                       \
		const enum err acme_err_ = (expr); \
		if (acme_err_ != ERR_OK)           \
			return acme_of(acme_err_); \
	} while (0)

/* Refuses with why (a printf format) unless cond holds. */
#define ACME_WHY(cond, refusal, ...)               \
	do {                                       \
		if (!(cond)) {                     \
			err_remember(__VA_ARGS__); \
			return (refusal);          \
		}                                  \
	} while (0)

/* "urn:ietf:params:acme:error:badNonce", static. */
const char *acme_type(enum problem a);
int acme_http(enum problem a);

/* What an error of the house is in ACME's terms: MALFORMED for what was sent wrongly, UNAUTHORIZED for who sent it, SERVER_INTERNAL for our own. */
enum problem acme_of(enum err e);

/* Appends {"type": "urn:ietf:params:acme:error:...", "detail": why, "status": n} (RFC 9457). why is left out where it is our own fault. */
void acme_problem(struct writer *w, enum problem a, const char *why);

#endif
