#include "ca/cad.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "ca/acme/acme.h"
#include "ca/console/console.h"
#include "ca/request/request.h"
#include "ca/status/cache.h"
#include "ca/status/crl_set.h"
#include "ca/store/statements.h"

#define AT(member) offsetof(struct cad_config, member)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { KEYRING_CONNECTIONS = 4, DATABASE_CONNECTIONS = 8, MAX_PATH = 4096 };

static const struct config_row rows[] = {
	{"database", CONFIG_TEXT, AT(database), NULL, "libpq connection string of the serving role", 0, 0},
	{"owner_database", CONFIG_TEXT, AT(owner_database), "",
		"connection string of the schema's owner, for migrate only", 0, 0},
	{"hsm_socket", CONFIG_PATH, AT(hsm_socket), NULL, "mohar-hsmd's socket", 0, 0},
	{"url", CONFIG_TEXT, AT(url), NULL, "our own https address, which acts are addressed to", 0, 0},
	{"pki_url", CONFIG_TEXT, AT(pki_url), NULL,
		"the http address of OCSP, lists and CA certificates, which certificates name", 0, 0},
	{"keys", CONFIG_PATH, AT(keys), NULL, "keys.json, for the operators", 0, 0},
	{"policies", CONFIG_PATH, AT(policies), NULL, "the folder of policies, with profiles/ in it", 0, 0},
	{"share", CONFIG_PATH, AT(share), NULL,
		"the folder of data files, with lib/ and ca/ in it, as in the source tree", 0, 0},
	{"authorities", CONFIG_PATH, AT(authorities), NULL, "the folder of CA certificates, LABEL.pem each", 0, 0},
	{"blocklist", CONFIG_TEXT, AT(blocklist), "",
		"file of public keys that are certified for nobody: SHA-256 of the SubjectPublicKeyInfo, sorted", 0, 0},
	{"tls_certificate", CONFIG_PATH, AT(tls_certificate), NULL, "our TLS certificate and chain, PEM", 0, 0},
	{"tls_key", CONFIG_PATH, AT(tls_key), NULL, "its key, PEM", 0, 0},
	{"tls_ca", CONFIG_TEXT, AT(tls_ca), "", "anchor of the other daemons' TLS certificates", 0, 0},
	{"address", CONFIG_TEXT, AT(address), "127.0.0.1", "address of the https listener", 0, 0},
	{"port", CONFIG_NUMBER, AT(port), "8445", "its port", 1, 65535},
	{"pki_address", CONFIG_TEXT, AT(pki_address), "127.0.0.1",
		"address of the http listener for OCSP, lists and CA certificates", 0, 0},
	{"pki_port", CONFIG_NUMBER, AT(pki_port), "8080", "its port", 1, 65535},
	{"device_port", CONFIG_NUMBER, AT(device_port), "0",
		"port of the https listener for EST and CMP, which asks for client certificates; 0: both are off", 0,
		65535},
	{"metrics_port", CONFIG_NUMBER, AT(metrics_port), "9143", "port of the private listener on loopback", 1, 65535},
	{"threads", CONFIG_NUMBER, AT(threads), "2", "threads a listener", 1, 64},
	{"ocsp_seconds", CONFIG_NUMBER, AT(ocsp_seconds), "300", "how long an OCSP answer is good", 60, 86400},
	{"ocsp_entries", CONFIG_NUMBER, AT(ocsp_entries), "20000", "OCSP answers kept at most", 16, 10000000},
	{"ocsp_unknown_per_second", CONFIG_NUMBER, AT(ocsp_unknown_per_second), "50",
		"answers a second for serials never issued, then tryLater", 1, 100000},
	{"ocsp_nonce_per_second", CONFIG_NUMBER, AT(ocsp_nonce_per_second), "200",
		"answers a second with a nonce, each of which the HSM must sign, then tryLater", 1, 100000},
	{"ocsp_presign", CONFIG_TEXT, AT(ocsp_presign), "",
		"profiles, with commas, whose certificates' OCSP answers are signed ahead of the first question", 0, 0},
	{"crl_hours", CONFIG_NUMBER, AT(crl_hours), "24", "how long a revocation list is good", 1, 168},
	{"acme_networks", CONFIG_TEXT, AT(acme_networks), "",
		"the networks that ACME's challenges may lead to, with spaces between; none: ACME is off", 0, 0},
	{"acme_resolver", CONFIG_TEXT, AT(acme_resolver), "",
		"ADDRESS:PORT of the resolver that ACME asks; none: the first of /etc/resolv.conf", 0, 0},
	{"acme_hosts", CONFIG_TEXT, AT(acme_hosts), "",
		"NAME=ADDRESS, with spaces between: names, and those under them, that ACME does not ask DNS for", 0, 0},
	{"acme_http_port", CONFIG_NUMBER, AT(acme_http_port), "80", "port of http-01", 1, 65535},
	{"acme_tls_port", CONFIG_NUMBER, AT(acme_tls_port), "443", "port of tls-alpn-01", 1, 65535},
	{"acme_profile", CONFIG_TEXT, AT(acme_profile), "tls-server", "profile of what ACME issues", 0, 0},
	{"acme_workers", CONFIG_NUMBER, AT(acme_workers), "4", "challenges looked at at the same time", 1, 16},
	{"acme_orders_per_hour", CONFIG_NUMBER, AT(acme_orders_per_hour), "300", "orders of one account", 1, 100000},
	{"acme_failures_per_hour", CONFIG_NUMBER, AT(acme_failures_per_hour), "60",
		"challenges of one account that may fail before it must wait", 1, 100000},
	{"issuer", CONFIG_TEXT, AT(issuer), "",
		"the identity provider's address, whose registry names the people that certificates are for; none: the registrar's word is enough",
		0, 0},
	{"console_client_id", CONFIG_TEXT, AT(console_client_id), "",
		"the operators' console: its client identifier at the identity provider; none: there is no console",
		0, 0},
	{"console_issuer", CONFIG_TEXT, AT(console_issuer), "", "the identity provider's address, where operators log in",
		0, 0},
	{"console_client_jwk", CONFIG_TEXT, AT(console_client_jwk), "", "file of its private JWK (ES256)", 0, 0},
	{"console_log_url", CONFIG_TEXT, AT(console_log_url), "",
		"mohar-signerd's address, whose log's receipts the console links to; none: it shows the command", 0, 0},
	{"request_days", CONFIG_NUMBER, AT(request_days), "14", "how long a request waits for its approvals", 1, 366},
	{"bulk_quorum", CONFIG_NUMBER, AT(bulk_quorum), "2",
		"how many operators must approve before very many certificates are suspended or resumed", 1, 16},
	{"crl_shards", CONFIG_NUMBER, AT(crl_shards), "8",
		"lists that certificates issued from now on are spread over; 0: they name the whole list", 0,
		MAX_SHARDS},
	{"proof_minutes", CONFIG_NUMBER, AT(proof_minutes), "60",
		"how often it is proved that database, lists and OCSP agree; 0: never", 0, 1440},
};

enum err
cad_config_read(const char *path, struct cad_config *out)
{
	return config_read(path, rows, COUNT(rows), out);
}

void
cad_config_free(struct cad_config *c)
{
	config_free(rows, COUNT(rows), c);
}

unix_time
cad_now(const struct cad *c)
{
	return clock_now(&c->clock);
}

/* Every profile's issuer must be one of ours, and every issuing CA needs a responder's profile. */
static enum err
cross_check(const struct cad *c)
{
	for (size_t i = 0; i < c->profiles.count; i++) {
		const struct profile *p = &c->profiles.rows[i];

		REQUIRE_WHY(authority_find(&c->authorities, p->issuer) != NULL, ERR_CONFIG,
			"profile '%s' names the issuer '%s', but %s has no %s.pem", p->name, p->issuer,
			c->config.authorities, p->issuer);
	}
	for (size_t i = 0; i < c->authorities.count; i++) {
		const struct authority *a = &c->authorities.rows[i];

		REQUIRE_WHY(a->is_root || profile_of_responder(&c->profiles, a->label) != NULL, ERR_CONFIG,
			"no profile in %s/profiles lets '%s' certify an OCSP responder", c->config.policies, a->label);
	}
	return ERR_OK;
}

enum err
cad_read(const char *path, struct cad *out)
{
	char folder[MAX_PATH];

	*out = (struct cad){.clock = clock_system()};
	TRY(cad_config_read(path, &out->config));
	TRY(keyring_open(out->config.hsm_socket, KEYRING_CONNECTIONS, &out->keyring));
	TRY(keyring_provider_load(out->keyring));
	TRY(operators_read(out->config.keys, &out->operators));
	(void)snprintf(folder, sizeof(folder), "%s/profiles", out->config.policies);
	TRY(profiles_read(folder, &out->profiles));
	TRY(authorities_read(out->config.authorities, &out->authorities));
	TRY(blocklist_open(out->config.blocklist, &out->blocklist));
	TRY(acme_read(out, &out->acme));
	TRY(console_read(out, &out->console));
	return cross_check(out);
}

enum err
cad_connect(struct cad *c)
{
	TRY(db_pool_open(c->config.database, DATABASE_CONNECTIONS, ca_statements, CA_STATEMENT_COUNT, &c->db));
	TRY(registration_open(c, &c->registration));
	TRY(console_connect(c));
	TRY(ocsp_cache_new((size_t)c->config.ocsp_entries, &c->ocsp));
	TRY(crl_set_new(&c->authorities, &c->lists));
	rate_init(&c->unknown, c->config.ocsp_unknown_per_second, 0);
	rate_init(&c->nonces, c->config.ocsp_nonce_per_second, 0);
	return ERR_OK;
}

void
cad_free(struct cad *c)
{
	const bool provider = c->keyring != NULL;

	console_free(&c->console);
	acme_free(&c->acme);
	registration_free(&c->registration);
	ocsp_cache_free(&c->ocsp);
	crl_set_free(&c->lists);
	authorities_free(&c->authorities);
	profiles_free(&c->profiles);
	blocklist_free(&c->blocklist);
	operators_free(&c->operators);
	if (c->db != NULL)
		db_pool_free(&c->db);
	if (provider) {
		keyring_provider_unload();
		keyring_free(&c->keyring);
	}
	cad_config_free(&c->config);
}
