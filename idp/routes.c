#include "idp/card/card.h"
#include "idp/oidc/endpoints.h"
#include "idp/oidc/interaction.h"
#include "idp/page.h"
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

	/* the card's port hands back to here */
	{"GET", "/card/return", &HTTP_ANYONE, card_return_handler, 0},

	/* registrars and client operators: signed acts */
	{"POST", "/registry/people", &HTTP_ANYONE, citizen_add_handler, ACT},
	{"POST", "/registry/people/{handle}/show", &HTTP_ANYONE, citizen_show_handler, ACT},
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
};
const size_t idp_card_route_count = sizeof(idp_card_routes) / sizeof(idp_card_routes[0]);
