/* Authorization requests, client assertions and redirect addresses from strangers. What is accepted keeps its promises: the scopes are the client's, the level is in its range, the
 * challenge is there, and what is parked comes back the same. */
/* covers: idp/oidc/authorization.c idp/oidc/assertion.c idp/registry/redirect_uri.c */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "idp/oidc/authorization.h"
#include "idp/oidc/client_auth.h"
#include "idp/registry/registry.h"

static struct assurance_policy assurance;
static struct claims_policy claims;
static struct client *client;

static struct json_list
words(const char *text)
{
	struct json_list l;

	if (words_split(text, &l) != ERR_OK)
		abort();
	return l;
}

static void
open_all(void)
{
	struct client_row row = {
		.id = strdup("portal"),
		.name = strdup("[{\"language\":\"en\",\"text\":\"Portal\"}]"),
		.grants = words("authorization_code"),
		.redirect_uris = words("http://localhost:9009/cb"),
		.scopes = words("openid profile"),
		.resources = words("https://signer.example"),
		.min_level = 1,
		.max_level = 2,
	};

	if (assurance_policy_read("policies/assurance.json", &assurance) != ERR_OK ||
		claims_policy_read("policies/claims.json", &claims) != ERR_OK || client_of_row(&row, &client) != ERR_OK)
		abort();
}

static void
promise(int kept)
{
	if (!kept)
		abort();
}

static void
kept(const struct authorization *a)
{
	AUTO(writer) parked = writer_new(1 << 20);
	struct authorization_text back;

	promise(a->level >= 1 && a->level <= 2 && a->max_age >= -1 && a->text.code_challenge != NULL);
	promise(!a->prompt_none || (!a->prompt_login && !a->prompt_consent));
	for (size_t i = 0; i < a->scopes.count; i++)
		promise(json_texts_have(&client->row.scopes, json_text_at(&a->scopes, i)));
	promise(authorization_text_write(&a->text, &parked) == ERR_OK);
	promise(json_decode(writer_span(&parked), &authorization_text_table, &back) == ERR_OK);
	promise(back.state == NULL ? a->text.state == NULL : strcmp(back.state, a->text.state) == 0);
	authorization_text_free(&back);
}

static void
request(struct span text)
{
	struct authorization_text t;
	struct authorization a;
	const char *code = NULL;

	if (json_decode(text, &authorization_text_table, &t) != ERR_OK)
		return;
	if (authorization_check(&t, client, &assurance, &claims, false, &a, &code) == ERR_OK)
		kept(&a);
	else
		promise(code != NULL && a.text.client_id == NULL);
	authorization_free(&a);
	authorization_text_free(&t);
}

static void
assertion(struct span text)
{
	static const char *const audiences[] = {"https://id.example", NULL};
	struct assertion a;

	if (json_decode(text, &assertion_table, &a) != ERR_OK)
		return;
	if (assertion_check(&a, "portal", audiences, 1000000) == ERR_OK)
		promise(a.jti != NULL && a.exp > 1000000 - 60 && strcmp(a.iss, "portal") == 0);
	json_free(&assertion_table, &a);
}

static void
address(struct span text)
{
	char *uri = NULL;

	if (span_text(text, &uri) != ERR_OK)
		return;
	if (redirect_acceptable(uri))
		promise(strncmp(uri, "http", 4) == 0 && strpbrk(uri, "#\\@ \r\n") == NULL &&
			strstr(uri, "/..") == NULL);
	free(uri);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (client == NULL)
		open_all();
	if (size > 1 << 16)
		return 0;
	request(span_at(data, size));
	assertion(span_at(data, size));
	address(span_at(data, size));
	return 0;
}
