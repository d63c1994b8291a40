/* transcript: what was done in a ceremony, signed by those who took part (JWS, general JSON serialisation). Used by `mohar ceremony show` and `verify`, and by signerd,
 * which enters its hash in the transparency log. Pure. */
#ifndef MOHAR_VERIFY_TRANSCRIPT_H
#define MOHAR_VERIFY_TRANSCRIPT_H

#include "base/digest.h"
#include "jose/jose.h"
#include "policy/keys_file.h"
#include "verify/decision.h"

enum { MAX_TRANSCRIPT_STEPS = 256, MAX_TRANSCRIPT_PEOPLE = 32, MAX_TRANSCRIPT_INPUTS = 16 };

/* Who was there beside the custodians. jwk: of the card that signed; NULL without one. */
struct transcript_person {
	char *role, *name, *jwk;
};
struct transcript_approval {
	char *by; /* a custodian's name, or a card's label */
};
struct transcript_input {
	char *name, *what, *sha256;
};
struct transcript_journal {
	char *token, *head;
	int64_t lines;
};
/* What custodians decided in a step. */
struct transcript_proposal {
	char *kind, *key, *object_sha256, *summary;
	struct json_list approvals; /* struct transcript_approval */
};
struct transcript_made {
	char *algorithm, *spki_sha256;
	bool before; /* an interruption */
};
struct transcript_destroyed {
	char *key;
	struct transcript_proposal proposal;
};
struct transcript_step {
	char *what, *say, *token, *key, *issuer, *profile, *input, *file, *at, *serial, *sha256, *label, *policy_sha256,
		*files_sha256;
	bool confirmed, needed, has_proposal, has_made, has_journal;
	struct transcript_proposal proposal;
	struct transcript_made made;
	struct transcript_journal journal;
	struct json_list destroyed; /* struct transcript_destroyed */
};

struct transcript {
	char *title, *started, *ended;
	struct json_bytes script, keys;                     /* SHA-256 */
	struct json_list inputs, present, approvals, steps; /* struct transcript_… */
	struct json_list journals_before, journals_after;
	struct json_list signers; /* texts: the kid of each signature, in their order; not verified by reading */
	struct sha256 hash;       /* of the payload: what `mohar ceremony run` tells, and what the log holds */
};

/* Reads one that nobody vouches for yet. ERR_MALFORMED, ERR_TOO_LONG. The caller frees with transcript_free. */
MUST_USE enum err transcript_read(struct span file, struct transcript *out);
void transcript_free(struct transcript *t);

/* Do the file's signatures hold: every one verifies, by a custodian of keys or by somebody whose card the transcript names; k custodians signed, and k approved?
 * ERR_BAD_SIGNATURE, ERR_UNTRUSTED, ERR_REFUSED. */
MUST_USE enum err transcript_check(const struct transcript *t, struct span file, const struct keys_file *keys);

/* Did the key with that thumbprint sign? */
bool transcript_signed_by(const struct transcript *t, const char *kid);

/* The public part of the event ceremony.held. Appended. */
MUST_USE enum err transcript_event(const struct transcript *t, struct writer *json);

/* Is that the transcript's receipt: its entry says ceremony.held with this hash, its proof leads to a checkpoint of the log? *at: when it was entered.
 * ERR_MISMATCH, ERR_BAD_SIGNATURE, ERR_UNTRUSTED (trust has no log). */
MUST_USE enum err transcript_receipt_check(const struct transcript *t, struct span receipt, const struct trust *trust,
	unix_time *at);

#endif
