/* account: a person's own page: how they sign in, where they are signed in, whom they share data with, what was done in their name. Used by routes.c.
 * Every change needs the session cookie, a form token bound to it, and our own origin.
 *
 *   GET  /account                      the page; without a session it leads to the login page and back
 *   POST /account/passkeys/options     WebAuthn creation options, whose challenge is bound to the session cookie
 *   POST /account/passkeys?csrf=       {name, credential}: adds a passkey at the level of this session
 *   POST /account/passkeys/remove      csrf, id; never the last means of signing in (the statement sees to it)
 *   POST /account/sessions/end         csrf, id
 *   POST /account/services/withdraw    csrf, client */
#ifndef MOHAR_IDP_ACCOUNT_ACCOUNT_H
#define MOHAR_IDP_ACCOUNT_ACCOUNT_H

#include "idp/idp.h"

enum { MAX_ACCOUNT_FORM = 4096 };
#define CSRF_ACCOUNT "account"
#define CSRF_LOGOUT_FORM "logout" /* what /end_session checks */

enum err account_handler(void *daemon, struct request *request, struct reply *reply);
enum err account_options_handler(void *daemon, struct request *request, struct reply *reply);
enum err account_add_handler(void *daemon, struct request *request, struct reply *reply);
enum err account_remove_handler(void *daemon, struct request *request, struct reply *reply);
enum err account_session_end_handler(void *daemon, struct request *request, struct reply *reply);
enum err account_withdraw_handler(void *daemon, struct request *request, struct reply *reply);

#endif
