/* lint_breach: a good certificate and the change that breaks one rule. Used by test_lint.c and its table. */
#ifndef MOHAR_TESTS_LINT_BREACH_H
#define MOHAR_TESTS_LINT_BREACH_H

#include "tests/unit/lib/x509/lint_edit.h"

/* The good certificates. */
enum base { ROOT, CA, CLIENT, TLS, TLS_RSA, ESIGN, ESEAL, OCSP, TSA, BASES };

enum {
	ALONE = 1,
	PROFILE = 2,
	WHOLE = 4
}; /* without the issuer; with the profile; on the certificate instead of the TBS */

struct step {
	const char *path;
	enum edit op;
	const char *hex;
};
struct breach {
	const char *id;
	enum base base;
	unsigned how;
	struct step first, second;
	const char *also;   /* what cannot but break with it */
	struct step issuer; /* changed in the issuer's certificate */
};

#define X "7/0/x"
#define KU X "551d0f"
#define AIA X "2b06010505070101"
#define QC X "2b06010505070103"
#define EXT "7/0", ADD
#define DNS_AB "3005 8203612e62"

#endif
