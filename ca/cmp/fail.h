/* fail: why a PKIMessage is refused (RFC 9810 5.2.3: PKIFailureInfo), one row each. Used by everything in ca/cmp: pure decisions return one of these, the answer carries its bit and the reason. */
#ifndef MOHAR_CA_CMP_FAIL_H
#define MOHAR_CA_CMP_FAIL_H

#include "base/err.h"

/*      name                      bit */
#define CMP_FAIL_TABLE(X)            \
	X(BAD_ALG, 0)                \
	X(BAD_MESSAGE_CHECK, 1)      \
	X(BAD_REQUEST, 2)            \
	X(BAD_TIME, 3)               \
	X(BAD_CERT_ID, 4)            \
	X(BAD_DATA_FORMAT, 5)        \
	X(BAD_POP, 9)                \
	X(CERT_REVOKED, 10)          \
	X(CERT_CONFIRMED, 11)        \
	X(WRONG_INTEGRITY, 12)       \
	X(BAD_RECIPIENT_NONCE, 13)   \
	X(BAD_SENDER_NONCE, 18)      \
	X(BAD_CERT_TEMPLATE, 19)     \
	X(SIGNER_NOT_TRUSTED, 20)    \
	X(TRANSACTION_ID_IN_USE, 21) \
	X(UNSUPPORTED_VERSION, 22)   \
	X(NOT_AUTHORIZED, 23)        \
	X(SYSTEM_UNAVAIL, 24)        \
	X(SYSTEM_FAILURE, 25)        \
	X(DUPLICATE_CERT_REQ, 26)

enum cmp_fail {
	CMP_OK = -1,
#define X(name, bit) CMP_##name = (bit),
	CMP_FAIL_TABLE(X)
#undef X
};

/* Runs expr, which gives an enum cmp_fail; hands any refusal to our own caller. */
#define CMP_TRY(expr)                                  \
	do {                                           \
		const enum cmp_fail cmp_try_ = (expr); \
		if (cmp_try_ != CMP_OK)                \
			return cmp_try_;               \
	} while (0)

/* Refuses with why (a printf format) unless cond holds. */
#define CMP_WHY(cond, refusal, ...)                \
	do {                                       \
		if (!(cond)) {                     \
			err_remember(__VA_ARGS__); \
			return (refusal);          \
		}                                  \
	} while (0)

/* What an error of the house is in CMP's terms. */
enum cmp_fail cmp_fail_of(enum err e);

#endif
