/* checkpoint: a signed tree head in the C2SP tlog-checkpoint form inside a C2SP signed note, Ed25519. Used by the sequencer (making) and by every verifier.
 * mohar-hsmd's key of purpose "checkpoint" signs the note text and nothing else. */
#ifndef MOHAR_AUDIT_CHECKPOINT_H
#define MOHAR_AUDIT_CHECKPOINT_H

#include "audit/note.h"
#include "base/digest.h"
#include "base/writer.h"

enum { MAX_CHECKPOINT = MAX_NOTE, MAX_ORIGIN = MAX_NOTE_NAME };

struct checkpoint {
	char origin[MAX_ORIGIN + 1]; /* "mohar.example/log", schema-less URL-like name of the log */
	uint64_t size;
	struct sha256 root;
};

/* The note text that is signed: origin, size, base64 root, each on its line. */
MUST_USE enum err checkpoint_text(const struct checkpoint *c, struct writer *out);
/* Strictly parses that text (no extension lines). For mohar-hsmd's type check too. */
MUST_USE enum err checkpoint_text_parse(struct span text, struct checkpoint *out);
/* The whole note: text, blank line, "— ORIGIN BASE64(key id || signature)". spki: the log's public key (Ed25519). */
MUST_USE enum err checkpoint_note(const struct checkpoint *c, struct span spki, struct span signature,
	struct writer *out);
/* Parses and verifies a note by the log's key; other signatures on it are passed over. ERR_BAD_SIGNATURE, ERR_MALFORMED, ERR_MISMATCH (origin). */
MUST_USE enum err checkpoint_verify(struct span note, const char *origin, EVP_PKEY *key, struct checkpoint *out);

#endif
