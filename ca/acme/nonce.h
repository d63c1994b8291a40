/* nonce: anti-replay nonces (RFC 8555 6.5) that any instance makes without a row: end, random bytes, and a MAC over both by the key that all instances share.
 * Only a used one becomes a row, and of two uses the database lets one win. Used by call.c. */
#ifndef MOHAR_CA_ACME_NONCE_H
#define MOHAR_CA_ACME_NONCE_H

#include "base/clock.h"
#include "base/span.h"

enum { NONCE_LEN = 32, NONCE_TEXT_LEN = 43, NONCE_KEY_LEN = 32, NONCE_SECONDS = 3600 };

/* A fresh one, base64url with NUL. */
void nonce_make(const uint8_t key[NONCE_KEY_LEN], unix_time now, char out[NONCE_TEXT_LEN + 1]);

/* Is it one of ours, and not yet too old? Its bytes and its end, for the row. Pure. ERR_REFUSED, ERR_EXPIRED, ERR_MALFORMED. */
MUST_USE enum err nonce_read(const uint8_t key[NONCE_KEY_LEN], struct span text, unix_time now, uint8_t out[NONCE_LEN],
	unix_time *expires);

#endif
