#include <stddef.h>

#include "idp/idp.h"

#define AT(member) offsetof(struct idp_settings, member)

const struct config_row idp_settings_rows[] = {
	{"address", CONFIG_TEXT, AT(address), "127.0.0.1", "address to listen on", 0, 0},
	{"port", CONFIG_NUMBER, AT(port), "8443", "HTTPS port of the issuer", 1, 65535},
	{"card_port", CONFIG_NUMBER, AT(card_port), "8444", "HTTPS port that asks for a card's certificate", 1, 65535},
	{"metrics_port", CONFIG_NUMBER, AT(metrics_port), "9144",
		"private port of /metrics, /healthz, /readyz, on loopback", 1, 65535},
	{"threads", CONFIG_NUMBER, AT(threads), "32", "threads that serve", 1, 256},
	{"connections", CONFIG_NUMBER, AT(connections), "8", "connections to the database, and to mohar-hsmd", 1, 256},
	{"address_per_second", CONFIG_NUMBER, AT(address_per_second), "50",
		"requests a second of one client address at login, authorisation, activation, and that fail at /token; 0: no limit (behind a proxy)",
		0, 1000000},
	{"address_burst", CONFIG_NUMBER, AT(address_burst), "3000", "that many at once", 1, 1000000},
	{"account_per_second", CONFIG_NUMBER, AT(account_per_second), "1",
		"failed attempts a second of one account: a person's passkeys, an activation code, a client at one address; 0: no limit",
		0, 1000000},
	{"account_burst", CONFIG_NUMBER, AT(account_burst), "100", "that many at once", 1, 1000000},
	{"issuer", CONFIG_TEXT, AT(issuer), NULL,
		"issuer identifier: the public https address, without a slash at its end", 0, 0},
	{"card_url", CONFIG_TEXT, AT(card_url), NULL, "public address of the card's port", 0, 0},
	{"pki_url", CONFIG_TEXT, AT(pki_url), NULL, "where OCSP and revocation lists are asked for", 0, 0},
	{"rp_id", CONFIG_TEXT, AT(rp_id), NULL, "WebAuthn RP ID: the issuer's host, or a domain above it", 0, 0},
	{"tls_certificate", CONFIG_PATH, AT(tls_certificate), NULL, "PEM file of this service's certificate chain", 0,
		0},
	{"tls_key", CONFIG_PATH, AT(tls_key), NULL, "PEM file of its key", 0, 0},
	{"tls_ca", CONFIG_PATH, AT(tls_ca), NULL, "PEM file of the anchors for calls to other services", 0, 0},
	{"root_ca", CONFIG_PATH, AT(root_ca), NULL, "PEM file of the national root, for cards", 0, 0},
	{"citizen_ca", CONFIG_PATH, AT(citizen_ca), NULL, "PEM file of the citizens' authority, for cards", 0, 0},
	{"card_policies", CONFIG_TEXT, AT(card_policies), "1.3.6.1.4.1.99999.1.1 1.3.6.1.4.1.99999.1.3",
		"certificate policy OIDs of which a card must carry one, separated by spaces", 0, 0},
	{"attestation_trust", CONFIG_TEXT, AT(attestation_trust), "",
		"PEM file of accepted authenticator roots; none: no passkey reaches level 3", 0, 0},
	{"assertion_audience", CONFIG_TEXT, AT(assertion_audience), "issuer",
		"what a client's assertion must name: issuer (FAPI 2.0), or endpoint (the called address too)", 0, 0},
	{"database", CONFIG_TEXT, AT(database), NULL, "libpq connection string of the serving role", 0, 0},
	{"owner_database", CONFIG_TEXT, AT(owner_database), "",
		"libpq connection string of the schema's owner, for `migrate` only", 0, 0},
	{"hsm_socket", CONFIG_PATH, AT(hsm_socket), NULL, "mohar-hsmd's socket", 0, 0},
	{"keys", CONFIG_PATH, AT(keys), NULL, "keys.json: the operators whose orders are taken", 0, 0},
	{"policies", CONFIG_PATH, AT(policies), NULL, "folder of the policy files", 0, 0},
	{"share", CONFIG_PATH, AT(share), NULL, "folder of web and SQL files", 0, 0},
};
const size_t idp_settings_count = sizeof(idp_settings_rows) / sizeof(idp_settings_rows[0]);
