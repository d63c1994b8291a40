/* officer: the person who confirms a decision in the browser. Signerd is an ordinary OpenID Connect client of the identity provider here: it asks for level 3 and for the
 * offices held, and believes only what the ID token says. Used by routes.c. */
#ifndef MOHAR_SIGNER_OFFICER_OFFICER_H
#define MOHAR_SIGNER_OFFICER_OFFICER_H

#include "oidc/office.h"
#include "signer/decision/decision.h"

enum { OFFICER_SESSION_LIFE = 15 * 60, OFFICER_LOGIN_LIFE = 10 * 60 };
#define OFFICER_COOKIE "officer"
#define OFFICER_LOGIN_COOKIE "officer-login"

/* The office by which its holder, at that level, may confirm a decision of this type; or the reason why not (ERR_REFUSED). Pure. */
MUST_USE enum err officer_may(const struct decision_type *t, int64_t level, const struct offices *o,
	const struct office **by);

/* Sends the browser to the identity provider; it comes back to /officer/cb and from there to the decision. */
MUST_USE enum err officer_login(struct signer *s, const struct uuid *decision, struct reply *reply);

/* The session of the cookie, ERR_UNAUTHENTICATED if there is none. The caller frees the row with officer_session_row_free. */
MUST_USE enum err officer_session(struct signer *s, const struct request *request, struct officer_session_row *out);
void officer_session_row_free(struct officer_session_row *row);

/* GET /officer/cb, GET /confirm/{id}, POST /confirm/{id}, POST /refuse/{id} */
enum err officer_callback(void *daemon, struct request *request, struct reply *reply);
enum err confirm_show(void *daemon, struct request *request, struct reply *reply);
enum err confirm_submit(void *daemon, struct request *request, struct reply *reply);
enum err confirm_refuse(void *daemon, struct request *request, struct reply *reply);

#endif
