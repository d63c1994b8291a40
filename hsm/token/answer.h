/* answer: what a key says that no other key would say, as a line of text. mohar-hsmd asks for it when it first has a key, and writes it into the journal; whatever is found under the
 * key's label later, at a start, on a second token, after a loss, must answer the same. A public half is its own answer; a secret key is asked to do what it is for. Used by keys.c. */
#ifndef MOHAR_HSM_TOKEN_ANSWER_H
#define MOHAR_HSM_TOKEN_ANSWER_H

#include "hsm/token/token.h"

enum { MAX_ANSWER = 1024 };

/* Appends:
 *   "spki HASH"            the SHA-256 of the public half, in hex
 *   "mac HASH"             the SHA-256 of its MAC over "mohar known answer v1" 00 and the label
 *   "wrap BLOB HASH"       a data key that it has wrapped (base64url), and the SHA-256 of that data key, which nobody else has seen
 *   "master BLOB SPKI"     a citizen's key that it has wrapped and that nobody owns, and its public half; both base64url
 * k->handle must be valid in s. ERR_UNAVAILABLE and the others of the operations. */
MUST_USE enum err token_answer_ask(struct session *s, const char *label, const struct token_key *k,
	CK_OBJECT_HANDLE handle, struct writer *text);

/* Is that what this key answers? ERR_CORRUPT: no, with both; ERR_UNAVAILABLE: the token does not say. */
MUST_USE enum err token_answer_check(struct session *s, const char *label, const struct token_key *k,
	CK_OBJECT_HANDLE handle, const char *text);

#endif
