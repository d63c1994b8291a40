/* ceremony_proposal: a proposal as a file, which custodians can carry from one to the other: what it is about, what mohar-hsmd says of it, who has approved. Its words
 * are only a copy: approving checks them against the bytes, and mohar-hsmd checks what the approval names. Used by `mohar ceremony propose`, `approve`, `status`. */
#ifndef MOHAR_CLI_CEREMONY_PROPOSAL_H
#define MOHAR_CLI_CEREMONY_PROPOSAL_H

#include "json/json.h"
#include "keyring/keyring.h"

enum { MAX_PROPOSED = 1 << 20, MAX_PROPOSAL_TEXT = 3 << 20, MAX_APPROVERS = 32 };

struct carried_approval {
	char *by; /* a card's label, or a FIDO2 device */
	int64_t at;
};

struct carried {
	struct json_bytes id, object, result; /* result: once it was executed */
	char *kind, *key, *summary;           /* key: NULL if the kind is about none */
	int64_t expires, k;
	bool executed;
	struct json_list approvals; /* struct carried_approval */
};

/* ERR_CONFIG with "PATH:LINE: …"; ERR_MISMATCH if the summary does not say what the bytes say. The caller frees with carried_free. */
MUST_USE enum err carried_read(const char *path, struct carried *out);
void carried_free(struct carried *p);

/* Writes it, with one more approval by `by` unless that is NULL. */
MUST_USE enum err carried_write(const char *path, const struct carried *p, const char *by, unix_time at);

#endif
