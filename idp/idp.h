/* idp: the identity provider's one daemon struct: what main.c opens once and every handler is given. Read-only after start, but for what
 * locks itself (the pool, the client cache). Used by every folder of idp/. */
#ifndef MOHAR_IDP_IDP_H
#define MOHAR_IDP_IDP_H

#include "base/clock.h"
#include "base/config.h"
#include "db/db.h"
#include "http/server.h"
#include "http/template.h"
#include "jose/act.h"
#include "keyring/keyring.h"
#include "policy/assurance.h"
#include "policy/claims.h"
#include "policy/identity.h"

enum { ADDRESS_ROOM = 256 };

/* Settings of mohar-idpd; the rows that read them are in settings.c. */
struct idp_settings {
	char *issuer, *card_url, *pki_url; /* base addresses, without a final slash */
	char *rp_id;                       /* WebAuthn RP ID */
	char *database, *owner_database;
	char *hsm_socket, *keys, *policies, *share;
	char *tls_certificate, *tls_key, *tls_ca;
	char *root_ca, *citizen_ca; /* PEM: what a card's certificate must lead to */
	char *card_policies;        /* dotted OIDs of which it must carry one, separated by spaces */
	char *attestation_trust;    /* PEM of accepted authenticator roots; "" for none */
	char *assertion_audience;   /* "issuer" (FAPI 2.0) or "endpoint" (issuer or the endpoint's address) */
	char *address;
	int64_t port, card_port, metrics_port, threads, connections;
	int64_t address_per_second, address_burst, account_per_second, account_burst;
};

struct clients;     /* client/client.h: registered portals, cached */
struct published;   /* oidc/published.h: discovery and JWKS, made once */
struct card_trust;  /* card/card.h: the PKI's anchors */
struct number_keys; /* registry/number.h: data keys of national numbers */
struct rates;       /* base/rate.h */
struct assets;      /* login/asset.h: style, script and pictures of the pages */

struct idp {
	struct idp_settings settings;
	struct clock clock;
	struct db_pool *db;
	struct keyring *keyring;
	struct operators operators;
	struct assurance_policy assurance;
	struct claims_policy *claims;
	struct identity_policy *identity;
	struct templates *pages;
	struct assets *assets;
	struct clients *clients;
	struct published *published;
	struct rates *addresses, *accounts; /* limit.h: guard themselves */
	struct card_trust *card_trust;
	struct number_keys *number_keys;
	EVP_PKEY *token_key; /* hsm:idp-token */
	char token_kid[64];
	struct jws_signer *id_tokens;  /* with token_key; typ JWT */
	char *attestation_trust;       /* the PEM's text; NULL for none */
	char web_origin[ADDRESS_ROOM]; /* of the issuer, for WebAuthn */
};

/* Rows that read the settings (settings.c). */
extern const struct config_row idp_settings_rows[];
extern const size_t idp_settings_count;

/* Routes of the two public listeners (routes.c). */
extern const struct route idp_routes[], idp_card_routes[];
extern const size_t idp_route_count, idp_card_route_count;

#endif
