/* signing: citizens' own signatures, by keys in mohar-hsmd that only they can activate: keys from a registrar's order to their certificate, what agencies ask
 * to have signed, and what the signing page asks and answers. What a signature needs is checked in mohar-hsmd; here is who may ask. Used by routes.c and main.c. */
#ifndef MOHAR_SIGNER_SIGNING_SIGNING_H
#define MOHAR_SIGNER_SIGNING_SIGNING_H

#include "http/server.h"
#include "webauthn/webauthn.h"

enum {
	MAX_SIGNING_BODY = MAX_WEBAUTHN_JSON + (16 << 10),
	ENROLMENT_SECONDS = 900, /* an unborn key lives as long */
	MAX_SIGNING_RP_ID = 255,
};
#define CITIZEN_KEYS "citizen-keys"

/* Is it https://HOST or https://HOST:PORT, and no more? ERR_CONFIG. */
MUST_USE enum err signing_origin_check(const char *origin);
/* The RP ID of signing passkeys: the host of the signing page's origin (checked). */
void signing_rp_id(const char *origin, char out[MAX_SIGNING_RP_ID + 1]);

/* The script of the signing page and no other: Origin (RFC 6454 7) is sign_origin, which then may read the answer (CORS, Fetch 3.2). */
extern const struct http_guard SIGNING_PAGE;
/* OPTIONS /signing/page/{what}: the CORS preflight. */
enum err signing_page_preflight(void *daemon, struct request *request, struct reply *reply);

/* Registrars, by signed acts. POST /signing/keys (signing.begin); GET /signing/keys/{id} by the bearer token that begin gave; POST /signing/keys/{id}/bind
 * (certificate.issue), /certificate (signing.certificate), /freeze (signing.freeze), /unfreeze (citizen.unfreeze); POST /signing/people/{person}/show
 * (signing.show), /freeze (signing.freeze): all keys of a person. */
enum err signing_key_begin(void *daemon, struct request *request, struct reply *reply);
enum err signing_key_watch(void *daemon, struct request *request, struct reply *reply);
enum err signing_key_bind(void *daemon, struct request *request, struct reply *reply);
enum err signing_key_certify(void *daemon, struct request *request, struct reply *reply);
enum err signing_key_freeze(void *daemon, struct request *request, struct reply *reply);
enum err signing_key_raise(void *daemon, struct request *request, struct reply *reply);
enum err signing_person_show(void *daemon, struct request *request, struct reply *reply);
enum err signing_person_freeze(void *daemon, struct request *request, struct reply *reply);

/* Agencies. POST /signing/requests, GET /signing/requests/{id} */
enum err signing_request_create(void *daemon, struct request *request, struct reply *reply);
enum err signing_request_show(void *daemon, struct request *request, struct reply *reply);

/* The signing page, by the code of its address. POST /signing/page/enrolment, /credential: a passkey for a key that a registrar began; /request, /challenge,
 * /sign, /decline: what an agency asked for. */
enum err signing_page_enrolment(void *daemon, struct request *request, struct reply *reply);
enum err signing_page_credential(void *daemon, struct request *request, struct reply *reply);
enum err signing_page_request(void *daemon, struct request *request, struct reply *reply);
enum err signing_page_challenge(void *daemon, struct request *request, struct reply *reply);
enum err signing_page_sign(void *daemon, struct request *request, struct reply *reply);
enum err signing_page_decline(void *daemon, struct request *request, struct reply *reply);

#endif
