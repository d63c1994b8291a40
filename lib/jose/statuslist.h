/* statuslist: the Token Status List (draft-ietf-oauth-status-list): one small number a token, in a compressed array inside a signed JWT. Used by signerd (making) and by
 * every verifier of a decision. */
#ifndef MOHAR_JOSE_STATUSLIST_H
#define MOHAR_JOSE_STATUSLIST_H

#include "jose/jose.h"

enum { STATUS_VALID = 0, STATUS_INVALID = 1, STATUS_SUSPENDED = 2 }; /* section 7.1 */
enum {
	MAX_STATUS_ENTRIES = 1 << 20,
	MAX_STATUS_TTL = 30
}; /* entries; seconds: how long a copy may be shown as fresh */

/* The array itself, uncompressed: bits 1, 2, 4 or 8 an entry, least significant bits first (section 4.1). */
struct statuslist {
	unsigned bits;
	size_t entries;
	uint8_t *bytes; /* owned */
};

/* All entries zero. ERR_MALFORMED (bits), ERR_TOO_LONG, ERR_NO_MEMORY. */
MUST_USE enum err statuslist_new(unsigned bits, size_t entries, struct statuslist *out);
void statuslist_free(struct statuslist *s);

/* ERR_NOT_FOUND for an index past the end, ERR_MALFORMED for a value that needs more bits. */
MUST_USE enum err statuslist_set(struct statuslist *s, size_t index, unsigned value);
MUST_USE enum err statuslist_get(const struct statuslist *s, size_t index, unsigned *value);

/* The "lst" member: zlib (RFC 1950) at the highest level, base64url; and back, refusing trailing bytes and more than MAX_STATUS_ENTRIES. */
MUST_USE enum err statuslist_pack(const struct statuslist *s, struct writer *lst);
MUST_USE enum err statuslist_unpack(unsigned bits, struct span lst, struct statuslist *out);

/* The payload of a Status List Token (section 5.1): sub = uri, iat, exp, ttl, status_list. */
MUST_USE enum err statuslist_payload(const struct statuslist *s, const char *uri, unix_time iat, unix_time exp,
	int64_t ttl, struct writer *json);

/* A Status List Token verified by one of keys: typ statuslist+jwt, sub equals uri, iat not ahead of now, exp after now (section 8.3). *iat tells how old it is. Stale is ERR_EXPIRED,
 * another list's is ERR_MISMATCH. */
MUST_USE enum err statuslist_verify(struct span token, const struct jwks *keys, const char *uri, unix_time now,
	struct statuslist *out, unix_time *iat);

#endif
