/* profiles: every certificate profile of policies/profiles/, read once. Used by issue/ and by the start mode check. */
#ifndef MOHAR_CA_PROFILES_H
#define MOHAR_CA_PROFILES_H

#include "x509/x509.h"

enum { MAX_PROFILES = 256 };

struct profiles {
	struct profile *rows;
	size_t count;
};

/* All *.json of folder. ERR_CONFIG with file and line; a profile's name must be its file's. */
MUST_USE enum err profiles_read(const char *folder, struct profiles *out);
void profiles_free(struct profiles *p);
const struct profile *profile_find(const struct profiles *p, const char *name);
/* The profile by which issuer certifies its OCSP responder; NULL if none. */
const struct profile *profile_of_responder(const struct profiles *p, const char *issuer);

#endif
