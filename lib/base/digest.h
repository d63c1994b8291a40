/* digest: SHA-256 and HMAC-SHA-256 in one call. Used wherever a hash is a name: leaf hashes, thumbprints, token look-ups. */
#ifndef MOHAR_BASE_DIGEST_H
#define MOHAR_BASE_DIGEST_H

#include "base/span.h"

enum { SHA256_LEN = 32 };

struct sha256 {
	uint8_t bytes[SHA256_LEN];
};

/* SHA-256 of the bytes. Aborts the process if libcrypto has no SHA-256: nothing here could go on. */
struct sha256 sha256_of(struct span bytes);

/* SHA-256 of several spans, one after the other. */
struct sha256 sha256_of_parts(const struct span *parts, size_t count);

/* HMAC-SHA-256 (RFC 2104). */
struct sha256 hmac_sha256(struct span key, struct span bytes);

struct span sha256_span(const struct sha256 *h);

#endif
