/* verify: the public page where anyone checks a decision, by its number or by pasting it. It uses the same pure functions as `mohar verify`. Used by routes.c. */
#ifndef MOHAR_SIGNER_VERIFY_VERIFY_H
#define MOHAR_SIGNER_VERIFY_VERIFY_H

#include "signer/signer.h"

enum { MAX_VERIFY_BODY = 96 << 10 };

/* GET /verify (a form; with ?id=, that decision's verdict), POST /verify (decision= the compact JWS) */
enum err verify_show(void *daemon, struct request *request, struct reply *reply);
enum err verify_submit(void *daemon, struct request *request, struct reply *reply);

/* GET /jwks: every key that a verifier needs, with what it is for. GET /bundle: keys, status lists and checkpoint in one document, for verifying with no network. */
MUST_USE enum err jwks_build(struct signer *s);
enum err jwks_show(void *daemon, struct request *request, struct reply *reply);
enum err bundle_show(void *daemon, struct request *request, struct reply *reply);

#endif
