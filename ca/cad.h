/* cad: what mohar-cad holds while it runs: settings, database, keys, operators, profiles, CAs and caches. Used by every handler as its daemon. Read-only after
 * cad_open, but what says otherwise. */
#ifndef MOHAR_CA_CAD_H
#define MOHAR_CA_CAD_H

#include "base/clock.h"
#include "base/config.h"
#include "base/rate.h"
#include "ca/authority.h"
#include "ca/profiles.h"
#include "db/db.h"
#include "jose/act.h"
#include "keyring/keyring.h"
#include "x509/blocklist.h"

struct cad_config {
	char *database, *owner_database;
	char *hsm_socket;
	char *url, *pki_url;
	char *keys, *policies, *share, *authorities, *blocklist;
	char *tls_certificate, *tls_key, *tls_ca;
	char *acme_networks, *acme_resolver, *acme_hosts, *acme_profile;
	int64_t acme_http_port, acme_tls_port, acme_workers, acme_orders_per_hour, acme_failures_per_hour;
	char *address, *pki_address;
	int64_t port, pki_port, device_port, metrics_port;
	int64_t threads;
	int64_t ocsp_seconds, ocsp_entries, ocsp_unknown_per_second, ocsp_nonce_per_second, crl_hours, crl_shards,
		proof_minutes;
	char *ocsp_presign;
	char *issuer;
	char *console_issuer, *console_client_id, *console_client_jwk, *console_log_url;
	int64_t request_days, bulk_quorum;
};

struct crl_set;    /* status/crl_set.h */
struct acme;       /* acme/acme.h */
struct devices;    /* device/device.h */
struct ocsp_cache; /* status/cache.h */
struct proof;      /* status/proof.h */
struct console;    /* console/console.h */
struct keeper;     /* status/keeper.h */
struct registration; /* request/request.h */
struct bulk_worker;  /* bulk/worker.h */

struct cad {
	struct cad_config config;
	struct clock clock;
	struct db_pool *db;
	struct keyring *keyring;
	struct operators operators;
	struct profiles profiles;
	struct blocklist *blocklist; /* keys that are certified for nobody; NULL: none */
	struct authorities authorities;
	struct ocsp_cache *ocsp; /* guards itself */
	struct crl_set *lists;   /* guards itself: revocation lists as they are served */
	struct rate unknown;     /* guards itself: OCSP answers for serials that were never issued */
	struct rate nonces;      /* guards itself: OCSP answers that no cache can hold */
	struct keeper *keeper;   /* guards itself */
	struct acme *acme;
	struct console *console; /* NULL: there is none */
	struct devices *devices; /* guards itself; NULL: EST and CMP are off */
	struct proof *proof;     /* guards itself */
	struct registration *registration; /* pools and keys that guard themselves */
	struct bulk_worker *bulk;          /* guards itself */
};

/* Reads the settings only. ERR_CONFIG. */
MUST_USE enum err cad_config_read(const char *path, struct cad_config *out);
void cad_config_free(struct cad_config *c);

/* Settings, operators, profiles and CA certificates: everything that can be wrong in a file. Loads the keyring's provider first, as libcrypto wants it; no
 * connection is opened yet. */
MUST_USE enum err cad_read(const char *path, struct cad *out);
/* Then the database and the caches: connections come on demand. */
MUST_USE enum err cad_connect(struct cad *c);
void cad_free(struct cad *c);

unix_time cad_now(const struct cad *c);

#endif
