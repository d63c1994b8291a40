/* lists: the Status List Tokens that signerd publishes. Each is signed on first request, kept, and made again when a decision of it is revoked or it grows old. Used by seal (an
 * index for a new decision), revoke, the public page and GET /status/{list}. Has its own lock. */
#ifndef MOHAR_SIGNER_STATUS_LISTS_H
#define MOHAR_SIGNER_STATUS_LISTS_H

#include "signer/signer.h"

struct status_lists;
MUST_USE enum err status_lists_new(struct signer *s, struct status_lists **out);
void status_lists_free(struct status_lists **l);

/* The next index, inside the caller's transaction; makes a list when all are full. */
MUST_USE enum err status_take(struct db *db, struct status_take_row *out);

/* The list's address: URL/status/N. */
void status_uri(const struct signer *s, int64_t list, struct writer *w);

/* A copy of the token of a list, at most MAX_STATUS_TTL seconds old. ERR_NOT_FOUND. */
MUST_USE enum err status_token(struct signer *s, int64_t list, struct writer *token);

/* A decision of that list was revoked here: the kept token is stale now. */
void status_changed(struct signer *s, int64_t list);

/* GET /status/{list} */
enum err status_show(void *daemon, struct request *request, struct reply *reply);

#endif
