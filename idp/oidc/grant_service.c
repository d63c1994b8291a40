#include <string.h>

#include "idp/oidc/authorization.h"
#include "idp/oidc/grant.h"
#include "idp/store/record.h"
#include "idp/store/store.h"

/* The audience: the one asked for (RFC 8707 2.2), or the only one the client has. */
static enum err
resource_of(const struct client *c, const struct request *request, const char **out, const char **code)
{
	const char *asked = request_form(request, "resource");

	OAUTH_REQUIRE(asked != NULL || c->row.resources.count == 1, OAUTH_INVALID_TARGET, ERR_MALFORMED,
		"RFC 8707 2: resource is missing");
	*out = asked != NULL ? asked : json_text_at(&c->row.resources, 0);
	OAUTH_REQUIRE(json_texts_have(&c->row.resources, *out), OAUTH_INVALID_TARGET, ERR_REFUSED,
		"RFC 8707 2: this resource is not open to this client");
	return ERR_OK;
}

/* Scopes asked for, or all that the client has; those of persons make no sense for a service. */
static enum err
scopes_of(const struct idp *d, const struct client *c, const struct request *request, struct json_list *out,
	const char **code)
{
	const char *asked = request_form(request, "scope");
	AUTO(writer) all = writer_new(4096);

	OAUTH_REQUIRE(asked != NULL || words_join(&c->row.scopes, &all) == ERR_OK, OAUTH_INVALID_SCOPE, ERR_MALFORMED,
		"RFC 6749 3.3: scope is not a list");
	OAUTH_REQUIRE(words_split(asked != NULL ? asked : (const char *)writer_span(&all).ptr, out) == ERR_OK &&
			out->count > 0,
		OAUTH_INVALID_SCOPE, ERR_MALFORMED, "RFC 6749 3.3: scope is not a list");
	for (size_t i = 0; i < out->count; i++)
		OAUTH_REQUIRE(json_texts_have(&c->row.scopes, json_text_at(out, i)) &&
				claims_of_scope(d->claims, json_text_at(out, i)) == NULL,
			OAUTH_INVALID_SCOPE, ERR_REFUSED, "RFC 6749 3.3: scope '%s' is not open to this service",
			json_text_at(out, i));
	return ERR_OK;
}

static enum err
store(struct idp *d, const struct client_auth *auth, const struct uuid *family, const struct json_list *scopes,
	const char *resource)
{
	const struct client_row *c = &auth->client->row;
	AUTO(event) event = {0};
	struct uuid_row row;
	enum err e;

	TRY(token_event(d, "token.issued", auth->client, family, NULL, &event));
	struct db_param p[8 + EVENT_PARAM_COUNT] = {db_uuid(family), db_text(c->id), db_text(c->sector),
		db_texts(scopes), db_text(resource), db_time(clock_now(&d->clock)), client_auth_jti(auth),
		client_auth_jti_until(auth)};
	record_params(&event, p + 8);
	e = db_pool_one(d->db, ST_SERVICE_GRANT, p, &row);
	return e == ERR_NOT_FOUND ? err_because(ERR_UNAUTHENTICATED, "RFC 7523 3: the assertion's jti was used before")
				  : e;
}

static enum err
issue(struct idp *d, const struct request *request, struct reply *reply, const struct client_auth *auth,
	struct json_list *scopes, const char **code)
{
	const struct client_row *c = &auth->client->row;
	const struct uuid family = uuid_random();
	AUTO(writer) token = writer_new(MAX_JWS);
	const char *resource;

	TRY(resource_of(auth->client, request, &resource, code));
	TRY(scopes_of(d, auth->client, request, scopes, code));
	*code = OAUTH_INVALID_CLIENT;
	TRY(store(d, auth, &family, scopes, resource));
	const struct access_claims claims = {.sub = c->id,
		.client_id = c->id,
		.audience = resource,
		.agency = c->agency,
		.scopes = scopes};
	TRY(access_token_mint(d, &claims, &token));
	token_reply(reply, (const char *)writer_span(&token).ptr, NULL, NULL, scopes);
	return ERR_OK;
}

/* RFC 6749 4.4: for services that act for themselves; never for public clients. */
static enum err
exchange(struct idp *d, const struct request *request, struct reply *reply, const struct client_auth *auth,
	const char **code)
{
	struct json_list scopes = {0};
	enum err e;

	OAUTH_REQUIRE(strcmp(auth->client->row.auth_method, "none") != 0, OAUTH_UNAUTHORIZED_CLIENT, ERR_REFUSED,
		"RFC 6749 4.4: confidential clients only");
	e = issue(d, request, reply, auth, &scopes, code);
	words_free(&scopes);
	return e;
}

const struct grant grant_service = {"client_credentials", exchange};
