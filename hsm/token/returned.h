/* returned: what each code that a PKCS#11 function returns means for the request. A table, so that it can be read and tested whole. Used by hsm/token. */
#ifndef MOHAR_HSM_TOKEN_RETURNED_H
#define MOHAR_HSM_TOKEN_RETURNED_H

#include "hsm/token/token.h"

enum consequence {
	RETURNED_FINE,
	RETURNED_REQUEST, /* what was asked for cannot be done: ERR_MALFORMED, never again */
	RETURNED_UNFIT,   /* this HSM does not do such a thing: ERR_UNSUPPORTED, never again */
	RETURNED_PIN,     /* ERR_UNAVAILABLE, never again: a PIN has few tries */
	RETURNED_RENEW, /* ERR_UNAVAILABLE and s->lost: once more with a fresh session and the key found and compared again */
};

struct returned_row {
	CK_RV rv;
	const char *name;
	enum consequence consequence;
};

/* The last one, CKR_VENDOR_DEFINED, stands for every code that has no row. */
extern const struct returned_row *const returned_rows;
extern const size_t returned_count;

#endif
