/* ceremony_state: how far a ceremony has come, in a file of its folder, so that one that was interrupted goes on where it stood and makes nothing twice. It is
 * removed when the transcript is signed. Used by `mohar ceremony run`. */
#ifndef MOHAR_CLI_CEREMONY_STATE_H
#define MOHAR_CLI_CEREMONY_STATE_H

#include "base/digest.h"
#include "json/json.h"

struct state_step {
	char *json; /* as it goes into the transcript */
};

struct ceremony_state {
	struct json_bytes script, keys; /* SHA-256: of which ceremony this is */
	int64_t started, doing;         /* doing: the step that was begun, from 0; -1: none */
	struct json_list steps;         /* struct state_step: those that are done */
};

/* An absent file is a state in which nothing was done. ERR_MISMATCH: it is of another script or keys.json. The caller frees with state_free. */
MUST_USE enum err state_read(const char *path, const struct sha256 *script, const struct sha256 *keys,
	struct ceremony_state **out);
void state_free(struct ceremony_state **s);

/* Before a step: it is begun. After it: it is done, and what it did. Both are on the disk when this returns. */
MUST_USE enum err state_begin(struct ceremony_state *s, const char *path, size_t step);
MUST_USE enum err state_add(struct ceremony_state *s, const char *path, struct span json);

#endif
