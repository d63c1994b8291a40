/* ocsp: answering RFC 6960 requests over GET and POST, as RFC 5019 wants them cached. "Good" means: in the issuance database and not revoked. Used by routes.c; keeper.c
 * refreshes through it. */
#ifndef MOHAR_CA_STATUS_OCSP_H
#define MOHAR_CA_STATUS_OCSP_H

#include "ca/cad.h"
#include "ca/status/cache.h"
#include "http/server.h"

struct status_row; /* store/statements.h */

enum { OCSP_MAX_AGE = 30 };

/* GET /ocsp/{request...} and POST /ocsp */
enum err ocsp_get(void *daemon, struct request *request, struct reply *reply);
enum err ocsp_post(void *daemon, struct request *request, struct reply *reply);

/* What a status row says at now; row NULL: never issued. archive_from: since when nothing is forgotten about certificates that have ended, which is told of those. Pure. */
struct ocsp_answer ocsp_decide(const struct status_row *row, unix_time now, int64_t seconds, unix_time archive_from);

/* Asks the database, signs, and keeps the answer (not "unknown", not with a nonce, not if its status may have changed meanwhile). *entry is held for the caller, or NULL if it was not kept
 * and stands in der only. */
MUST_USE enum err ocsp_sign(struct cad *c, const struct ocsp_question *q, const struct ocsp_entry **entry,
	struct writer *der);

/* Signs anew what is behind one CertID of the cache. */
MUST_USE enum err ocsp_refresh(struct cad *c, struct span cert_id);

/* How long caches may keep an answer: at most 30 s, and never past its end. Pure. */
int ocsp_max_age(unix_time next_update, unix_time now);

#endif
