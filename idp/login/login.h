/* login: the pages on which a person signs in and consents, and the start page. Used by routes.c.
 *
 *   GET  /                          what this is, and where to go
 *   GET  /login?flow=ID             the page; it never asks who you are: the passkey says it
 *   POST /login/options?flow=ID     WebAuthn request options with a fresh challenge, bound to the flow cookie
 *   POST /login/passkey?flow=ID     AuthenticationResponseJSON; opens a session; {"next": "/continue?flow=ID"}
 *   GET  /consent?flow=ID           what the portal asks for
 *   POST /consent                   flow, csrf, decision=allow|deny */
#ifndef MOHAR_IDP_LOGIN_LOGIN_H
#define MOHAR_IDP_LOGIN_LOGIN_H

#include "idp/idp.h"

enum { MAX_CONSENT_FORM = 4096 };

enum err home_handler(void *daemon, struct request *request, struct reply *reply);
enum err login_handler(void *daemon, struct request *request, struct reply *reply);
enum err login_options_handler(void *daemon, struct request *request, struct reply *reply);
enum err login_passkey_handler(void *daemon, struct request *request, struct reply *reply);
enum err consent_handler(void *daemon, struct request *request, struct reply *reply);
enum err consent_decide_handler(void *daemon, struct request *request, struct reply *reply);

#endif
