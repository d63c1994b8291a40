#include "idp/registry/portal.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "idp/client/client.h"
#include "idp/oidc/authorization.h"
#include "idp/registry/registry.h"
#include "jose/jose.h"

static const struct json_row rows[] = {
	{"id", JSON_TEXT, JSON_OPTIONAL, offsetof(struct portal, id), 0, 64, NULL, 0},
	{"name", JSON_RAW, JSON_REQUIRED, offsetof(struct portal, name), 0, 0, NULL, 0},
	{"sector", JSON_TEXT, JSON_REQUIRED, offsetof(struct portal, sector), 0, 63, NULL, 0},
	{"agency", JSON_TEXT, JSON_OPTIONAL, offsetof(struct portal, agency), 0, 64, NULL, 0},
	{"auth_method", JSON_TEXT, JSON_REQUIRED, offsetof(struct portal, auth_method), 0, 32, NULL, 0},
	{"jwks", JSON_RAW, JSON_OPTIONAL, offsetof(struct portal, jwks), 0, 0, NULL, 0},
	{"redirect_uris", JSON_TEXTS, JSON_OPTIONAL, offsetof(struct portal, redirect_uris), 0, 32, NULL, 0},
	{"post_logout_redirect_uris", JSON_TEXTS, JSON_OPTIONAL, offsetof(struct portal, post_logout_redirect_uris), 0,
		32, NULL, 0},
	{"scopes", JSON_TEXTS, JSON_REQUIRED, offsetof(struct portal, scopes), 0, 32, NULL, 0},
	{"grants", JSON_TEXTS, JSON_OPTIONAL, offsetof(struct portal, grants), 0, 8, NULL, 0},
	{"resources", JSON_TEXTS, JSON_OPTIONAL, offsetof(struct portal, resources), 0, 16, NULL, 0},
	{"min_level", JSON_INT, JSON_OPTIONAL, offsetof(struct portal, min_level), 1, 3, NULL, 0},
	{"max_level", JSON_INT, JSON_OPTIONAL, offsetof(struct portal, max_level), 1, 3, NULL, 0},
	{"require_par", JSON_BOOL, JSON_OPTIONAL, offsetof(struct portal, require_par), 0, 0, NULL, 0},
};
const struct json_table portal_table = {"client.add", rows, sizeof(rows) / sizeof(rows[0]), sizeof(struct portal),
	true};

void
portal_free(struct portal *p)
{
	json_free(&portal_table, p);
}

static bool
is_one_of(const char *text, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strcmp(*list, text) == 0)
			return true;
	return false;
}

static bool
is_word(const char *text, const char *characters, size_t max)
{
	const size_t len = strlen(text);

	return len >= 1 && len <= max && strspn(text, characters) == len;
}

enum err
portal_complete(struct portal *p)
{
	const bool service = p->redirect_uris.count == 0;

	if (p->min_level == 0)
		p->min_level = 1;
	if (p->max_level == 0)
		p->max_level = 3;
	if (p->grants.count > 0)
		return ERR_OK;
	return words_split(service ? "client_credentials" : "authorization_code refresh_token", &p->grants);
}

enum err
portal_keys_check(const char *jwks)
{
	struct jwks *keys = NULL;
	size_t count;

	TRY(jwks_parse(span_of(jwks), &keys));
	count = jwks_count(keys);
	jwks_free(&keys);
	REQUIRE_WHY(count > 0, ERR_MALFORMED, "jwks: no key in it that is understood");
	return ERR_OK;
}

static enum err
check_method(const struct portal *p)
{
	static const char *const methods[] = {"none", "client_secret_basic", "private_key_jwt", NULL};

	REQUIRE_WHY(is_one_of(p->auth_method, methods), ERR_MALFORMED,
		"auth_method: none, client_secret_basic or private_key_jwt");
	REQUIRE_WHY((strcmp(p->auth_method, "private_key_jwt") == 0) == (p->jwks != NULL), ERR_MALFORMED,
		"jwks: needed for private_key_jwt, and only there");
	return p->jwks != NULL ? portal_keys_check(p->jwks) : ERR_OK;
}

static enum err
check_addresses(const struct json_list *list, const char *what)
{
	for (size_t i = 0; i < list->count; i++)
		REQUIRE_WHY(redirect_acceptable(json_text_at(list, i)), ERR_MALFORMED,
			"%s: '%s' is not an https address (http on a loopback name only)", what, json_text_at(list, i));
	return ERR_OK;
}

static enum err
check_grants(const struct portal *p)
{
	static const char *const known[] = {"authorization_code", "refresh_token", "client_credentials", NULL};
	const bool code = json_texts_have(&p->grants, "authorization_code"),
		   service = json_texts_have(&p->grants, "client_credentials");

	for (size_t i = 0; i < p->grants.count; i++)
		REQUIRE_WHY(is_one_of(json_text_at(&p->grants, i), known), ERR_MALFORMED, "grants: '%s' is not offered",
			json_text_at(&p->grants, i));
	REQUIRE_WHY(code == (p->redirect_uris.count > 0), ERR_MALFORMED,
		"redirect_uris: needed for authorization_code, and only there");
	REQUIRE_WHY(!service || strcmp(p->auth_method, "none") != 0, ERR_MALFORMED,
		"grants: client_credentials needs a client that authenticates");
	REQUIRE_WHY(!service || p->resources.count > 0, ERR_MALFORMED,
		"resources: client_credentials needs an audience");
	return ERR_OK;
}

static enum err
check_names(const struct portal *p)
{
	struct client_row row = {.name = strdup(p->name)};
	struct client *c = NULL;
	enum err e;

	REQUIRE(row.name != NULL, ERR_NO_MEMORY);
	e = client_of_row(&row, &c);
	client_free(&c);
	REQUIRE_WHY(e == ERR_OK, ERR_MALFORMED, "name: a list of {\"language\", \"text\"} is wanted");
	REQUIRE_WHY(span_is_line(span_of(p->name)) && strstr(p->name, "\\u") == NULL, ERR_MALFORMED,
		"name: each is one line of text, without characters that would mislead its reader");
	return ERR_OK;
}

enum err
portal_check(const struct portal *p)
{
	static const char lower[] = "abcdefghijklmnopqrstuvwxyz0123456789-",
			  any[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

	REQUIRE_WHY(p->id == NULL || is_word(p->id, any, 64), ERR_MALFORMED, "id: 1 to 64 of A-Z a-z 0-9 . _ -");
	REQUIRE_WHY(is_word(p->sector, lower, 63) && p->sector[0] != '-', ERR_MALFORMED,
		"sector: 1 to 63 of a-z 0-9 -");
	REQUIRE_WHY(p->min_level <= p->max_level, ERR_MALFORMED, "min_level is above max_level");
	REQUIRE_WHY(p->scopes.count > 0, ERR_MALFORMED, "scopes: at least one");
	TRY(check_names(p));
	TRY(check_method(p));
	TRY(check_addresses(&p->redirect_uris, "redirect_uris"));
	TRY(check_addresses(&p->post_logout_redirect_uris, "post_logout_redirect_uris"));
	TRY(check_addresses(&p->resources, "resources"));
	return check_grants(p);
}
