/* oauth: error codes of OAuth 2.0 and OpenID Connect, and how they are answered. Used by every protocol endpoint; people's pages use err.h alone. */
#ifndef MOHAR_IDP_OIDC_OAUTH_H
#define MOHAR_IDP_OIDC_OAUTH_H

#include "http/reply.h"

#define OAUTH_INVALID_REQUEST "invalid_request" /* RFC 6749 4.1.2.1, 5.2 */
#define OAUTH_INVALID_CLIENT "invalid_client"
#define OAUTH_INVALID_GRANT "invalid_grant"
#define OAUTH_INVALID_SCOPE "invalid_scope"
#define OAUTH_UNAUTHORIZED_CLIENT "unauthorized_client"
#define OAUTH_UNSUPPORTED_GRANT_TYPE "unsupported_grant_type"
#define OAUTH_UNSUPPORTED_RESPONSE_TYPE "unsupported_response_type"
#define OAUTH_ACCESS_DENIED "access_denied"
#define OAUTH_SERVER_ERROR "server_error"
#define OAUTH_TEMPORARILY_UNAVAILABLE "temporarily_unavailable"
#define OAUTH_INVALID_TOKEN "invalid_token"   /* RFC 6750 3.1 */
#define OAUTH_INVALID_TARGET "invalid_target" /* RFC 8707 2 */
#define OAUTH_LOGIN_REQUIRED "login_required" /* OpenID Connect Core 3.1.2.6 */
#define OAUTH_CONSENT_REQUIRED "consent_required"
#define OAUTH_REQUEST_NOT_SUPPORTED "request_not_supported"
#define OAUTH_REQUEST_URI_NOT_SUPPORTED "request_uri_not_supported"
#define OAUTH_REGISTRATION_NOT_SUPPORTED "registration_not_supported"
#define OAUTH_UNMET_AUTHENTICATION "unmet_authentication_requirements"
#define OAUTH_INVALID_REQUEST_URI "invalid_request_uri" /* RFC 9101 7 */

/* Inside a check that hands out `const char **code`: refuses with both errors and the reason. */
#define OAUTH_REQUIRE(cond, oauth, error, ...)                    \
	do {                                                      \
		if (!(cond)) {                                    \
			*code = (oauth);                          \
			return err_because((error), __VA_ARGS__); \
		}                                                 \
	} while (0)

/* The JSON error document (RFC 6749 5.2): 401 with WWW-Authenticate for invalid_client, 503 and 500 for ours, else 400. Logs it once, with the client's id. */
void oauth_refuse(struct reply *reply, const char *where, enum err e, const char *code, const char *client_id);

#endif
