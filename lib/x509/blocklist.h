/* blocklist: public keys that nobody may be certified for, by the SHA-256 of their SubjectPublicKeyInfo: Debian's weak keys of 2008, keys in firmware, keys that leaked. A file,
 * mapped and searched in place. Used by mohar-cad for every key that it certifies. */
#ifndef MOHAR_X509_BLOCKLIST_H
#define MOHAR_X509_BLOCKLIST_H

#include "base/span.h"

struct blocklist;

/* The file is either binary, 32 bytes a key, ascending; or text, a line of 64 hexadecimal digits a key (letters in lower case), ascending. What is not ascending, or not of these
 * forms, is ERR_CONFIG with the place. The whole file is looked at once, here. path "" gives NULL: nothing is blocked. */
MUST_USE enum err blocklist_open(const char *path, struct blocklist **out);
void blocklist_free(struct blocklist **b);

/* Is this hash (32 bytes) in it? false if b is NULL. Threads may ask at once. */
bool blocklist_has(const struct blocklist *b, struct span spki_sha256);

size_t blocklist_count(const struct blocklist *b);

#endif
