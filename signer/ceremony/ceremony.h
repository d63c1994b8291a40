/* ceremony: finished ceremonies' transcripts, entered in the transparency log. Used by routes.c.
 * Who brings one does not matter: k custodians' signatures on it do, by the keys.json of here. */
#ifndef MOHAR_SIGNER_CEREMONY_CEREMONY_H
#define MOHAR_SIGNER_CEREMONY_CEREMONY_H

#include "jose/jose.h"
#include "signer/signer.h"

enum { MAX_CEREMONY_BODY = MAX_JWS };

/* POST /ceremonies: a transcript. 201 with its hash and where its receipt will be; 200 with the same if it is there already. */
enum err ceremony_add(void *daemon, struct request *request, struct reply *reply);
/* GET /ceremonies/{sha256}/receipt: of the transcript with that SHA-256, in hex. 503 with Retry-After until the log has taken it. */
enum err ceremony_receipt(void *daemon, struct request *request, struct reply *reply);

#endif
