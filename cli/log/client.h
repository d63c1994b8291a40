/* log_client: a transparency log as anybody sees it: its checkpoint, tiles and entries over HTTP (C2SP tlog-tiles), believed only after its key and
 * the hashes say so. Used by `mohar log`. */
#ifndef MOHAR_CLI_LOG_CLIENT_H
#define MOHAR_CLI_LOG_CLIENT_H

#include "audit/log_policy.h"
#include "audit/path.h"
#include "audit/receipt.h"
#include "audit/tile.h"
#include "verify/decision.h"

struct log_client {
	const char *url;         /* the service's, without /log */
	const char *ca_file;     /* may be NULL */
	const char *policy_file; /* whose quorum of witnesses is asked for; NULL: the log's word is enough */
	size_t cosigned;         /* how many of its witnesses have cosigned head */
	struct trust trust;
	struct checkpoint head;
	struct writer note; /* head as it came, verified */
};

/* Reads the trust file, fetches the newest checkpoint (that witnesses have cosigned, if there is a policy) and verifies it. ERR_UNTRUSTED without the log's key, or with too few witnesses; ERR_BAD_SIGNATURE, ERR_MISMATCH, ERR_UNAVAILABLE. */
MUST_USE enum err log_client_open(struct log_client *l, const char *trust_file);
void log_client_free(struct log_client *l);

/* GET of a resource of the log, appended to body: what it says is checked by nobody yet. ERR_UNAVAILABLE, ERR_NOT_FOUND, ERR_IO. */
MUST_USE enum err log_client_get(const struct log_client *l, const struct log_path *p, size_t max, struct writer *body);

/* The tiles of the tree that head signs. What they say is checked by nobody yet: the caller compares a root. Borrows l. */
struct tile_source log_client_tiles(struct log_client *l);

/* The entries of one bundle, as many as the tree of head has of it: a reader over body finds each behind its u16 length. */
MUST_USE enum err log_client_entries(struct log_client *l, uint64_t bundle, unsigned *count, struct writer *body);

#endif
