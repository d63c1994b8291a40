/* event: the envelope of everything that is logged. Used by every daemon in the same transaction as the act it records (ARCHITECTURE 7).
 *
 * An event has a public part and a private part. The entry, the bytes that the Merkle log commits to, is canonical JSON:
 *   {"v":1,"id":UUID,"source":"ca","type":"certificate.issued","at":"2026-01-31T23:59:59Z","public":{...},"private":BASE64URL(SHA-256(salt || private))}
 * leaf hash = SHA-256(0x00 || entry) (RFC 9162 2.1.1). The salt is 128 random bits: who has salt and private part can show what was logged; whoever
 * deletes the salt forgets the person, and the log still verifies. */
#ifndef MOHAR_AUDIT_EVENT_H
#define MOHAR_AUDIT_EVENT_H

#include "base/clock.h"
#include "base/digest.h"
#include "base/random.h"
#include "base/writer.h"

enum { SALT_LEN = 16, MAX_ENTRY = 16 << 10 };

enum log_tree {
	LOG_TREE_PUBLIC = 0,
	LOG_TREE_PRIVATE = 1
}; /* logins go to the private tree, whose root is a public leaf */

struct event {
	struct uuid id;
	enum log_tree tree;
	unix_time at;
	uint8_t salt[SALT_LEN];
	char *source;               /* "ca", "idp", "signer": borrowed */
	char *type;                 /* "certificate.issued": borrowed */
	struct writer entry;        /* owned: the bytes above */
	struct writer private_part; /* owned: JSON */
	struct sha256 leaf;
};

/* Makes an event: fresh id and salt; public_part and private_part are JSON objects (private may be empty: "{}"). ERR_TOO_LONG, ERR_MALFORMED. */
MUST_USE enum err event_make(struct event *out, const char *source, const char *type, enum log_tree tree, unix_time at,
	struct span public_part, struct span private_part);
void event_free(struct event *e);

/* The leaf hash of an entry. */
struct sha256 leaf_hash(struct span entry);

/* Does salt and private part open the entry's commitment? ERR_MISMATCH if not. */
MUST_USE enum err event_opens(struct span entry, struct span salt, struct span private_part);

/* Every schema has these tables (lib/audit/sql/000_audit.sql): the serving role may INSERT into event, nothing else; a trigger fills the outbox, which the
 * sequencer's role alone may read and empty. A daemon's statement inserts the event in the CTE of the act it records, with these columns:
 *   event(id uuid, tree smallint, at timestamptz, type text, actor text, principal text, sector text, channel text, salt bytea, entry bytea, private bytea) */

#endif
