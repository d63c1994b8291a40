/* seal: the MAC over blobs, by a key that mohar-hsmd alone uses: what tells a blob that was made here from one that was made up or changed. It covers the
 * master's label too, so that a blob is good under its own master only. Used by hsm/citizen. */
#ifndef MOHAR_HSM_CITIZEN_SEAL_H
#define MOHAR_HSM_CITIZEN_SEAL_H

#include "hsm/service.h"
#include "keyring/blob.h"

/* Writes b and its MAC; appended. ERR_NOT_FOUND: the blob-seal key is not made yet. */
MUST_USE enum err seal_write(struct service *service, struct session *s, const struct key *master, const struct blob *b,
	struct writer *out);

/* Reads bytes; *out borrows from them. ERR_CORRUPT if the MAC is not ours; ERR_MALFORMED. */
MUST_USE enum err seal_read(struct service *service, struct session *s, const struct key *master, struct span bytes,
	struct blob *out);

#endif
