#include <stddef.h>

#include "base/config.h"
#include "signer/signer.h"

#define AT(member) offsetof(struct signer_settings, member)

const struct config_row signer_settings_rows[] = {
	{"address", CONFIG_TEXT, AT(address), "127.0.0.1", "address to listen on", 0, 0},
	{"port", CONFIG_NUMBER, AT(port), "8446", "HTTPS port", 1, 65535},
	{"metrics_port", CONFIG_NUMBER, AT(metrics_port), "9145",
		"private port of /metrics, /healthz, /readyz, on loopback", 1, 65535},
	{"threads", CONFIG_NUMBER, AT(threads), "4", "threads that serve", 1, 256},
	{"tls_certificate", CONFIG_PATH, AT(tls_certificate), NULL, "PEM file of this service's certificate chain", 0,
		0},
	{"tls_key", CONFIG_PATH, AT(tls_key), NULL, "PEM file of its key", 0, 0},
	{"tls_ca", CONFIG_PATH, AT(tls_ca), NULL, "PEM file of the anchors for calls to other services", 0, 0},
	{"database", CONFIG_TEXT, AT(database), NULL, "libpq connection string of the serving role", 0, 0},
	{"owner_database", CONFIG_TEXT, AT(owner_database), "",
		"libpq connection string of the schema's owner, for `migrate` only", 0, 0},
	{"hsm_socket", CONFIG_PATH, AT(hsm_socket), NULL, "mohar-hsmd's socket", 0, 0},
	{"policies", CONFIG_PATH, AT(policies), NULL, "folder of the policy files", 0, 0},
	{"keys", CONFIG_PATH, AT(keys), NULL, "keys.json: which agency has which seal", 0, 0},
	{"share", CONFIG_PATH, AT(share), NULL, "folder of web and SQL files", 0, 0},
	{"url", CONFIG_TEXT, AT(url), NULL, "this service's public address, without a slash at its end", 0, 0},
	{"issuer", CONFIG_TEXT, AT(issuer), NULL, "the identity provider's issuer identifier", 0, 0},
	{"client_id", CONFIG_TEXT, AT(client_id), NULL, "this service's client identifier at the identity provider", 0,
		0},
	{"client_jwk", CONFIG_PATH, AT(client_jwk), NULL, "file of its private JWK (ES256)", 0, 0},
	{"log_origin", CONFIG_TEXT, AT(log_origin), NULL, "the transparency log's name, like example.gov/log", 0, 0},
	{"log_policy", CONFIG_PATH, AT(log_policy), "",
		"C2SP tlog-policy file: the witnesses that cosign the log, with their addresses, and their quorum; none if not given",
		0, 0},
	{"log_kept", CONFIG_PATH, AT(log_kept), "",
		"folder for the newest signed checkpoints, so that an older database is noticed; none if not given", 0,
		0},
	{"sign_origin", CONFIG_TEXT, AT(sign_origin), NULL,
		"the signing page's origin, https://sign.example: the only one whose script is answered; its host is the RP ID of signing passkeys",
		0, 0},
};
const size_t signer_settings_count = sizeof(signer_settings_rows) / sizeof(signer_settings_rows[0]);
