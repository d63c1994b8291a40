/* console: the operators' web pages of mohar-cad, at /console. It is an ordinary OpenID Connect client of our own identity provider: level 3, scope offices. Whoever holds the office
 * `ca-operator` or `registrar` of agency `ca` may read and may turn requests away; everything that gives or takes a certificate wants that person's card, and the console
 * shows the command for it. Used by routes.c. */
#ifndef MOHAR_CA_CONSOLE_CONSOLE_H
#define MOHAR_CA_CONSOLE_CONSOLE_H

#include "ca/cad.h"
#include "ca/console/store.h"
#include "http/server.h"
#include "http/template.h"
#include "oidc/party.h"

enum {
	CONSOLE_LOGIN_LIFE = 10 * 60,
	CONSOLE_SESSION_LIFE =
		10 * 60, /* then the identity provider is asked again, which asks the person only if it must */
	CONSOLE_LEVEL = 3,
	CONSOLE_CONNECTIONS = 3,
	CONSOLE_PAGE = 25, /* rows a page */
	MAX_BACK = 512,
	MAX_CONSOLE_FORM = 4096,
};
#define CONSOLE_AGENCY "ca"
#define CONSOLE_COOKIE "console"
#define CONSOLE_TOKEN_COOKIE "console-token"
#define CONSOLE_LOGIN_COOKIE "console-login"

struct console {
	struct db_pool *db;
	struct templates *pages;
	struct jwk *key;
	struct oidc_keys *keys;  /* guard themselves */
	struct oidc_party party; /* borrows from here and from the settings */
	char *redirect_uri;
	unix_time since; /* this instance's start: what its counters count from */
};

/* Files and settings: templates, our key at the identity provider. *out is NULL if console_client_id is not set: there is no console then. ERR_CONFIG. */
MUST_USE enum err console_read(const struct cad *c, struct console **out);
/* Then the database. */
MUST_USE enum err console_connect(struct cad *c);
void console_free(struct console **k);

/* Somebody at the console, found out anew for every page: the session's row, and what the identity provider says at this moment. */
struct visit {
	struct console_session_row session;
	char *token; /* the access token */
	bool is_operator, is_registrar;
	char *roles[2];             /* "ca-operator", "registrar": those held; static */
	struct json_list role_list; /* of them */
	char actor[160];            /* "console:SUBJECT": who did it, in events */
	char title[160];            /* of the office, for the page's head */
};

/* The visit behind this request: ERR_UNAUTHENTICATED (no session, ended, or the identity provider does not know it any more), ERR_REFUSED (no such office any more), ERR_UNAVAILABLE. */
MUST_USE enum err visit_find(struct cad *c, const struct request *request, struct visit *out);
void visit_free(struct visit *v);

/* A page for whoever has a visit; everybody else is sent to log in, and back. */
typedef enum err console_show(struct cad *c, const struct visit *v, struct request *request, struct reply *reply);
MUST_USE enum err console_page(void *daemon, struct request *request, struct reply *reply, console_show *show);
/* A change: the form was sent from our own page of this very session (Origin, token). Nobody is sent to log in. */
MUST_USE enum err console_change(void *daemon, struct request *request, struct reply *reply, console_show *change);

/* 303 to a path of ours. */
void console_go(const struct cad *c, const char *path, struct reply *reply);

/* The offices that open the console, of the claim `offices`. ERR_REFUSED: none of them. Pure. */
MUST_USE enum err visit_roles(const char *offices, struct visit *out);

/* ---- routes ---- */
enum err console_callback(void *daemon, struct request *request, struct reply *reply); /* GET /console/cb */
enum err console_leave(void *daemon, struct request *request, struct reply *reply);    /* POST /console/leave */
enum err console_queue(void *daemon, struct request *request, struct reply *reply);    /* GET /console */
enum err console_request(void *daemon, struct request *request, struct reply *reply);  /* GET /console/requests/{id} */
enum err console_reject(void *daemon, struct request *request, struct reply *reply);   /* POST .../reject */
enum err console_certificates(void *daemon, struct request *request,
	struct reply *reply); /* GET /console/certificates */
enum err console_certificate(void *daemon, struct request *request, struct reply *reply); /* GET .../{serial} */
enum err console_pem(void *daemon, struct request *request, struct reply *reply);         /* GET .../{serial}/pem */
enum err console_bulks(void *daemon, struct request *request, struct reply *reply);       /* GET /console/bulk */
enum err console_bulk(void *daemon, struct request *request, struct reply *reply);        /* GET /console/bulk/{id} */
enum err console_health(void *daemon, struct request *request, struct reply *reply);      /* GET /console/health */
enum err console_static(void *daemon, struct request *request, struct reply *reply); /* GET /console/static/{file} */

/* The refusal page under /console for who wants HTML, else the document of everybody. */
void console_refusal(void *daemon, struct request *request, enum err e, struct reply *reply);

#endif
