#include "ca/acme/acme.h"

#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "ca/acme/store.h"
#include "ca/acme/worker.h"

enum { DATABASE_CONNECTIONS = 4, STRANGERS_A_SECOND = 20, STRANGERS_BURST = 100 };

static enum err
read_settings(const struct cad *c, struct acme *a)
{
	TRY(networks_read(c->config.acme_networks, &a->reach.networks));
	a->on = a->reach.networks.count > 0;
	if (a->on) /* a machine without ACME needs no resolver */
		TRY(reach_resolver_read(c->config.acme_resolver, &a->reach));
	TRY(reach_hosts_read(c->config.acme_hosts, &a->reach));
	a->reach.http_port = (uint16_t)c->config.acme_http_port;
	a->reach.tls_port = (uint16_t)c->config.acme_tls_port;
	a->profile = profile_find(&c->profiles, c->config.acme_profile);
	REQUIRE_WHY(!a->on || (a->profile != NULL && !a->profile->ca && !a->profile->registrar_signature), ERR_CONFIG,
		"acme_profile: '%s' is no profile of %s/profiles that is issued without a registrar",
		c->config.acme_profile, c->config.policies);
	return ERR_OK;
}

enum err
acme_read(const struct cad *c, struct acme **out)
{
	struct acme *a = calloc(1, sizeof(*a));

	REQUIRE(a != NULL, ERR_NO_MEMORY);
	const enum err e = read_settings(c, a);

	if (e != ERR_OK)
		acme_free(&a);
	*out = a;
	return e;
}

/* The first instance ever makes the key; all take the one that stands. */
static enum err
read_secret(struct acme *a)
{
	uint8_t fresh[NONCE_KEY_LEN];
	struct secret_row row;

	random_bytes(fresh, sizeof(fresh));
	const struct db_param params[] = {db_bytes(span_at(fresh, sizeof(fresh)))};

	TRY(db_pool_run(a->db, ACME_SECRET_MAKE, params, NULL));
	TRY(db_pool_one(a->db, ACME_SECRET, NULL, &row));
	const bool fits = row.nonce_key.len == NONCE_KEY_LEN;

	if (fits)
		memcpy(a->nonce_key, row.nonce_key.ptr, NONCE_KEY_LEN);
	db_row_free(&acme_statements[ACME_SECRET], &row);
	return fits ? ERR_OK : ERR_CORRUPT;
}

enum err
acme_start(struct cad *c)
{
	struct acme *a = c->acme;

	if (!a->on)
		return ERR_OK;
	TRY(db_pool_open(c->config.database, DATABASE_CONNECTIONS, acme_statements, ACME_STATEMENT_COUNT, &a->db));
	rate_init(&a->strangers, STRANGERS_A_SECOND, STRANGERS_BURST);
	TRY(read_secret(a));
	return workers_start(c, (size_t)c->config.acme_workers, &a->workers);
}

void
acme_stop(struct cad *c)
{
	if (c->acme != NULL)
		workers_stop(&c->acme->workers);
}

void
acme_free(struct acme **a)
{
	if (*a == NULL)
		return;
	workers_stop(&(*a)->workers);
	if ((*a)->db != NULL)
		db_pool_free(&(*a)->db);
	explicit_bzero((*a)->nonce_key, NONCE_KEY_LEN);
	free(*a);
	*a = NULL;
}
