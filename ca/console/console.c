#include "ca/console/console.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"

enum { MAX_JWK_FILE = 16 << 10 };

static enum err
settings_check(const struct cad_config *s)
{
	REQUIRE_WHY(s->console_issuer[0] != '\0', ERR_CONFIG,
		"console_client_id wants console_issuer, the identity provider's address");
	REQUIRE_WHY(s->console_client_jwk[0] != '\0', ERR_CONFIG,
		"console_client_id wants console_client_jwk, the file of its key");
	return ERR_OK;
}

static enum err
key_read(const char *path, struct jwk **out)
{
	AUTO(writer) text = writer_new(MAX_JWK_FILE);

	TRY(file_read(path, MAX_JWK_FILE, &text));
	return jwk_parse(writer_span(&text), true, out);
}

static enum err
pages_read(const char *share, struct templates **out)
{
	char path[PATH_MAX];

	REQUIRE((size_t)snprintf(path, sizeof(path), "%s/ca/web", share) < sizeof(path), ERR_TOO_LONG);
	return templates_read(path, out);
}

static enum err
fill(const struct cad *c, struct console *k)
{
	const char *const tls_ca = c->config.tls_ca[0] != '\0' ? c->config.tls_ca : NULL;
	AUTO(writer) uri = writer_new(1024);
	size_t len;

	TRY(settings_check(&c->config));
	writer_format(&uri, "%s/console/cb", c->config.url);
	TRY(writer_take(&uri, (uint8_t **)&k->redirect_uri, &len));
	TRY(key_read(c->config.console_client_jwk, &k->key));
	TRY(pages_read(c->config.share, &k->pages));
	TRY(oidc_keys_new(c->config.console_issuer, tls_ca, &k->keys));
	k->since = cad_now(c);
	k->party = (struct oidc_party){.issuer = c->config.console_issuer,
		.client_id = c->config.console_client_id,
		.redirect_uri = k->redirect_uri,
		.tls_ca = tls_ca,
		.key = k->key,
		.keys = k->keys};
	return ERR_OK;
}

enum err
console_read(const struct cad *c, struct console **out)
{
	*out = NULL;
	if (c->config.console_client_id[0] == '\0')
		return ERR_OK;
	*out = calloc(1, sizeof(**out));
	REQUIRE(*out != NULL, ERR_NO_MEMORY);
	return fill(c, *out); /* cad_free frees it, however far this came */
}

enum err
console_connect(struct cad *c)
{
	return c->console == NULL ? ERR_OK
				  : db_pool_open(c->config.database, CONSOLE_CONNECTIONS, console_statements,
					    CON_STATEMENT_COUNT, &c->console->db);
}

void
console_free(struct console **k)
{
	if (*k == NULL)
		return;
	if ((*k)->db != NULL)
		db_pool_free(&(*k)->db);
	templates_free(&(*k)->pages);
	oidc_keys_free(&(*k)->keys);
	jwk_free(&(*k)->key);
	free((*k)->redirect_uri);
	free(*k);
	*k = NULL;
}
