/* receipt: the proof that travels beside an object: entry, where it stands in the log, the path to a signed checkpoint; and, for those who may know, salt
 * and private part. Used by signerd and idpd (making), by `mohar verify` (checking). JSON:
 *   {"entry":B64U,"index":N,"size":N,"proof":[B64U...],"checkpoint":TEXT,"salt":B64U?,"private":{...}?} */
#ifndef MOHAR_AUDIT_RECEIPT_H
#define MOHAR_AUDIT_RECEIPT_H

#include "audit/checkpoint.h"
#include "audit/event.h"
#include "audit/merkle.h"
#include "json/json.h"

enum { MAX_RECEIPT = 64 << 10 };

struct receipt {
	struct json_bytes entry; /* owned */
	uint64_t index, size;
	struct merkle_proof proof;
	char *checkpoint;       /* owned note text */
	struct json_bytes salt; /* owned; empty if withheld */
	char *private_part;     /* owned JSON; NULL if withheld */
};

MUST_USE enum err receipt_parse(struct span json, struct receipt *out);
MUST_USE enum err receipt_write(const struct receipt *r, struct writer *w);
void receipt_free(struct receipt *r);

/* Proof leads from the entry to the checkpoint, the checkpoint is the log's (of its public tree, or of the private one: ORIGIN/private), the private part (if there) opens. The entry's JSON is then the caller's to compare
 * with the object. */
MUST_USE enum err receipt_check(const struct receipt *r, const char *origin, EVP_PKEY *log_key);

#endif
