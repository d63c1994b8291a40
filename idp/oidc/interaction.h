/* interaction: a request that waits for login or consent: a portal's authorization request, or a page of our own. Its id travels in the address (?flow=ID), the browser that
 * began it is bound by the cookie __Host-flow; both are needed. Used by /authorize (opening), the login, card and consent pages, and /continue (resuming).
 *
 *   GET /authorize -> 303 /login?flow=ID | /consent?flow=ID | the portal        pages lead the browser to /continue?flow=ID when they are done;
 *   GET /continue?flow=ID -> the next of the same                              it decides anew from what the database says. */
#ifndef MOHAR_IDP_OIDC_INTERACTION_H
#define MOHAR_IDP_OIDC_INTERACTION_H

#include "idp/client/client.h"
#include "idp/idp.h"
#include "idp/oidc/authorization.h"
#include "idp/session/session.h"

#define FLOW_COOKIE "__Host-flow"
enum { FLOW_SECONDS = 1800, FLOW_ID_LEN = 43 };

struct interaction {
	char id[FLOW_ID_LEN + 1];
	struct span cookie;    /* the flow cookie's value, borrowed from the request: for csrf_make, challenge_new */
	struct client *client; /* NULL for a page of our own; a reference, owned */
	struct authorization
		authorization; /* what was asked: scopes, level, max_age, prompt, ui_locales; owned; empty without a client */
	char *return_to;       /* without a client: "/account" */
	int64_t level;         /* that the session must reach */
	bool parked;           /* it has a row */
	struct uuid session_before; /* the browser's session when it was parked; zero: none */
	struct uuid consented_by;   /* zero: nobody yet */
};

/* Takes a checked request and its client and does what is next: issues at once, or parks it (setting the flow cookie if the browser has none) and sends the browser on. */
MUST_USE enum err interaction_begin(struct idp *d, const struct request *request, struct reply *reply,
	struct client *client, struct authorization *authorization);
/* The same for a page of our own that needs a session of that level: parks and sends the browser to log in. */
MUST_USE enum err interaction_begin_page(struct idp *d, const struct request *request, struct reply *reply,
	const char *return_to, int64_t level);

/* The interaction of ?flow= (or form member flow) and the flow cookie. ERR_NOT_FOUND if unknown or expired, ERR_REFUSED without its cookie. The caller frees. */
MUST_USE enum err interaction_of(struct idp *d, const struct request *request, struct interaction *out);
void interaction_free(struct interaction *i);

/* Remembers that this person consents to what i asks (row of the flow, and consent for next time); event "consent.given". */
MUST_USE enum err interaction_consent(struct idp *d, const struct interaction *i, const struct session *s);

/* Refuses on the person's behalf: sends the portal access_denied (RFC 6749 4.1.2.1), or home, and drops the interaction. */
MUST_USE enum err interaction_deny(struct idp *d, const struct request *request, struct reply *reply,
	struct interaction *i);

/* Decides the next step and answers with a redirect: login, consent, the portal with a code (or an error), or return_to. */
MUST_USE enum err interaction_resume(struct idp *d, const struct request *request, struct reply *reply,
	struct interaction *i);

/* Issues the code for i to its portal (code.c): subject of the sector, row and event "authorization.granted" in one transaction, and the redirect. Drops the interaction with it. */
MUST_USE enum err interaction_issue(struct idp *d, struct reply *reply, struct interaction *i, const struct session *s);

/* GET /continue */
MUST_USE enum err continue_handler(void *daemon, struct request *request, struct reply *reply);

/* ---- the decision, pure ---- */
enum step { STEP_LOGIN, STEP_STEP_UP, STEP_CONSENT, STEP_ISSUE, STEP_UNMET };
struct step_facts {
	bool has_session;
	int64_t level, proofing; /* of the session now; of the person */
	int64_t required;
	unix_time auth_time, now;
	bool prompt_login, prompt_consent;
	int64_t max_age;     /* seconds, -1: not asked */
	bool consent_stored; /* an earlier consent covers the scopes */
	bool consented_here; /* in this flow, by this person */
	bool logged_in_here; /* the session was opened after the request came */
};
enum step interaction_step(const struct step_facts *f);

#endif
