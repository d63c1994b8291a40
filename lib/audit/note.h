/* note: text with signatures under it, each by a named key (C2SP signed-note). Used by checkpoint.h and cosignature.h, which know what the text and the
 * signatures mean; everybody else goes through them. */
#ifndef MOHAR_AUDIT_NOTE_H
#define MOHAR_AUDIT_NOTE_H

#include <openssl/evp.h>

#include "base/reader.h"
#include "base/writer.h"

enum { MAX_NOTE = 16 << 10, MAX_NOTE_NAME = 255, MAX_VKEY = 512, NOTE_KEY_ID = 4 };

/* Signature types of C2SP signed-note that this house knows. Both are Ed25519. */
enum note_type { NOTE_SIGNATURE = 0x01, NOTE_COSIGNATURE = 0x04 };

/* A verifier: who signs, and how. */
struct note_key {
	char name[MAX_NOTE_NAME + 1];
	enum note_type type;
	uint8_t id[NOTE_KEY_ID];
	EVP_PKEY *key; /* owned if note_vkey_read() made it */
};

/* One signature line, taken apart. Points into the note; bytes hold what follows the key ID. */
struct note_line {
	struct span name;
	uint8_t id[NOTE_KEY_ID];
	uint8_t bytes[256];
	size_t len;
};

/* A key's name: not empty, no spaces, no plus. */
bool note_is_name(struct span name);

/* Fills in name and id for a key (borrowed). ERR_UNSUPPORTED if it is not Ed25519, ERR_MALFORMED for a name with spaces or plus. */
MUST_USE enum err note_key_of(struct span name, enum note_type type, EVP_PKEY *key, struct note_key *out);

/* Reads a verifier key: name+hex(id)+base64(type || public key). ERR_MALFORMED, ERR_MISMATCH if the id is not the key's, ERR_UNSUPPORTED for other types. */
MUST_USE enum err note_vkey_read(struct span text, struct note_key *out);
/* Appends it. */
MUST_USE enum err note_vkey_write(const struct note_key *k, struct writer *w);
void note_key_free(struct note_key *k);

/* Parts a note at its last blank line: text with its last newline; signature lines. ERR_MALFORMED, ERR_TOO_LONG. */
MUST_USE enum err note_split(struct span note, struct span *text, struct span *signatures);
/* The next line of signatures; ERR_MALFORMED. A signature too long for us is left with len 0: nobody we know made it. */
MUST_USE enum err note_line_next(struct reader *signatures, struct note_line *out);
/* Is it by that key, as far as its name and ID say? */
bool note_line_is_by(const struct note_line *line, const struct note_key *key);
/* Appends a signature line. */
MUST_USE enum err note_line_write(const struct note_key *key, struct span signature, struct writer *w);

/* Ed25519 over message. */
bool note_verifies(EVP_PKEY *key, struct span message, struct span signature);

#endif
