/* passkey: what login, activation and account share of WebAuthn: whose request it is, which challenge it answers, and what a new credential is stored as. */
#ifndef MOHAR_IDP_LOGIN_PASSKEY_H
#define MOHAR_IDP_LOGIN_PASSKEY_H

#include "idp/idp.h"
#include "idp/session/challenge.h"
#include "webauthn/webauthn.h"

enum { MAX_PASSKEY_BODY = MAX_WEBAUTHN_JSON + 4096, MAX_PASSKEY_NAME = 120 };

/* The request comes from a page of ours: Origin (RFC 6454 7) is the issuer's. Every browser sends it with a POST; without it, or with another, ERR_REFUSED. */
MUST_USE enum err same_origin(const struct idp *d, const struct request *request);

/* same_origin() and a JSON body, which no form of a foreign page can send. ERR_REFUSED, ERR_MALFORMED. */
MUST_USE enum err script_request(const struct idp *d, const struct request *request);

/* The challenge that a RegistrationResponseJSON or AuthenticationResponseJSON answers. Only what challenge_use() then finds is believed. ERR_MALFORMED. */
MUST_USE enum err passkey_challenge(struct span credential, uint8_t out[CHALLENGE_LEN]);

/* What WebAuthn 7.1 and 7.2 are to check against. Borrows from d, challenge and origins, which this fills. */
struct webauthn_expect passkey_expect(const struct idp *d, struct span challenge, const char *origins[2]);

/* Writes PublicKeyCredentialCreationOptions for a person as the reply, with a challenge for bound; those the person has already are excluded. */
MUST_USE enum err passkey_offer(struct idp *d, struct reply *reply, struct span bound, const struct uuid *person,
	struct span user_handle, const char *person_name);

/* Consumes the challenge (of bound) that credential answers and checks the registration (WebAuthn 7.1). */
MUST_USE enum err passkey_register(struct idp *d, struct span bound, struct span credential,
	struct webauthn_credential *out);

/* The level that it can reach. */
int64_t passkey_authenticator(const struct webauthn_credential *c);

/* Name given by a person: one line; NULL or blank becomes otherwise. Borrowed. ERR_MALFORMED. */
MUST_USE enum err passkey_name(const char *given, const char *otherwise, const char **out);

/* The private part of the event: name, model, format. */
MUST_USE enum err passkey_details(const struct webauthn_credential *c, const char *name, struct writer *w);

/* The body of a registration from the page. */
struct passkey_body {
	char *code, *name, *credential; /* code: activation only */
};
MUST_USE enum err passkey_body_read(const struct request *request, struct passkey_body *out);
void passkey_body_free(struct passkey_body *b);

#endif
