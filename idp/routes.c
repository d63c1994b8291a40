#include "idp/account/account.h"
#include "idp/activate/activate.h"
#include "idp/card/card.h"
#include "idp/login/asset.h"
#include "idp/login/login.h"
#include "idp/login/passkey.h"
#include "idp/oidc/endpoints.h"
#include "idp/oidc/interaction.h"
#include "idp/page.h"
#include "idp/registry/names.h"
#include "idp/registry/registry.h"
#include "idp/session/session.h"

enum { FORM = 32 << 10, ACT = MAX_ACT };

/* The issuer's whole surface. */
const struct route idp_routes[] = {
	/* OpenID Connect and OAuth 2.0 */
	{"GET", "/.well-known/openid-configuration", &HTTP_ANYONE, discovery_handler, 0},
	{"GET", "/.well-known/oauth-authorization-server", &HTTP_ANYONE, discovery_handler, 0},
	{"GET", "/jwks", &HTTP_ANYONE, jwks_handler, 0},
	{"GET", "/authorize", &HTTP_ANYONE, authorize_handler, 0},
	{"POST", "/authorize", &HTTP_ANYONE, authorize_post_handler, FORM},
	{"GET", "/continue", &HTTP_ANYONE, continue_handler, 0},
	{"POST", "/par", &HTTP_ANYONE, par_handler, FORM},
	{"POST", "/token", &HTTP_ANYONE, token_handler, FORM},
	{"POST", "/revoke", &HTTP_ANYONE, revoke_handler, FORM},
	{"GET", "/userinfo", &HTTP_ANYONE, userinfo_handler, 0},
	{"POST", "/userinfo", &HTTP_ANYONE, userinfo_handler, FORM},
	{"GET", "/end_session", &HTTP_ANYONE, end_session_handler, 0},
	{"POST", "/end_session", &HTTP_ANYONE, end_session_handler, FORM},

	/* people's pages */
	{"GET", "/", &HTTP_ANYONE, home_handler, 0},
	{"GET", "/static/{name}", &HTTP_ANYONE, asset_handler, 0},
	{"GET", "/login", &HTTP_ANYONE, login_handler, 0},
	{"POST", "/login/options", &HTTP_ANYONE, login_options_handler, MAX_PASSKEY_BODY},
	{"POST", "/login/passkey", &HTTP_ANYONE, login_passkey_handler, MAX_PASSKEY_BODY},
	{"GET", "/consent", &HTTP_ANYONE, consent_handler, 0},
	{"POST", "/consent", &HTTP_ANYONE, consent_decide_handler, MAX_CONSENT_FORM},
	{"GET", "/activate", &HTTP_ANYONE, activate_handler, 0},
	{"POST", "/activate/person", &HTTP_ANYONE, activate_person_handler, MAX_PASSKEY_BODY},
	{"POST", "/activate/options", &HTTP_ANYONE, activate_options_handler, MAX_PASSKEY_BODY},
	{"POST", "/activate/passkey", &HTTP_ANYONE, activate_passkey_handler, MAX_PASSKEY_BODY},
	{"GET", "/account", &HTTP_ANYONE, account_handler, 0},
	{"POST", "/account/passkeys/options", &HTTP_ANYONE, account_options_handler, MAX_PASSKEY_BODY},
	{"POST", "/account/passkeys", &HTTP_ANYONE, account_add_handler, MAX_PASSKEY_BODY},
	{"POST", "/account/passkeys/remove", &HTTP_ANYONE, account_remove_handler, MAX_ACCOUNT_FORM},
	{"POST", "/account/sessions/end", &HTTP_ANYONE, account_session_end_handler, MAX_ACCOUNT_FORM},
	{"POST", "/account/services/withdraw", &HTTP_ANYONE, account_withdraw_handler, MAX_ACCOUNT_FORM},

	/* the card's port hands back to here */
	{"GET", "/card/return", &HTTP_ANYONE, card_return_handler, 0},

	/* registrars and client operators: signed acts */
	{"POST", "/registry/people", &HTTP_ANYONE, citizen_add_handler, ACT},
	{"POST", "/registry/people/{handle}/show", &HTTP_ANYONE, citizen_show_handler, ACT},
	{"POST", "/registry/people/{handle}/names", &HTTP_ANYONE, citizen_names_handler, ACT},
	{"POST", "/registry/people/{handle}/activate", &HTTP_ANYONE, citizen_activate_handler, ACT},
	{"POST", "/registry/people/{handle}/freeze", &HTTP_ANYONE, citizen_freeze_handler, ACT},
	{"POST", "/registry/people/{handle}/card", &HTTP_ANYONE, citizen_card_handler, ACT},
	{"POST", "/registry/people/{handle}/appoint", &HTTP_ANYONE, citizen_appoint_handler, ACT},
	{"POST", "/registry/clients", &HTTP_ANYONE, client_add_handler, ACT},
	{"POST", "/registry/clients/{id}/show", &HTTP_ANYONE, client_show_handler, ACT},
	{"POST", "/registry/clients/{id}/rotate", &HTTP_ANYONE, client_rotate_handler, ACT},
	{"POST", "/registry/clients/{id}/revoke", &HTTP_ANYONE, client_revoke_handler, ACT},
};
const size_t idp_route_count = sizeof(idp_routes) / sizeof(idp_routes[0]);

/* The card's port: the same browser, another origin, a TLS client certificate. */
const struct route idp_card_routes[] = {
	{"GET", "/card", &HTTP_ANYONE, card_handler, 0},
	/* its error pages look like the others */
	{"GET", "/static/{name}", &HTTP_ANYONE, asset_handler, 0},
};
const size_t idp_card_route_count = sizeof(idp_card_routes) / sizeof(idp_card_routes[0]);
