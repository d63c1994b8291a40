#include "idp/oidc/client_auth.h"
#include "idp/oidc/endpoints.h"
#include "idp/store/record.h"
#include "idp/store/store.h"

/* RFC 7009 2.1: a refresh or an access token; either ends the family it belongs to, so that nothing of the grant is left. An unknown token is no error (2.2). */
static enum err
revoke(struct idp *d, const struct request *request, const struct client_auth *auth, const char **code)
{
	const char *token = request_form(request, "token");
	const struct sha256 hash = sha256_of(span_of(token));
	const unix_time now = clock_now(&d->clock);
	AUTO(event) event = {0};
	struct uuid_row row;
	enum err e;

	OAUTH_REQUIRE(token != NULL, OAUTH_INVALID_REQUEST, ERR_MALFORMED, "RFC 7009 2.1: token is missing");
	*code = OAUTH_INVALID_CLIENT;
	TRY(client_auth_spend(d, auth));
	TRY(record_make(&event, "token.revoked", LOG_TREE_PRIVATE, now, SPAN(""),
		SPAN("{\"why\":\"the client asked\"}")));
	struct db_param p[3 + EVENT_PARAM_COUNT] = {db_bytes(sha256_span(&hash)), db_text(auth->client->row.id),
		db_time(now)};
	record_params(&event, p + 3);
	e = db_pool_one(d->db, ST_TOKEN_REVOKE, p, &row);
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err
revoke_handler(void *daemon, struct request *request, struct reply *reply)
{
	struct idp *d = daemon;
	AUTO(client_auth) auth = {0};
	const char *code = OAUTH_INVALID_REQUEST;
	enum err e;

	e = client_authenticate(d, request, &auth, &code);
	if (e == ERR_OK)
		e = revoke(d, request, &auth, &code);
	if (e != ERR_OK)
		oauth_refuse(reply, "revoke", e, code, auth.client != NULL ? auth.client->row.id : NULL);
	else
		err_forget();
	return ERR_OK;
}
