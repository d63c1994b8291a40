/* encode: base64url (RFC 4648 5, no padding), base64 (RFC 4648 4) and hex. Used at every text edge. Strict: one form for one value. */
#ifndef MOHAR_BASE_ENCODE_H
#define MOHAR_BASE_ENCODE_H

#include "base/writer.h"

/* Appends the encoding of bytes. */
void base64url_write(struct writer *w, struct span bytes);
void base64_write(struct writer *w, struct span bytes); /* with padding */
void hex_write(struct writer *w, struct span bytes);    /* lower case */

/* Decodes text into out, which has room bytes; *len is what was written. ERR_MALFORMED for a foreign character, padding in
 * base64url, missing padding in base64, non-zero trailing bits, white space; ERR_TOO_LONG if room does not suffice. */
MUST_USE enum err base64url_read(struct span text, uint8_t *out, size_t room, size_t *len);
MUST_USE enum err base64_read(struct span text, uint8_t *out, size_t room, size_t *len);
MUST_USE enum err hex_read(struct span text, uint8_t *out, size_t room, size_t *len);

/* Decodes exactly len bytes; anything else is ERR_MALFORMED. */
MUST_USE enum err base64url_exactly(struct span text, uint8_t *out, size_t len);

/* Decodes into memory that the caller frees with free(). */
MUST_USE enum err base64url_take(struct span text, uint8_t **out, size_t *len);

#endif
