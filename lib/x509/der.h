/* der: a cursor's steps over DER (X.690 10.1): one form of length, nothing indefinite. Used where an OCSP request is read on the hot path;
 * certificates, requests and lists go through libcrypto's templates. */
#ifndef MOHAR_X509_DER_H
#define MOHAR_X509_DER_H

#include "base/reader.h"

enum {
	DER_INTEGER = 0x02,
	DER_OCTET_STRING = 0x04,
	DER_OBJECT = 0x06,
	DER_SEQUENCE = 0x30,
	DER_CONTEXT_0 = 0xa0,
	DER_CONTEXT_1 = 0xa1,
	DER_CONTEXT_2 = 0xa2,
};

/* The next element, which must have this tag: its contents, borrowed. ERR_MALFORMED otherwise, or for a length that is not DER. */
MUST_USE enum err der_read(struct reader *r, uint8_t tag, struct span *contents);

/* As der_read if the next element has this tag; else *contents is empty and nothing is read. */
MUST_USE enum err der_read_optional(struct reader *r, uint8_t tag, struct span *contents);

/* The next element whole, tag and length included, whatever it is. */
MUST_USE enum err der_read_any(struct reader *r, struct span *element);

#endif
