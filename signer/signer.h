/* signer: what every handler of mohar-signerd is given. Used by main.c (making), routes.c and the folders. Read-only after start, except what names its own lock. */
#ifndef MOHAR_SIGNER_SIGNER_H
#define MOHAR_SIGNER_SIGNER_H

#include "base/config.h"
#include "db/db.h"
#include "http/server.h"
#include "http/template.h"
#include "jose/act.h"
#include "keyring/keyring.h"
#include "policy/keys_file.h"
#include "signer/log/tlog.h"
#include "signer/store/store.h"

/* The settings file (signer/settings.c). Texts owned. */
struct signer_settings {
	char *address, *tls_certificate, *tls_key, *tls_ca;
	char *database, *owner_database, *hsm_socket, *policies, *keys, *share;
	char *url, *issuer, *client_id, *client_jwk, *log_origin, *log_policy, *log_kept, *sign_origin;
	int64_t port, metrics_port, threads;
};
extern const struct config_row signer_settings_rows[];
extern const size_t signer_settings_count;

/* An agency and the HSM label of its seal. */
struct seal {
	char agency[64], label[MAX_KEY_LABEL], kid[64];
	EVP_PKEY *key;
};
enum { MAX_SEALS = 64 };

struct decision_type;
struct status_lists;
struct oidc_keys;

struct signer {
	struct signer_settings settings;
	struct clock clock;
	struct db_pool *db;
	struct keyring *keyring;
	struct tlog *log;
	struct log_policy log_policy; /* witnesses of the log; empty if none are set */
	struct templates *pages;
	struct decision_type *types;
	size_t type_count;
	struct seal seals[MAX_SEALS];
	size_t seal_count;
	struct jwk *client_key;   /* signerd's own, as a client of the identity provider */
	struct oidc_keys *issuer; /* the identity provider's published keys, refreshed as needed */
	struct status_lists *lists;
	struct operators operators; /* of keys.json: whose acts are believed */
	struct keys_file custody;   /* keys.json whole: which custodians sign a transcript */
	struct writer jwks;         /* /jwks, prebuilt */
};

extern const struct route signer_routes[];
extern const size_t signer_route_count;

/* Opens the seals that keys.json names, each a key in the HSM; closes them. */
MUST_USE enum err signer_seals_open(struct signer *s);
/* Is keys.json well formed, as far as it is read here? Asks nobody else. ERR_CONFIG naming file and line. */
MUST_USE enum err signer_seals_check(const char *keys_json);
void signer_seals_close(struct signer *s);

/* The seal of an agency, or NULL. */
const struct seal *signer_seal(const struct signer *s, const char *agency);

#endif
