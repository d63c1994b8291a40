/* endpoints: the handlers of the OpenID Connect and OAuth 2.0 addresses. Used by routes.c. */
#ifndef MOHAR_IDP_OIDC_ENDPOINTS_H
#define MOHAR_IDP_OIDC_ENDPOINTS_H

#include "http/server.h"

enum err authorize_handler(void *daemon, struct request *request, struct reply *reply);
enum err authorize_post_handler(void *daemon, struct request *request,
	struct reply *reply); /* the same parameters as a form: sent on as a GET, so that cookies come along */
enum err par_handler(void *daemon, struct request *request, struct reply *reply);
enum err token_handler(void *daemon, struct request *request, struct reply *reply);
enum err revoke_handler(void *daemon, struct request *request, struct reply *reply);
enum err userinfo_handler(void *daemon, struct request *request, struct reply *reply);
enum err end_session_handler(void *daemon, struct request *request, struct reply *reply);
enum err discovery_handler(void *daemon, struct request *request, struct reply *reply);
enum err jwks_handler(void *daemon, struct request *request, struct reply *reply);

#endif
