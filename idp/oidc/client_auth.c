#include "idp/oidc/client_auth.h"

#include <string.h>

#include "idp/limit.h"
#include "idp/store/store.h"

static const struct client_method *const methods[] = {&client_method_basic, &client_method_jwt, &client_method_none};

void
client_auth_free(struct client_auth *a)
{
	client_free(&a->client);
}

static enum err
method_of(const struct request *request, const struct client_method **out, const char **code)
{
	static const char *const none[] = {NULL};
	size_t offered = 0;

	OAUTH_REQUIRE(request_query_other(request, none) == NULL, OAUTH_INVALID_REQUEST, ERR_MALFORMED,
		"RFC 6749 2.3.1: parameters belong into the body, not into the address");
	OAUTH_REQUIRE(request_form(request, "client_secret") == NULL, OAUTH_INVALID_REQUEST, ERR_UNSUPPORTED,
		"RFC 6749 2.3.1: a secret in the form is not taken; use HTTP Basic");
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (methods[i]->offered(request)) {
			*out = methods[i];
			offered++;
		}
	OAUTH_REQUIRE(offered <= 1, OAUTH_INVALID_REQUEST, ERR_MALFORMED,
		"RFC 6749 2.3: more than one authentication method");
	OAUTH_REQUIRE(offered == 1, OAUTH_INVALID_CLIENT, ERR_UNAUTHENTICATED,
		"RFC 6749 5.2: no client authentication");
	return ERR_OK;
}

static enum err
authenticate(struct idp *d, const struct request *request, struct client_auth *out, const char **code)
{
	const struct client_method *method = NULL;
	const char *named = request_form(request, "client_id");

	TRY(method_of(request, &method, code));
	*code = OAUTH_INVALID_CLIENT;
	TRY(method->check(d, request, out));
	OAUTH_REQUIRE(strcmp(out->client->row.auth_method, method->name) == 0, OAUTH_INVALID_CLIENT,
		ERR_UNAUTHENTICATED, "%s is not this client's method", method->name);
	OAUTH_REQUIRE(named == NULL || strcmp(named, out->client->row.id) == 0, OAUTH_INVALID_REQUEST, ERR_MALFORMED,
		"client_id is not the one that authenticated");
	return ERR_OK;
}

enum err
client_authenticate(struct idp *d, const struct request *request, struct client_auth *out, const char **code)
{
	enum err e;

	char key[MAX_LIMIT_KEY];

	*out = (struct client_auth){0};
	*code = OAUTH_INVALID_CLIENT;
	TRY(limit_account(d, limit_client(request, key)));
	e = authenticate(d, request, out, code);
	if (e != ERR_OK) {
		limit_client_failed(d, request, e);
		client_auth_free(out);
	}
	return e;
}

struct db_param
client_auth_jti(const struct client_auth *a)
{
	return db_bytes(a->has_jti ? sha256_span(&a->jti) : (struct span){NULL, 0});
}

struct db_param
client_auth_jti_until(const struct client_auth *a)
{
	return db_time(a->has_jti ? a->jti_until : 0);
}

enum err
client_auth_spend(struct idp *d, const struct client_auth *a)
{
	const struct db_param p[] = {db_text(a->client->row.id), client_auth_jti(a), client_auth_jti_until(a)};
	enum err e;

	if (!a->has_jti)
		return ERR_OK;
	e = db_pool_run(d->db, ST_ASSERTION_JTI, p, NULL);
	return e == ERR_EXISTS ? err_because(ERR_UNAUTHENTICATED, "RFC 7523 3: the assertion's jti was used before")
			       : e;
}
