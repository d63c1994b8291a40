#include "idp/open.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/log.h"
#include "idp/card/card.h"
#include "idp/client/client.h"
#include "idp/limit.h"
#include "idp/login/asset.h"
#include "idp/oidc/claims.h"
#include "idp/oidc/published.h"
#include "idp/registry/number.h"
#include "idp/store/store.h"

enum { MAX_TRUST = 1 << 20, HSM_TRIES = 20, HSM_PAUSE_MS = 250 };
#define TOKEN_LABEL "idp-token"

enum err
idp_path(const char *folder, const char *name, char *out, size_t room)
{
	REQUIRE_WHY((size_t)snprintf(out, room, "%s/%s", folder, name) < room, ERR_TOO_LONG, "%s/%s: path too long",
		folder, name);
	return ERR_OK;
}

static enum err
check_address(const char *name, const char *address, bool https)
{
	const size_t len = strlen(address);

	REQUIRE_WHY(len < ADDRESS_ROOM && len > 8 && address[len - 1] != '/' &&
			strncmp(address, https ? "https://" : "http", https ? 8 : 4) == 0,
		ERR_CONFIG, "%s = %s: wanted %s, without a slash at its end, under %d bytes", name, address,
		https ? "an https address" : "an http or https address", ADDRESS_ROOM);
	return ERR_OK;
}

enum err
idp_read_settings(struct idp *d, const char *config)
{
	const struct idp_settings *s = &d->settings;

	TRY(config_read(config, idp_settings_rows, idp_settings_count, &d->settings));
	TRY(check_address("issuer", s->issuer, true));
	TRY(check_address("card_url", s->card_url, true));
	TRY(check_address("pki_url", s->pki_url, false));
	REQUIRE_WHY(strcmp(s->assertion_audience, "issuer") == 0 || strcmp(s->assertion_audience, "endpoint") == 0,
		ERR_CONFIG, "%s: assertion_audience = %s: wanted issuer or endpoint", config, s->assertion_audience);
	snprintf(d->web_origin, sizeof(d->web_origin), "%s", s->issuer);
	/* An issuer may have a path, an origin has none (RFC 6454 6.2). */
	d->web_origin[8 + strcspn(d->web_origin + 8, "/")] = '\0';
	return ERR_OK;
}

static enum err
read_policies(struct idp *d)
{
	char path[PATH_MAX];

	TRY(idp_path(d->settings.policies, "assurance.json", path, sizeof(path)));
	TRY(assurance_policy_read(path, &d->assurance));
	d->claims = calloc(1, sizeof(*d->claims));
	d->identity = calloc(1, sizeof(*d->identity));
	REQUIRE(d->claims != NULL && d->identity != NULL, ERR_NO_MEMORY);
	TRY(idp_path(d->settings.policies, "claims.json", path, sizeof(path)));
	TRY(claims_policy_read(path, d->claims));
	TRY(claims_known(d->claims));
	TRY(idp_path(d->settings.policies, "identity.json", path, sizeof(path)));
	return identity_policy_read(path, d->identity);
}

static enum err
read_attestation_trust(struct idp *d)
{
	AUTO(writer) pem = writer_new(MAX_TRUST);
	size_t len;

	if (d->settings.attestation_trust[0] == '\0')
		return ERR_OK;
	TRY(file_read(d->settings.attestation_trust, MAX_TRUST, &pem));
	return writer_take(&pem, (uint8_t **)&d->attestation_trust, &len);
}

enum err
idp_read_files(struct idp *d)
{
	char path[PATH_MAX];

	TRY(read_policies(d));
	TRY(operators_read(d->settings.keys, &d->operators));
	TRY(card_trust_read(d->settings.root_ca, d->settings.citizen_ca, d->settings.card_policies, &d->card_trust));
	TRY(read_attestation_trust(d));
	TRY(idp_path(d->settings.share, "idp/web", path, sizeof(path)));
	TRY(templates_read(path, &d->pages));
	TRY(idp_path(d->settings.share, "idp/web/static", path, sizeof(path)));
	return assets_read(path, &d->assets);
}

/* mohar-hsmd may be starting beside us: a few seconds of patience, then the error. */
static enum err
open_token_key(struct idp *d)
{
	const struct timespec pause = {0, HSM_PAUSE_MS * 1000000L};
	enum err e = ERR_UNAVAILABLE;

	for (int i = 0; i < HSM_TRIES; i++) {
		e = keyring_key(d->keyring, TOKEN_LABEL, SPAN(""), &d->token_key);
		if (e != ERR_UNAVAILABLE)
			break;
		nanosleep(&pause, NULL);
	}
	return e;
}

/* mohar-hsmd wants the RFC 7638 thumbprint for kid, so that a kid names one key everywhere. */
static enum err
name_token_key(struct idp *d)
{
	struct jwk *jwk = NULL;

	TRY(jwk_from_key(d->token_key, NULL, &jwk));
	snprintf(d->token_kid, sizeof(d->token_kid), "%s", jwk_kid(jwk));
	jwk_free(&jwk);
	return jws_signer_new(d->token_key, &(struct jws_sign_options){.typ = "JWT", .kid = d->token_kid},
		&d->id_tokens);
}

enum err
idp_open_services(struct idp *d)
{
	const size_t size = (size_t)d->settings.connections;

	TRY(keyring_open(d->settings.hsm_socket, size, &d->keyring));
	TRY(keyring_provider_load(d->keyring));
	TRY(open_token_key(d));
	TRY(name_token_key(d));
	TRY(db_pool_open(d->settings.database, size, store_table(), STATEMENTS, &d->db));
	TRY(clients_new(&d->clients));
	TRY(limits_open(d));
	TRY(number_keys_open(d, &d->number_keys));
	return published_make(d, &d->published);
}

void
idp_close(struct idp *d)
{
	published_free(&d->published);
	number_keys_free(&d->number_keys);
	clients_free(&d->clients);
	limits_close(d);
	db_pool_free(&d->db);
	jws_signer_free(&d->id_tokens);
	EVP_PKEY_free(d->token_key);
	templates_free(&d->pages);
	assets_free(&d->assets);
	free(d->attestation_trust);
	card_trust_free(&d->card_trust);
	operators_free(&d->operators);
	if (d->identity != NULL)
		identity_policy_free(d->identity);
	if (d->claims != NULL)
		claims_policy_free(d->claims);
	free(d->identity);
	free(d->claims);
	assurance_policy_free(&d->assurance);
	if (d->keyring != NULL)
		keyring_provider_unload();
	keyring_free(&d->keyring);
	config_free(idp_settings_rows, idp_settings_count, &d->settings);
}
