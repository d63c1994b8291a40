/* session: a person who has authenticated in this browser. The cookie __Host-session holds 256 random bits, the database their SHA-256. A login always makes a new
 * one (no fixation). Used by passkey and card login (opening), by every page and by /authorize (asking). */
#ifndef MOHAR_IDP_SESSION_SESSION_H
#define MOHAR_IDP_SESSION_SESSION_H

#include "idp/idp.h"
#include "idp/store/rows.h"

#define SESSION_COOKIE "__Host-session"
enum { CSRF_TEXT_LEN = 43 };

/* What a login found out. Borrowed. */
struct login {
	struct uuid person;     /* principal; the actor is the same until mandates come */
	int64_t authenticator;  /* level it can reach: assurance_of_passkey(), 3 for a card */
	int64_t bound_level;    /* from the credential's or card's row */
	const char *channel;    /* "web", "card" */
	const char *const *amr; /* RFC 8176 values, NULL-terminated: "hwk" or "swk", "user" or "pin", "sc", "mfa" */
	const char *means;      /* what was used, for the person's own log: credential name or card serial */
	struct span
		credential; /* passkeys: credential id, whose counter (and BS) is stored in the same transaction; empty else */
	uint32_t counter;
	bool backed_up;
};

struct session {
	struct session_row row; /* id, person, name, proofing, auth_time ... */
	int64_t level;          /* as of this request, by assurance_level(); never 0 here */
	struct span cookie;     /* borrowed from the request (empty right after opening) */
};

/* Ends the browser's former session, opens one (row, counter and event "login.succeeded" in the private tree, one transaction) and sets the cookie. Refuses a frozen person
 * (ERR_REVOKED) and a counter that went back (ERR_USED). out may be NULL; else the caller frees. */
MUST_USE enum err session_open(struct idp *d, struct request *request, struct reply *reply, const struct login *login,
	struct session *out);

/* The browser's session. ERR_UNAUTHENTICATED if there is none, it ended, or its level has sunk to 0. Notes last_seen once a minute. The caller frees. */
MUST_USE enum err session_of(struct idp *d, const struct request *request, struct session *out);
void session_free(struct session *s);

/* Ends it (row, event "session.ended") and deletes the cookie. No session is fine. */
MUST_USE enum err session_end(struct idp *d, const struct request *request, struct reply *reply);

/* Guard of pages that need a session: attaches a struct session, readable by session_attached(); without one a GET is sent to log in and comes back. */
extern const struct http_guard SESSION_GUARD;
const struct session *session_attached(const struct request *request);

/* A token for forms, bound to a cookie's value: SHA-256("mohar-csrf" 00 purpose 00 cookie value) in base64url. Check in constant time; ERR_REFUSED. */
void csrf_make(const char *purpose, struct span cookie, char out[CSRF_TEXT_LEN + 1]);
MUST_USE enum err csrf_check(const char *purpose, struct span cookie, const char *given);

/* A login that failed, for the person's log where the person is known (private tree). */
MUST_USE enum err login_failed(struct idp *d, const struct uuid *person, const char *channel, const char *why);

#endif
