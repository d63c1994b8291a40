/* random: unguessable bytes. Used for tokens, codes, salts, serial numbers. Keys come from the HSM, not from here. */
#ifndef MOHAR_BASE_RANDOM_H
#define MOHAR_BASE_RANDOM_H

#include "base/writer.h"

/* Fills out with len random bytes from the kernel's generator through libcrypto. Aborts if there is none. */
void random_bytes(uint8_t *out, size_t len);

/* A token of 256 random bits as 43 characters of base64url and a NUL. */
enum { TOKEN_TEXT_LEN = 43 };
void random_token(char out[TOKEN_TEXT_LEN + 1]);

/* A random version-4 UUID (RFC 9562 5.4), 16 bytes, and its text of 36 characters. */
struct uuid {
	uint8_t bytes[16];
};
enum { UUID_TEXT_LEN = 36 };
struct uuid uuid_random(void);
void uuid_write(struct writer *w, const struct uuid *u);
MUST_USE enum err uuid_read(struct span text, struct uuid *out);
struct span uuid_span(const struct uuid *u);

#endif
